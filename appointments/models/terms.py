"""What a doctor asks of a booking: until when it is called off for nothing, what goes back later."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Self

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from doctors.models import Doctor

PAISA = Decimal("0.01")
LONGEST_NOTICE = 14 * 24


@dataclass(frozen=True, slots=True)
class Terms:
    """A cancellation policy as it is copied onto a booking. `percent_after` is what goes back."""

    free_until_hours: int
    percent_after: int
    move_until_hours: int
    pay_at_desk: bool = False

    @classmethod
    def usual(cls) -> Self:
        """Those of a doctor who has set none."""
        return cls(**settings.CANCELLATION_TERMS)

    @classmethod
    def kept(cls, snapshot: dict[str, Any]) -> Self:
        """Those of a booking; what a snapshot does not know is as usual."""
        usual = asdict(cls.usual())
        return cls(**{name: snapshot.get(name, value) for name, value in usual.items()})

    @property
    def snapshot(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def is_free(self) -> bool:
        """Whether all goes back until the visit begins."""
        return self.percent_after == 100 or self.free_until_hours == 0

    def free_until(self, start: datetime) -> datetime:
        """From this instant on a part is kept; the start itself where nothing ever is."""
        return start if self.percent_after == 100 else start - timedelta(hours=self.free_until_hours)

    def move_until(self, start: datetime) -> datetime:
        return start - timedelta(hours=self.move_until_hours)

    def given_back(self, paid: Decimal, *, start: datetime, now: datetime) -> Decimal:
        """What goes back of `paid` when the patient calls the visit off, to the paisa (half a paisa up)."""
        if now < self.free_until(start):
            return paid
        return (paid * self.percent_after / 100).quantize(PAISA, ROUND_HALF_UP)


class CancellationPolicy(models.Model):
    """A doctor's own terms; who has no row has the portal's (settings.CANCELLATION_TERMS)."""

    doctor = models.OneToOneField(
        Doctor, on_delete=models.CASCADE, primary_key=True, related_name="cancellation_policy"
    )
    free_until_hours = models.PositiveSmallIntegerField(
        _("cancelled free of charge until (hours before)"), validators=[MaxValueValidator(LONGEST_NOTICE)]
    )
    percent_after = models.PositiveSmallIntegerField(
        _("given back after that (percent)"), validators=[MaxValueValidator(100)]
    )
    move_until_hours = models.PositiveSmallIntegerField(
        _("moved by the patient until (hours before)"), validators=[MaxValueValidator(LONGEST_NOTICE)]
    )

    pay_at_desk = models.BooleanField(_("visits at the chamber may be paid there"), default=False)

    class Meta:
        verbose_name = _("cancellation policy")
        verbose_name_plural = _("cancellation policies")
        constraints = [
            models.CheckConstraint(condition=Q(percent_after__range=(0, 100)), name="given_back_not_more_than_all"),
            models.CheckConstraint(
                condition=Q(free_until_hours__range=(0, LONGEST_NOTICE), move_until_hours__range=(0, LONGEST_NOTICE)),
                name="terms_not_beyond_a_fortnight",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.free_until_hours} h, {self.percent_after} %"

    @property
    def terms(self) -> Terms:
        return Terms(self.free_until_hours, self.percent_after, self.move_until_hours, self.pay_at_desk)
