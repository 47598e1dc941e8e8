"""What a room looks like from one side, out of the rows alone: for a page, and as the `state` of a socket."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.models import User
from telehealth.models import ChatMessage, Consultation, Desk, Presence, RoomStatus, Side
from telehealth.services import has_consented

CHAT = 200


@dataclass(frozen=True, slots=True)
class Waiting:
    """What somebody who waits is told: `away`, `here`, `busy` or `late`, and their place among those who wait."""

    doctor: str
    late_minutes: int
    place: int


def waiting_for(consultation: Consultation) -> Waiting:
    """Where the doctor is, and how many who came for an earlier time are let in before. No names, no reasons."""
    doctor_id = consultation.appointment.doctor_id
    desk = Desk.objects.filter(doctor=doctor_id).first() or Desk()
    seats = Presence.objects.present().filter(consultation__in=Consultation.objects.open().of_doctor(doctor_id))
    others = seats.exclude(consultation=consultation.pk)
    is_with_another = others.filter(side=Side.DOCTOR, consultation__admitted_at__isnull=False).exists()
    is_in_this = seats.filter(consultation=consultation.pk, side=Side.DOCTOR).exists()
    before = others.filter(
        side=Side.PATIENT,
        consultation__admitted_at=None,
        consultation__appointment__period__startswith__lt=consultation.appointment.start,
    ).count()
    if is_in_this:
        doctor = "here"
    elif is_with_another:
        doctor = "busy"
    elif desk.late_by:
        doctor = "late"
    else:
        doctor = "here" if desk.is_here else "away"
    return Waiting(doctor, desk.late_by, before + 1)


def chat_of(consultation: Consultation) -> list[ChatMessage]:
    """The last that was written, oldest first."""
    return list(ChatMessage.objects.filter(consultation=consultation).order_by("-pk")[:CHAT])[::-1]


def as_chat(message: ChatMessage) -> dict[str, Any]:
    return {
        "id": str(message.pk),
        "client_id": str(message.client_id),
        "side": message.side,
        "text": message.text,
        "at": message.at.isoformat(),
        "status": message.status,
    }


def state(consultation: Consultation, *, user: User, side: Side, connection: UUID) -> dict[str, Any]:
    """The whole truth about the room for this socket; docs/telehealth.md has the form."""
    seats = {seat.side: seat for seat in Presence.objects.filter(consultation=consultation)}
    own, peer = seats.get(side), seats.get(side.other)
    seat = _seat(own, connection)
    appointment = consultation.appointment
    status = consultation.status
    waiting = waiting_for(consultation) if side == Side.PATIENT and status == RoomStatus.WAITING else None
    return {
        "type": "state",
        "version": consultation.version,
        "now": timezone.now().isoformat(),
        "room": {
            "status": status,
            "opens_at": consultation.opens_at.isoformat(),
            "starts_at": appointment.start.isoformat(),
            "ends_at": appointment.end.isoformat(),
            "closes_at": consultation.closes_at.isoformat(),
            "admitted_at": consultation.admitted_at.isoformat() if consultation.admitted_at else None,
            "outcome": consultation.outcome or None,
        },
        "you": {
            "side": side,
            "polite": side == Side.PATIENT,
            "seat": seat,
            # Nobody of the patient's side has a seat without.
            "consented": side == Side.DOCTOR or seat == "held" or has_consented(consultation, user),
        },
        "peer": _peer(consultation, peer) if peer else None,
        "waiting": {"doctor": waiting.doctor, "late_minutes": waiting.late_minutes, "place": waiting.place}
        if waiting
        else None,
        "chat": [as_chat(message) for message in chat_of(consultation)],
    }


def _seat(seat: Presence | None, connection: UUID) -> str:
    if seat is None or not (seat.is_present or seat.connection == connection):
        return "none"
    return "held" if seat.connection == connection and seat.is_connected else "taken"


def _peer(consultation: Consultation, seat: Presence) -> dict[str, Any]:
    appointment = consultation.appointment
    return {
        "side": seat.side,
        "name": appointment.doctor.full_name if seat.side == Side.DOCTOR else appointment.patient.name,
        "present": seat.is_present,
        "session": str(seat.session),
        "device": seat.device_class,
        "grade": seat.grade or None,
        "media": {name: getattr(seat, name) for name in ("mic", "camera", "screen", "audio_only")},
    }


def queue(doctor_id: int) -> list[dict[str, Any]]:
    """Who is or was in an open room of this doctor, first booked first."""
    rooms = Consultation.objects.open().of_doctor(doctor_id).for_queue()
    return [row for room in rooms if (row := _queue_row(room))]


def _queue_row(room: Consultation) -> dict[str, Any] | None:
    seat = room.waiting
    if seat is None:
        return None
    return {
        "id": str(room.pk),
        "patient": room.appointment.patient.name,
        "starts_at": room.appointment.start.isoformat(),
        "since": seat.since.isoformat(),
        "present": seat.is_present,
        "grade": seat.grade or None,
        "status": room.status,
    }
