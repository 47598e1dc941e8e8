"""What an administrator's decision about a visit means for its money: journals that stand against the earlier ones."""

from decimal import Decimal

from django.db import transaction

from accounts.models import User
from doctors.models import Doctor
from payments.models import Account, Charge, Journal, Refund
from payments.services.earnings import commission_percent, earn_charge
from payments.services.ledger import PAISA, earner_of, post, standing
from payments.services.refunds import request_refund


def _earned(charge: Charge) -> tuple[Decimal, Decimal]:
    """What doctor and portal have of the charge."""
    stands = standing(charge)
    return -stands.get(Account.DOCTOR, Decimal(0)), -stands.get(Account.COMMISSION, Decimal(0))


def _cause(charge: Charge, kind: Journal.Kind) -> str:
    """A decision can be taken back and taken again: each has a cause of its own."""
    return f"{charge.pk.hex}.{Journal.objects.filter(charge=charge, kind=kind).count() + 1}"


@transaction.atomic
def earn_again(charge: Charge, *, doctor: Doctor) -> None:
    """The doctor has the fee after all: what is on deposit is earned, and what went back meanwhile the portal bears.

    Said twice, nothing changes. The caller holds the charge's lock.
    """
    earn_charge(charge, doctor=doctor)
    missed = charge.refunds.filter(reason=Refund.Reason.MISSED).exclude(status=Refund.Status.FAILED)
    gone = sum((refund.amount for refund in missed), Decimal(0))
    borne = min(charge.amount - sum(_earned(charge)), gone)
    if borne <= 0:
        return
    commission = (borne * commission_percent(doctor) / 100).quantize(PAISA)
    kind = Journal.Kind.COMPENSATION
    lines = {Account.BORNE: borne, Account.DOCTOR: commission - borne, Account.COMMISSION: -commission}
    post(kind, charge=charge, cause=_cause(charge, kind), lines=lines, doctor_id=doctor.pk)


@transaction.atomic
def give_all_back(charge: Charge, *, by: User | None) -> None:
    """The doctor has nothing of the fee after all: all that the payer paid goes back, what the portal bore is its own.

    Said twice, nothing changes. The caller holds the charge's lock.
    """
    request_refund(charge, reason=Refund.Reason.MISSED, by=by)
    doctors, portals = _earned(charge)
    borne = standing(charge).get(Account.BORNE, Decimal(0))
    back = min(borne, doctors + portals)
    if back <= 0:
        return
    from_portal = (back * portals / (doctors + portals)).quantize(PAISA)
    kind = Journal.Kind.COMPENSATION_BACK
    lines = {Account.BORNE: -back, Account.DOCTOR: back - from_portal, Account.COMMISSION: from_portal}
    post(kind, charge=charge, cause=_cause(charge, kind), lines=lines, doctor_id=earner_of(charge))
