"""What came of a video visit, from the evidence of who came and when."""

from datetime import timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from appointments.errors import IllegalChange
from appointments.models import Appointment
from appointments.services import complete_visit, mark_no_show, open_case
from config.announcing import announce
from config.db import lock
from telehealth.errors import NotNow
from telehealth.models import Consultation, JoinEvidence, Outcome, Side
from telehealth.publish import practice_group, room_group
from telehealth.services import late_by, touch

log = structlog.get_logger()
Event = JoinEvidence.Event


def verdict(appointment: Appointment) -> str:
    """What the evidence says of a visit whose room is closed: `completed`, the side that did not come, or nothing.

    Somebody came who was in the room before it closed; one side waited in vain if it was there when the grace was over.
    """
    evidence = JoinEvidence.objects.filter(consultation=appointment.pk)
    if evidence.filter(event=Event.ADMITTED).exists():
        return "completed"
    came = set(evidence.filter(event=Event.JOINED).values_list("side", flat=True))
    if len(came) != 1:
        return ""
    [present] = came
    return Side(present).other.value if _waited(appointment, present) else ""


def _waited(appointment: Appointment, side: str) -> bool:
    """Whether that side was in the room when the grace was over: it had come, and was not gone for good before."""
    over = appointment.start + settings.NO_SHOW_GRACE
    before = JoinEvidence.objects.filter(consultation=appointment.pk, side=side, at__lte=over)
    last = before.exclude(event=Event.CLOSED).order_by("at", "pk").last()
    return last is not None and last.event not in (Event.LEFT, Event.LOST)


@transaction.atomic
def close_by_evidence(appointment: Appointment) -> str:
    """Give a visit that was left open the end that the evidence shows; what it does not show goes to the admin.

    Answers the verdict. It may run twice, and at the same time: the booking's locks decide.
    """
    found = verdict(appointment)
    try:
        match found:
            case "completed":
                complete_visit(appointment, by=None, code="evidence")
            case "patient" | "doctor":
                mark_no_show(appointment, side=found, by=None, code="evidence")
            case _:
                open_case(appointment)
    except IllegalChange:
        log.info("visit_ended_meanwhile", appointment=str(appointment.pk))
        return ""
    if found:
        outcome = Outcome.COMPLETED if found == "completed" else Outcome.NO_SHOW
        rooms = Consultation.objects.filter(pk=appointment.pk, closed_at=None)
        rooms.update(closed_at=timezone.now(), outcome=outcome)
    log.info("visit_closed_by_evidence", appointment=str(appointment.pk), verdict=found)
    return found


def can_say_doctor_missed(consultation: Consultation) -> bool:
    """Whether the patient's side, which was there when the grace was over, waits for a doctor who never came."""
    visit = consultation.appointment
    grace = settings.NO_SHOW_GRACE + timedelta(minutes=late_by(visit.doctor_id))
    if not consultation.is_open or consultation.admitted_at or timezone.now() < visit.start + grace:
        return False
    doctor_came = JoinEvidence.objects.filter(consultation=visit.pk, side=Side.DOCTOR).exists()
    return not doctor_came and _waited(visit, Side.PATIENT)


@transaction.atomic
def say_doctor_missed(consultation: Consultation, *, by: User) -> None:
    """The doctor did not come: all of the fee goes back, and the doctor may contest it. Raises NotNow."""
    if not can_say_doctor_missed(consultation):
        raise NotNow
    try:
        mark_no_show(consultation.appointment, side="doctor", by=by)
    except IllegalChange:
        raise NotNow from None
    room = lock(Consultation.objects.select_related("appointment"), [consultation.pk])[consultation.pk]
    if room.closed_at is None:
        touch(room, closed_at=timezone.now(), outcome=Outcome.NO_SHOW)
        groups = [room_group(room.pk), practice_group(room.appointment.doctor_id)]
        announce(groups[:1], {"type": "room.closed", "outcome": Outcome.NO_SHOW})
    log.info("doctor_missed", consultation=str(room.pk), by=by.pk)
