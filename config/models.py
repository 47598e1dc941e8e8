"""The figures of each day, which administrators look at: what the rooms count, brought together (config/figures.py)."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Name(models.TextChoices):
    """What a figure counts. docs/figures.md says on which date each counts, and from which rows."""

    # Visits by their outcome, and by the key of their doctor's first specialty.
    VISITS = "visits", _("Visits")
    SPECIALTY = "specialty", _("Visits by specialty")
    # The way to a booking: results and doctors' pages opened, times held, and those of them that were booked.
    FUNNEL = "funnel", _("From search to booking")
    OFFERED = "offered", _("Times offered")
    CALLS = "calls", _("Calls")
    # In the portal's currency: online, cash, fee, back.
    MONEY = "money", _("Money")
    # Of a whole month, on its first day: doctors and patients who had a visit.
    ACTIVE = "active", _("Active in the month")


class CountedDay(models.Model):
    """A day of the portal's clock of which there are figures, and when they were counted last."""

    day = models.DateField(primary_key=True)
    counted_at = models.DateTimeField()

    class Meta:
        verbose_name = _("counted day")
        verbose_name_plural = _("counted days")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.day)


class DailyFigure(models.Model):
    """A figure of a day; `of` says of what, where there is more than one. What would be zero has no row."""

    day = models.DateField()
    name = models.CharField(max_length=12, choices=Name)
    of = models.CharField(max_length=20, blank=True)
    value = models.DecimalField(max_digits=16, decimal_places=2)

    class Meta:
        verbose_name = _("figure of a day")
        verbose_name_plural = _("figures of days")
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["day", "name", "of"], name="figure_not_twice_a_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.name} {self.of}".strip()
