"""Lists of appointments: which, whose, and from where on. A page is read from an index, however long the history."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from uuid import UUID

from django.db.models import Q, TextChoices
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from appointments.models import Appointment, AppointmentQuerySet, Status
from appointments.open_times import days_window
from doctors.models import Doctor
from patients.models import Patient

PAGE_SIZE = 20
# So many people of one name are looked for.
MOST_NAMED = 200


class When(TextChoices):
    COMING = "coming", _("Coming")
    PAST = "past", _("Past")
    CANCELLED = "cancelled", _("Cancelled")


class Side(TextChoices):
    """Whose list: of the patients for whom one acts, of one's practice; of both where none is named."""

    BOTH = "", _("Both")
    PATIENT = "patient", _("Patient")
    PRACTICE = "practice", _("Practice")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is asked for. The days are the reader's."""

    when: When = When.COMING
    side: Side = Side.BOTH
    patient: Patient | None = None
    mode: str = ""
    first: date | None = None
    last: date | None = None
    q: str = ""

    @property
    def narrows(self) -> bool:
        return bool(self.mode or self.first or self.last or self.q)


@dataclass(frozen=True, slots=True)
class ListPage:
    """A stretch of a list; `after` is where the next one goes on, None at the end."""

    rows: list[Appointment]
    after: UUID | None


def page_of(user: User, wanted: Wanted, *, after: UUID | None = None) -> ListPage:
    """What follows the appointment `after` in the list, or its beginning."""
    sources = sources_of(user, wanted)
    if after is not None:
        last_seen = Appointment.objects.filter(pk=after).values_list("period", flat=True).first()
        if last_seen is not None:
            sources = [rows.following(last_seen, after, backwards=wanted.when != When.COMING) for rows in sources]
    found: dict[UUID, Appointment] = {}
    for source in sources:
        found |= {row.pk: row for row in source.for_list()[: PAGE_SIZE + 1]}
    in_order = sorted(found.values(), key=lambda row: (row.start, row.end, row.pk), reverse=wanted.when != When.COMING)
    shown = in_order[:PAGE_SIZE]
    return ListPage(shown, shown[-1].pk if len(in_order) > PAGE_SIZE else None)


def sources_of(user: User, wanted: Wanted) -> list[AppointmentQuerySet]:
    """The list in one part, or in two that lie side by side: of the practice and of the patients. Each is ordered.

    One query over both would read all of a doctor's history before it knew which rows come first.
    """
    sources = []
    doctor = Doctor.objects.filter(user=user).first() if wanted.side != Side.PATIENT else None
    if doctor is not None:
        sources.append(narrowed(practice(doctor, wanted), wanted))
    if wanted.side != Side.PRACTICE:
        sources.append(narrowed(family(user, wanted), wanted))
    return sources


def practice(doctor: Doctor, wanted: Wanted) -> AppointmentQuerySet:
    rows = Appointment.objects.of_practice(doctor)
    match wanted.when:
        case When.COMING:
            rows = rows.coming()
        case When.PAST:
            rows = rows.over()
        case When.CANCELLED:
            rows = rows.filter(status=Status.CANCELLED)
    if wanted.q:
        named = Patient.objects.filter(care__doctor=doctor, name__icontains=wanted.q).order_by().distinct()
        rows = rows.filter(patient__in=list(named.values_list("pk", flat=True)[:MOST_NAMED]))
    return rows


def family(user: User, wanted: Wanted) -> AppointmentQuerySet:
    rows = Appointment.objects.held_by(user)
    match wanted.when:
        case When.COMING:
            rows = rows.coming()
        case When.PAST:
            rows = rows.over()
        case When.CANCELLED:
            rows = rows.called_off()
    if wanted.q:
        names = ("doctor__name", "doctor__name_bn", "patient__name")
        rows = rows.filter(Q.create([(f"{name}__icontains", wanted.q) for name in names], connector=Q.OR))
    return rows


def narrowed(rows: AppointmentQuerySet, wanted: Wanted) -> AppointmentQuerySet:
    if wanted.patient is not None:
        rows = rows.filter(patient=wanted.patient)
    if wanted.mode:
        rows = rows.filter(mode=wanted.mode)
    if wanted.first or wanted.last:
        rows = rows.starting(midnight(wanted.first), midnight(wanted.last, days=1))
    order = ("period", "pk") if wanted.when == When.COMING else ("-period", "-pk")
    return rows.order_by(*order)


def midnight(day: date | None, *, days: int = 0) -> datetime | None:
    """When the day begins on the reader's clock, so many days later."""
    return days_window(day + timedelta(days=days), 0).start if day else None


# As a file ------------------------------------------------------------------------------------------------------

COLUMNS = ("id", "date", "from", "until", "patient", "how", "where", "state", "fee", "currency")


def file_rows(doctor: Doctor, wanted: Wanted, zone: tzinfo) -> Iterator[list[str]]:
    """The practice's list as rows for a spreadsheet on the clock of that zone, in the order of COLUMNS; never why
    somebody comes. Read in pieces: its length costs time and no memory."""
    rows = narrowed(practice(doctor, wanted), wanted).select_related("patient", "place").defer("reason", "cancel_words")
    for visit in rows.iterator(chunk_size=1000):
        start, end = visit.start.astimezone(zone), visit.end.astimezone(zone)
        place = visit.place.name if visit.place else ""
        when = (f"{start:%Y-%m-%d}", f"{start:%H:%M}", f"{end:%H:%M}")
        values = (visit.pk, *when, visit.patient, visit.mode, place, visit.status, visit.fee, visit.currency)
        yield [str(value) for value in values]
