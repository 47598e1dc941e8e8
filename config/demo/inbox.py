"""What the demo's own people were told in the past year, and whether they read it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import Channel, Delivery, Kind, Notification, User
from appointments.models import Appointment, Status
from appointments.notices import facts
from payments.models import Document, DocumentKind
from prescriptions.models import SignedPrescription

# What came in the last days is unread in part, and nothing that is older.
FRESH = timedelta(days=3)
# What the demo's own services told lies so far back at the most.
SPREAD = timedelta(days=12)
HOUR = timedelta(hours=1)
HELD = (Status.CONFIRMED, Status.COMPLETED, Status.NO_SHOW, Status.CANCELLED)

type Told = tuple[datetime, Kind, dict[str, Any]]


def write_inboxes(random: Random, patient: User, doctor: User) -> int:
    """As they would have been told by what is written down of their visits, receipts and prescriptions; how much."""
    now = timezone.now()
    _put_back(random, [patient, doctor], now)
    rows: list[Notification] = []
    for user, year in ((patient, _of_the_patient(patient)), (doctor, _of_the_doctor(doctor))):
        with translation.override(user.language):
            for at, kind, words in year:
                if at >= now:
                    continue
                read = at + timedelta(minutes=random.randint(2, 900))
                is_unread = now - at < FRESH and random.random() < 0.6
                row = Notification(user=user, kind=kind, facts=words, created_at=at)
                row.read_at = None if is_unread or read >= now else read
                rows.append(row)
    rows.sort(key=lambda row: row.created_at)
    told = Notification.objects.bulk_create(rows)
    Delivery.objects.bulk_create(
        Delivery(
            notification=row,
            channel=Channel.EMAIL,
            status=Delivery.Status.SENT,
            attempts=1,
            due_at=row.created_at,
            sent_at=row.created_at + timedelta(seconds=2),
        )
        for row in told
    )
    return len(told)


def _put_back(random: Random, users: list[User], now: datetime) -> None:
    """What the services told while the demo was loaded, as if it had been told in these days: in its order."""
    for user in users:
        told = list(user.notifications.order_by("pk"))
        days = [now - SPREAD * (len(told) - place) / (len(told) + 1) for place in range(len(told))]
        times = [min(day.replace(hour=random.randint(3, 14), minute=random.randrange(60)), now) for day in days]
        for row, at in zip(told, sorted(times), strict=True):
            row.created_at = at
            if now - at > FRESH:
                row.read_at = at + timedelta(minutes=random.randint(2, 900))
        Notification.objects.bulk_update(told, ["created_at", "read_at"])


def _of_the_patient(user: User) -> Iterator[Told]:
    for visit in _visits(Appointment.objects.held_by(user)):
        words = facts(visit)
        yield visit.created_at + timedelta(minutes=6), Kind.APPOINTMENT_CONFIRMED, words
        if visit.status == Status.CANCELLED:
            back = {"by": "patient", "back": str(visit.fee), "is_whole": True, "currency": visit.currency}
            yield visit.created_at + 2 * HOUR, Kind.APPOINTMENT_CANCELLED, words | back
            continue
        for lead, before in (("day", 24 * HOUR), ("hour", HOUR)):
            if visit.created_at < visit.start - before:
                yield visit.start - before, Kind.VISIT_REMINDER, words | {"lead": lead, "visits": [words]}
        if visit.status == Status.COMPLETED:
            yield visit.end, Kind.VISIT_COMPLETED, words
        elif visit.status == Status.NO_SHOW:
            yield visit.end, Kind.VISIT_MISSED, words | {"by": visit.no_show_by}
    for paper in Document.objects.filter(charge__payer=user, kind=DocumentKind.RECEIPT).select_related("charge"):
        words = {"number": paper.number, "amount": str(paper.amount), "currency": paper.currency}
        yield paper.issued_at, Kind.RECEIPT_ISSUED, words | {"path": paper.get_absolute_url()}
    signed = SignedPrescription.objects.filter(patient__user=user).select_related("doctor", "patient")
    for prescription in signed:
        words = {"doctor": prescription.doctor.full_name, "patient": prescription.patient.name}
        path = reverse("prescriptions:signed", args=[prescription.prescription_id])
        yield prescription.signed_at, Kind.PRESCRIPTION_READY, words | {"path": path}


def _of_the_doctor(user: User) -> Iterator[Told]:
    for visit in _visits(Appointment.objects.filter(doctor__user=user)):
        yield visit.created_at + timedelta(minutes=6), Kind.APPOINTMENT_BOOKED, facts(visit)
        if visit.status == Status.CANCELLED:
            yield visit.created_at + 2 * HOUR, Kind.APPOINTMENT_CANCELLED, facts(visit) | {"by": "patient"}


def _visits(rows: Any) -> Any:
    return rows.filter(status__in=HELD).select_related("doctor", "patient", "place").order_by("created_at")
