"""What came of a visit, where nobody said or the sides do not agree: asked, and decided by an administrator."""

import structlog
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from appointments import notices, rules
from appointments.errors import CaseDecided, NotContestable
from appointments.models import Appointment, Case, Status
from appointments.services.door import change_status, lock_booking
from payments.models import Charge
from payments.services import earn_again, give_all_back, void_charge

log = structlog.get_logger()

Outcome = Case.Outcome


@transaction.atomic
def open_case(appointment: Appointment) -> Case | None:
    """Put a visit that was left open into the administrators' queue, once; None where it got its end meanwhile."""
    _charge, appointment = lock_booking(appointment)
    if not rules.is_left_open(appointment):
        return None
    case, is_new = Case.objects.get_or_create(
        appointment=appointment, status=Case.Status.OPEN, defaults={"kind": Case.Kind.LEFT_OPEN}
    )
    if is_new:
        log.warning("visit_left_open", appointment=str(appointment.pk))
    return case


@transaction.atomic
def contest_visit(appointment: Appointment, *, side: str, words: str, by: User) -> Case:
    """Say that it was otherwise: an administrator looks, and the money waits where it is until then.

    Once a side. Raises NotContestable for whom it is not, twice, too late, or while another question is open.
    """
    _charge, appointment = lock_booking(appointment)
    if not rules.may_contest(appointment, side=side):
        raise NotContestable
    case = Case.objects.create(appointment=appointment, kind=Case.Kind.CONTEST, side=side, words=words)
    log.warning("visit_contested", appointment=str(appointment.pk), case=str(case.pk), by=by.pk)
    return case


@transaction.atomic
def decide_case(case: Case, *, outcome: Outcome, by: User) -> Case:
    """Write down what came of the visit; the money follows by journals of its own, and both sides are told.

    Decided so already, nothing changes. Raises CaseDecided when it was decided otherwise. Locks the booking's rows,
    then the case.
    """
    charge, appointment = lock_booking(case.appointment)
    case = Case.objects.select_for_update(no_key=True, of=("self",)).get(pk=case.pk)
    if case.status != Case.Status.OPEN:
        if case.outcome == outcome:
            return case
        raise CaseDecided
    _bring_about(appointment, outcome, by=by)
    if charge is not None:
        _move_money(charge, appointment, by=by)
    case.status, case.outcome, case.by, case.closed_at = Case.Status.DECIDED, outcome, by, timezone.now()
    case.save(update_fields=["status", "outcome", "by", "closed_at"])
    notices.decided(appointment, outcome=outcome)
    log.info("case_decided", case=str(case.pk), outcome=outcome, by=by.pk)
    return case


def _bring_about(appointment: Appointment, outcome: Outcome, *, by: User) -> None:
    """Lead the booking to its end; between two kinds of a missed visit the way is by the one that took place."""
    missed_by = "" if outcome == Outcome.COMPLETED else outcome.value
    goal = Status.NO_SHOW if missed_by else Status.COMPLETED
    if (appointment.status, appointment.no_show_by) == (goal, missed_by):
        return
    if appointment.status == goal == Status.NO_SHOW:
        change_status(appointment, Status.COMPLETED, by=by, code="corrected", no_show_by="")
    change_status(appointment, goal, by=by, code="decided", no_show_by=missed_by)


def _move_money(charge: Charge, appointment: Appointment, *, by: User) -> None:
    """The fee is the doctor's, or the patient's; what was never paid is not owed for a visit that was missed."""
    if charge.status == Charge.Status.OPEN:
        if appointment.status == Status.NO_SHOW:
            void_charge(charge)
    elif appointment.no_show_by == "doctor":
        give_all_back(charge, by=by)
    else:
        earn_again(charge, doctor=appointment.doctor)


def settle_cases(appointment: Appointment) -> None:
    """The visit got its end: what was asked about it while it was open is no question any more.

    The caller holds the locks.
    """
    left = Case.objects.open().filter(appointment=appointment, kind=Case.Kind.LEFT_OPEN)
    left.update(status=Case.Status.SETTLED, closed_at=timezone.now())
