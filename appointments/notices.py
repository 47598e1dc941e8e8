"""What patients and doctors are told of their appointments. Facts carry names, times and paths, never a reason."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import translation

from accounts.models import Kind, Notification, User
from accounts.services import notify
from appointments.ical import ical
from appointments.models import Appointment, Offer


def confirmed(appointment: Appointment) -> None:
    for user in appointment.patient.people():
        _tell(user, Kind.APPOINTMENT_CONFIRMED, appointment, method="REQUEST")
    _tell(appointment.doctor.user, Kind.APPOINTMENT_BOOKED, appointment, method="REQUEST")


def cancelled(
    appointment: Appointment,
    *,
    by_side: str,
    back: Decimal = Decimal(0),
    doctor_knew: bool = True,
    replaced: bool = False,
) -> None:
    """`doctor_knew` is false for what was never confirmed: then nobody has it in a calendar either. What goes `back` is
    the patient's side's to know, and what the doctor keeps."""
    method = "CANCEL" if doctor_knew else ""
    is_whole = back == appointment.fee
    money = {"back": str(back) if back else "", "is_whole": is_whole, "is_kept": is_paid(appointment) and not is_whole}
    money |= {"currency": appointment.currency, "is_replaced": replaced}
    for user in appointment.patient.people():
        _tell(user, Kind.APPOINTMENT_CANCELLED, appointment, method=method, by=by_side, **money)
    if doctor_knew:
        _tell(appointment.doctor.user, Kind.APPOINTMENT_CANCELLED, appointment, method=method, by=by_side)


def is_paid(appointment: Appointment) -> bool:
    return appointment.charge is not None and appointment.charge.paid_at is not None


def moved(appointment: Appointment, *, was: datetime, by_side: str, offer: Offer | None) -> None:
    """Both sides are told, each with the visit as it is now for their calendars; the patient's side also of its say."""
    facts = {"was": was.isoformat(), "by": by_side}
    say = {"until": offer.until.isoformat()} if offer else {}
    for user in appointment.patient.people():
        _tell(user, Kind.APPOINTMENT_MOVED, appointment, method="REQUEST", **facts, **say)
    _tell(appointment.doctor.user, Kind.APPOINTMENT_MOVED, appointment, method="REQUEST", **facts)


def doctor_away(appointment: Appointment, offer: Offer) -> None:
    for user in appointment.patient.people():
        _tell(user, Kind.DOCTOR_AWAY, appointment, until=offer.until.isoformat(), is_paid=is_paid(appointment))


def stands(appointment: Appointment) -> None:
    for user in appointment.patient.people():
        _tell(user, Kind.APPOINTMENT_STANDS, appointment)


def time_offered(appointment: Appointment) -> None:
    """To the one who waited, as long as the time is held for them."""
    until = appointment.hold_expires_at
    assert until is not None
    with translation.override(appointment.booked_by.language):
        told = facts(appointment) | {"until": until.isoformat()}
    notify(appointment.booked_by, Kind.TIME_OFFERED, facts=told, until=until)


def completed(appointment: Appointment) -> None:
    for user in appointment.patient.people():
        _tell(user, Kind.VISIT_COMPLETED, appointment)


def missed(appointment: Appointment) -> None:
    for user in appointment.patient.people():
        _tell(user, Kind.VISIT_MISSED, appointment, by=appointment.no_show_by)
    if appointment.no_show_by == "doctor":
        _tell(appointment.doctor.user, Kind.VISIT_MISSED, appointment, by="doctor", to_doctor=True)


def follow_up(appointment: Appointment) -> None:
    """Once for a person and a visit, however often it is asked."""
    path = appointment.get_absolute_url()
    for user in appointment.patient.people():
        if not Notification.objects.filter(user=user, kind=Kind.FOLLOW_UP_ASKED, facts__path=path).exists():
            _tell(user, Kind.FOLLOW_UP_ASKED, appointment)


def running_late(appointment: Appointment, *, minutes: int) -> None:
    for user in appointment.patient.people():
        _tell(user, Kind.RUNNING_LATE, appointment, minutes=minutes)


def decided(appointment: Appointment, *, outcome: str) -> None:
    for user in (*appointment.patient.people(), appointment.doctor.user):
        _tell(user, Kind.CASE_DECIDED, appointment, outcome=outcome)


def payment_under_review(appointment: Appointment) -> None:
    _tell(appointment.booked_by, Kind.PAYMENT_UNDER_REVIEW, appointment)


def payment_too_late(appointment: Appointment) -> None:
    _tell(appointment.booked_by, Kind.PAYMENT_TOO_LATE, appointment)


def _tell(user: User, kind: Kind, appointment: Appointment, *, method: str = "", **further: Any) -> None:
    # Names and the calendar file's words are in the language of the one who is told, not of the one who acts.
    with translation.override(user.language):
        notify(
            user,
            kind,
            facts=facts(appointment) | further,
            calendar=ical(appointment, reader=user, method=method) if method else "",
            calendar_method=method,
        )


def facts(appointment: Appointment) -> dict[str, Any]:
    return {
        "doctor": appointment.doctor.full_name,
        "patient": appointment.patient.name,
        "start": appointment.start.isoformat(),
        "mode": appointment.mode,
        "place": f"{appointment.place.name}, {appointment.place.address}" if appointment.place else "",
        "path": appointment.get_absolute_url(),
    }
