"""How many went which step on the way to a doctor: two numbers a day, of nobody in particular."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Step(models.TextChoices):
    SEARCH = "search", _("Searches")
    PROFILE = "profile", _("Doctors looked at")


class DailySteps(models.Model):
    """How often a step was gone on a day of the portal's clock; doctors/steps.py counts."""

    day = models.DateField()
    step = models.CharField(max_length=10, choices=Step)
    count = models.PositiveBigIntegerField()

    class Meta:
        verbose_name = _("steps of a day")
        verbose_name_plural = _("steps of days")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["day", "step"], name="steps_of_a_day_not_twice"),
            models.CheckConstraint(condition=models.Q(step__in=Step.values), name="step_not_unknown"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.step}"
