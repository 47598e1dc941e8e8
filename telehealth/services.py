"""The room: entering, letting in, writing, closing. What the sockets hear of it is sent once it is committed.

Locks: where the appointment changes, appointments' own come first (Charge, doctor, patient, Appointment), then the
consultation's row. Everything else locks the consultation's row alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import structlog
from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from accounts.devices import BROWSERS, found, is_handheld
from accounts.models import User
from appointments import notices
from appointments.errors import IllegalChange
from appointments.models import Appointment
from appointments.services import begin_visit, complete_visit, mark_no_show
from config.announcing import announce
from config.db import lock
from telehealth import consent, rules
from telehealth.errors import NoConsent, NoSeat, NotNow, NotOpen
from telehealth.models import (
    GONE_AFTER,
    PRESENT_FOR,
    ChatMessage,
    ConsentGiven,
    Consultation,
    Desk,
    Device,
    JoinEvidence,
    Outcome,
    Presence,
    QualitySample,
    Side,
)
from telehealth.publish import practice_group, room_group

log = structlog.get_logger()
Event = JoinEvidence.Event


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who comes in, and on what: a tab (`device`), a page in it (`session`), a socket (`connection`)."""

    user: User
    side: Side
    device: UUID
    session: UUID
    connection: UUID
    user_agent: str = ""

    @property
    def device_class(self) -> Device:
        return Device.PHONE if is_handheld(self.user_agent) else Device.COMPUTER

    @property
    def browser(self) -> str:
        return found(BROWSERS, self.user_agent)

    @property
    def on(self) -> dict[str, Any]:
        return {"device_class": self.device_class, "browser": self.browser}


def room_of(appointment: Appointment) -> Consultation:
    """The room of a video visit, made when somebody first comes; twice at one moment, it is the same room."""
    consultation, _made = Consultation.objects.get_or_create(appointment=appointment)
    consultation.appointment = appointment
    return consultation


def find_room(appointment: Appointment) -> Consultation:
    """The room to look at: where nobody has come yet, one that is not kept."""
    consultation = Consultation.objects.filter(appointment=appointment).first() or Consultation(appointment=appointment)
    consultation.appointment = appointment
    return consultation


def touch(consultation: Consultation, **changes: Any) -> None:
    """Something that the room's state shows has changed: count it, and tell the sockets once it is committed."""
    Consultation.objects.filter(pk=consultation.pk).update(version=F("version") + 1, **changes)
    groups = [room_group(consultation.pk), practice_group(consultation.appointment.doctor_id)]
    announce(groups, {"type": "room.changed", "room": str(consultation.pk)})


def locked(consultation: Consultation) -> Consultation:
    """The room as it is now, its row locked. Raises NotOpen where nobody may be in it."""
    rows = Consultation.objects.select_related("appointment__doctor", "appointment__patient")
    room = lock(rows, [consultation.pk])[consultation.pk]
    if not room.is_open:
        raise NotOpen
    return room


def write_evidence(room: Consultation, event: Event, *, user: User | int, side: str, **on: Any) -> None:
    who = user if isinstance(user, int) else user.pk
    JoinEvidence.objects.create(consultation=room, event=event, user_id=who, side=side, **on)


# Consent ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def give_consent(consultation: Consultation, *, by: User) -> None:
    """Write down, once, that the user agreed to the text as it stands, which the form has made sure of."""
    now = consent.VERSION
    _given, is_new = ConsentGiven.objects.get_or_create(consultation=consultation, user=by, version=now)
    if is_new:
        touch(consultation)


def has_consented(consultation: Consultation, user: User) -> bool:
    return ConsentGiven.objects.filter(consultation=consultation, user=user, version=consent.VERSION).exists()


# Coming and going ------------------------------------------------------------------------------------------------


@transaction.atomic
def enter(consultation: Consultation, arrival: Arrival, *, take_over: bool = False) -> bool:
    """Take the seat of one's side; False if another device has it and it was not asked to be taken over.

    A device that comes back has its seat at once, and so has whoever finds a seat that was not heard of for a while.
    The device that had it before is told, and closed. Raises NotOpen, and NoConsent on the patient's side.
    """
    if arrival.side == Side.PATIENT and not has_consented(consultation, arrival.user):
        raise NoConsent
    room = locked(consultation)
    seat = Presence.objects.filter(consultation=room, side=arrival.side).first()
    if seat is None:
        _sit(room, Presence(consultation=room, side=arrival.side), arrival)
        return True
    is_same = (seat.user_id, seat.device) == (arrival.user.pk, arrival.device)
    if seat.connection == arrival.connection and is_same and seat.session == arrival.session:
        return True
    if seat.is_present and not is_same and not take_over:
        return False
    if seat.is_connected:
        write_evidence(
            room,
            Event.TAKEN_OVER if seat.is_present and not is_same else Event.LOST,
            user=seat.user_id,
            side=seat.side,
            connection=seat.connection,
            device_class=seat.device_class,
            browser=seat.browser,
            grade=seat.grade,
            seen_at=seat.seen_at,
        )
        announce([room_group(room.pk)], {"type": "seat.taken", "connection": str(seat.connection)})
    _sit(room, seat, arrival)
    return True


def _sit(room: Consultation, seat: Presence, arrival: Arrival) -> None:
    if seat.session != arrival.session:
        # A new page begins with everything on; what it finds out it says itself.
        seat.mic, seat.camera, seat.screen, seat.audio_only = True, True, False, False
    seat.user, seat.device, seat.session = arrival.user, arrival.device, arrival.session
    seat.connection, seat.seen_at, seat.is_connected = arrival.connection, timezone.now(), True
    seat.device_class, seat.browser = arrival.device_class, arrival.browser
    seat.save()
    on = arrival.on | {"connection": arrival.connection, "grade": seat.grade}
    write_evidence(room, Event.JOINED, user=arrival.user, side=arrival.side, **on)
    touch(room)


def seat_of(consultation_id: UUID, connection: UUID) -> Presence:
    """The seat that this socket has. Raises NoSeat where another device has it."""
    seat = Presence.objects.filter(consultation=consultation_id, connection=connection, is_connected=True).first()
    if seat is None:
        raise NoSeat
    return seat


@transaction.atomic
def leave(consultation: Consultation, connection: UUID, *, lost: bool = False) -> None:
    """This socket is gone, of its own will or not; the seat stays, empty. Without a seat nothing changes."""
    seats = Presence.objects.filter(consultation=consultation, connection=connection, is_connected=True)
    seat = seats.select_for_update(no_key=True).first()
    if seat is None:
        return
    seat.is_connected = False
    seat.save(update_fields=["is_connected"])
    write_evidence(
        consultation,
        Event.LOST if lost else Event.LEFT,
        user=seat.user_id,
        side=seat.side,
        connection=connection,
        device_class=seat.device_class,
        browser=seat.browser,
        grade=seat.grade,
        seen_at=seat.seen_at,
    )
    touch(consultation)


def clear_silent_seats(*, at_most: int) -> None:
    """Write down who left without a word, as with a process that was killed: nobody else would, and the evidence would
    say that they stayed. A socket that lives closes itself before (telehealth/consumers.py)."""
    silent = Presence.objects.filter(is_connected=True, seen_at__lt=timezone.now() - GONE_AFTER)
    for seat in silent.select_related("consultation__appointment").order_by("seen_at")[:at_most]:
        leave(seat.consultation, seat.connection, lost=True)


def beat(consultation: Consultation, connection: UUID, side: Side) -> tuple[int, bool]:
    """Note that this socket lives; returns the room's version, and whether the other side is there.

    Who was silent for a while is present again, and that is said.
    """
    now = timezone.now()
    seats = Presence.objects.filter(consultation=consultation, connection=connection, is_connected=True)
    silent = seats.exclude(seen_at__gt=now - PRESENT_FOR).exists()
    seats.update(seen_at=now)
    if silent:
        with transaction.atomic():
            touch(consultation)
    other = Presence.objects.present().filter(consultation=OuterRef("pk"), side=side.other)
    rows = Consultation.objects.filter(pk=consultation.pk).annotate(with_peer=Exists(other))
    return rows.values_list("version", "with_peer").get()


# In the room -----------------------------------------------------------------------------------------------------


def set_media(consultation: Consultation, connection: UUID, **media: bool) -> Presence:
    """What this side sends now: microphone, camera, screen, sound alone. Raises NoSeat."""
    with transaction.atomic():
        seat = seat_of(consultation.pk, connection)
        Presence.objects.filter(pk=seat.pk).update(**media)
        Consultation.objects.filter(pk=consultation.pk).update(version=F("version") + 1)
        announce([room_group(consultation.pk)], {"type": "room.media", "side": seat.side, "media": media})
    return seat


@transaction.atomic
def set_grade(consultation: Consultation, connection: UUID, grade: str) -> None:
    """How good this side's connection is, by its own test; the doctor's queue shows it. Raises NoSeat."""
    seat = seat_of(consultation.pk, connection)
    if seat.grade != grade:
        Presence.objects.filter(pk=seat.pk).update(grade=grade)
        touch(consultation)


@transaction.atomic
def keep_quality(consultation: Consultation, connection: UUID, **figures: Any) -> None:
    """One more sample of how the call goes. Raises NoSeat."""
    seat = seat_of(consultation.pk, connection)
    QualitySample.objects.create(consultation=consultation, side=seat.side, **figures)
    if seat.grade != figures["grade"]:
        Presence.objects.filter(pk=seat.pk).update(grade=figures["grade"])
        touch(consultation)


@transaction.atomic
def write_message(
    consultation: Consultation, *, text: str, client_id: UUID | None = None, by: User, side: Side
) -> ChatMessage:
    """Keep what was written, and show it to both once it is kept; sent again under the same id, it is the same message.

    Raises NotOpen.
    """
    room = locked(consultation)
    message, is_new = ChatMessage.objects.get_or_create(
        consultation=room, sender=by, client_id=client_id or uuid4(), defaults={"text": text, "side": side}
    )
    if is_new:
        Consultation.objects.filter(pk=room.pk).update(version=F("version") + 1)
    announce([room_group(room.pk)], {"type": "room.chat", "message": str(message.pk)})
    return message


@transaction.atomic
def note_receipt(consultation: Consultation, *, upto: UUID, status: str, side: Side) -> None:
    """All that the other side wrote, up to this message, has arrived here, or was read; said again, nothing changes."""
    now = timezone.now()
    theirs = ChatMessage.objects.filter(consultation=consultation, side=side.other, pk__lte=upto)
    changed = theirs.filter(delivered_at=None).update(delivered_at=now)
    if status == "read":
        changed += theirs.filter(read_at=None).update(read_at=now)
    if changed:
        Consultation.objects.filter(pk=consultation.pk).update(version=F("version") + 1)
        message = {"type": "room.receipt", "side": side, "upto": str(upto), "status": status}
        announce([room_group(consultation.pk)], message)


# The doctor's word -----------------------------------------------------------------------------------------------


@transaction.atomic
def admit(consultation: Consultation, *, by: User) -> None:
    """Let the patient in: the visit has begun. Admitted already, nothing changes.

    Raises NotOpen, and NotNow when nobody of the patient's side is there.
    """
    _begin_or_refuse(consultation, by=by)
    room = locked(consultation)
    if room.admitted_at is not None:
        return
    seat = Presence.objects.present().filter(consultation=room, side=Side.PATIENT).first()
    if seat is None:
        raise NotNow
    on = {"connection": seat.connection, "device_class": seat.device_class, "browser": seat.browser}
    write_evidence(room, Event.ADMITTED, user=seat.user_id, side=Side.PATIENT, grade=seat.grade, **on)
    now = timezone.now()
    touch(room, admitted_at=now)
    # The doctor is no longer late for who is with the doctor, and the others see it by the queue.
    Desk.objects.filter(pk=room.appointment.doctor_id, late_minutes__gt=0).update(late_minutes=0)
    tell_waiting(room.appointment.doctor_id)
    log.info("patient_admitted", consultation=str(room.pk), by=by.pk)


def _begin_or_refuse(consultation: Consultation, *, by: User) -> None:
    if not consultation.is_open:
        raise NotOpen
    try:
        begin_visit(consultation.appointment, by=by)
    except IllegalChange:
        raise NotNow from None


@transaction.atomic
def close(consultation: Consultation, *, outcome: Outcome, by: User) -> None:
    """End the visit: done, or the patient did not come. Everybody in the room is told; closed already, it stays.

    Raises NotNow where the outcome does not fit what happened.
    """
    match outcome:
        case Outcome.COMPLETED if rules.can_complete(consultation):
            service: Callable[..., Appointment] = complete_visit
        case Outcome.NO_SHOW if rules.can_say_no_show(consultation):
            service = _patient_missed
        case _:
            raise NotNow
    try:
        service(consultation.appointment, by=by)
    except IllegalChange:
        raise NotNow from None
    rows = Consultation.objects.select_related("appointment")
    room = lock(rows, [consultation.pk])[consultation.pk]
    if room.closed_at is not None:
        return
    if outcome == Outcome.NO_SHOW and room.admitted_at is not None:
        raise NotNow
    write_evidence(room, Event.CLOSED, user=by, side=Side.DOCTOR)
    touch(room, closed_at=timezone.now(), outcome=outcome)
    announce([room_group(room.pk)], {"type": "room.closed", "outcome": outcome})
    tell_waiting(room.appointment.doctor_id)
    log.info("consultation_closed", consultation=str(room.pk), outcome=outcome, by=by.pk)


def _patient_missed(appointment: Appointment, *, by: User) -> Appointment:
    return mark_no_show(appointment, side="patient", by=by)


@transaction.atomic
def say_late(doctor_id: int, *, minutes: int) -> None:
    """Tell those who wait in their rooms that the doctor comes so much later, and all others who are booked today, at
    the chamber too; 0 takes it back. Said again, nobody is told again."""
    now = timezone.now()
    if minutes and minutes != late_by(doctor_id):
        for visit in Appointment.objects.still_today(doctor_id).select_related("doctor", "patient", "place"):
            notices.running_late(visit, minutes=minutes)
    Desk.objects.update_or_create(doctor_id=doctor_id, defaults={"late_minutes": minutes, "late_said_at": now})
    tell_waiting(doctor_id)


def late_by(doctor_id: int) -> int:
    """The minutes that the doctor said, as long as that counts."""
    desk = Desk.objects.filter(doctor=doctor_id).first()
    return desk.late_by if desk else 0


@transaction.atomic
def note_desk(doctor_id: int, *, here: bool) -> None:
    """The doctor's queue is open, or was closed; those who wait are told when that changes."""
    desk, _made = Desk.objects.get_or_create(doctor_id=doctor_id)
    was_here = desk.is_here
    desk.seen_at = timezone.now() if here else None
    desk.save(update_fields=["seen_at"])
    if was_here != here:
        tell_waiting(doctor_id)


def tell_waiting(doctor_id: int) -> None:
    """The doctor's open rooms may look different now, and so may the queue. None of their rows is written or locked."""
    rooms = Consultation.objects.open().of_doctor(doctor_id).filter(presences__is_connected=True).distinct()
    groups = [room_group(pk) for pk in rooms.values_list("pk", flat=True)]
    announce([*groups, practice_group(doctor_id)], {"type": "room.changed", "room": ""})
