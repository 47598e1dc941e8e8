"""What the portal keeps."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class CommissionRate(models.Model):
    """What the portal keeps of an earned fee: of one doctor, or of all of a specialty. settings.COMMISSION_PERCENT is
    for everybody else."""

    doctor = models.OneToOneField("doctors.Doctor", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    specialty = models.OneToOneField(
        "specialties.Specialty", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    percent = models.DecimalField(
        _("percent"), max_digits=5, decimal_places=2, validators=[MinValueValidator(0), MaxValueValidator(100)]
    )

    class Meta:
        verbose_name = _("commission rate")
        verbose_name_plural = _("commission rates")
        constraints = [
            models.CheckConstraint(
                condition=Q(doctor__isnull=False, specialty__isnull=True)
                | Q(doctor__isnull=True, specialty__isnull=False),
                name="commission_not_of_both_or_none",
            ),
            models.CheckConstraint(condition=Q(percent__range=(0, 100)), name="commission_not_more_than_all"),
        ]

    def __str__(self) -> str:
        return f"{self.percent} %"
