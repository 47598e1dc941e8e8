"""What came of a doctor's visits in a stretch of time: counted by the database, whatever the length of the history."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Count, Exists, F, OuterRef, Q

from appointments.models import Appointment, Status
from config.periods import PartOf, Stretch
from doctors.models import Doctor


@dataclass(frozen=True, slots=True)
class VisitFigures:
    """Of visits that were to begin in a stretch of time.

    `missed` are those to which the patient did not come, `not_held` those to which the doctor did not. `open` are those
    of which nobody has said yet what came of them. `patients` were seen, each counted once; `new` of them for the first
    time by this doctor.
    """

    completed: int = 0
    missed: int = 0
    not_held: int = 0
    cancelled: int = 0
    open: int = 0
    patients: int = 0
    new: int = 0

    @property
    def returning(self) -> int:
        return self.patients - self.new

    @property
    def decided(self) -> int:
        """Those of which it is known what came of them."""
        return self.completed + self.missed + self.not_held + self.cancelled

    @property
    def completion(self) -> int | None:
        """Of a hundred that were booked so many took place; None where nothing is known of any."""
        return _percent(self.completed, self.decided)

    @property
    def no_shows(self) -> int | None:
        """Of a hundred patients who were expected so many did not come."""
        return _percent(self.missed, self.completed + self.missed)


def _percent(part: int, whole: int) -> int | None:
    return int((Decimal(100) * part / whole).quantize(Decimal(1), ROUND_HALF_UP)) if whole else None


def visit_figures(doctor: Doctor, stretch: Stretch) -> list[VisitFigures]:
    """One for each part of the stretch, also for parts without visits. One query."""
    visits = Appointment.objects.of_practice(doctor).begun_within(DateTimeTZRange(stretch.begin, stretch.until))
    earlier = Appointment.objects.filter(
        doctor=doctor, patient=OuterRef("patient"), status=Status.COMPLETED, period__lt=OuterRef("period")
    )
    completed, no_show = Q(status=Status.COMPLETED), Q(status=Status.NO_SHOW)
    begun = [Status.PAYMENT_REVIEW, Status.CONFIRMED, Status.IN_PROGRESS]
    rows = (
        visits.order_by()
        .values(part=PartOf(F("period__startswith"), stretch))
        .annotate(
            completed=Count("pk", filter=completed),
            missed=Count("pk", filter=no_show & ~Q(no_show_by="doctor")),
            not_held=Count("pk", filter=no_show & Q(no_show_by="doctor")),
            cancelled=Count("pk", filter=Q(status=Status.CANCELLED)),
            open=Count("pk", filter=Q(status__in=begun)),
            patients=Count("patient", filter=completed, distinct=True),
            new=Count("pk", filter=completed & ~Exists(earlier)),
        )
    )
    found = {row.pop("part"): VisitFigures(**row) for row in rows}
    return [found.get(part, VisitFigures()) for part in range(len(stretch.parts))]
