"""What a visit's end means for its money."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import User
from appointments.errors import IllegalChange
from appointments.models import Appointment, Status
from appointments.services import begin_visit, complete_visit, mark_no_show
from payments.models import Account, Refund
from payments.services import refund_by_admin
from tests.appointments.visits import confirmed, shifted
from tests.payments.till import balances


@pytest.fixture
def visit(doctor: User, patient: User) -> Appointment:
    """Paid with ৳800, and its time has come."""
    return shifted(confirmed(doctor, patient), timezone.now() - timedelta(minutes=12))


def test_completed_visit_is_earned_once(visit: Appointment, doctor: User) -> None:
    begin_visit(visit, by=doctor)
    assert balances()[Account.DEPOSIT] == -800
    for _ in range(2):
        complete_visit(visit, by=doctor)

    left = balances()
    assert (left[Account.DOCTOR], left[Account.COMMISSION], Account.DEPOSIT in left) == (-720, -80, False)


def test_nothing_came_of_a_visit_whose_time_has_not_come(doctor: User, patient: User) -> None:
    ahead = confirmed(doctor, patient)
    with pytest.raises(IllegalChange):
        complete_visit(ahead, by=doctor)
    for side in ("patient", "doctor"):
        with pytest.raises(IllegalChange):
            mark_no_show(ahead, side=side, by=doctor)
    assert balances()[Account.DEPOSIT] == -800
    ahead.refresh_from_db()
    assert ahead.status == Status.CONFIRMED


def test_fee_of_a_patient_who_stays_away_is_earned(visit: Appointment, doctor: User) -> None:
    mark_no_show(visit, side="patient", by=doctor)

    assert balances()[Account.DOCTOR] == -720
    assert not Refund.objects.exists()


def test_fee_of_a_doctor_who_stays_away_goes_back_whole(visit: Appointment, admin: User) -> None:
    for _ in range(2):
        mark_no_show(visit, side="doctor", by=admin)

    refund = Refund.objects.get()
    assert (refund.amount, refund.reason) == (Decimal(800), Refund.Reason.MISSED)
    assert Account.DOCTOR not in balances()


def test_refund_after_the_visit_leaves_the_visit_done(visit: Appointment, doctor: User, admin: User) -> None:
    complete_visit(visit, by=doctor)
    assert visit.charge
    refund_by_admin(visit.charge, by=admin)

    visit.refresh_from_db()
    left = balances()
    assert visit.status == Status.COMPLETED
    assert (left[Account.REFUNDS_DUE], Account.DOCTOR in left, Account.COMMISSION in left) == (-800, False, False)
