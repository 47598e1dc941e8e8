"""What was bought is done: the payer's deposit becomes the doctor's, less the portal's commission."""

from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import transaction

from doctors.models import Doctor
from payments.models import Charge, CommissionRate, Journal
from payments.services.ledger import PAISA, deposit, earning, post_all


@transaction.atomic
def earn_charge(charge: Charge, *, doctor: Doctor, at: datetime | None = None) -> None:
    """Turn what is still on deposit into earned money, once for a charge; nothing where nothing is.

    The commission is as its rate is today, rounded to the paisa by half to even. The caller holds the charge's lock.
    """
    if Journal.objects.filter(kind=Journal.Kind.EARNING, charge=charge).exists():
        return
    amount = deposit(charge)
    if amount:
        commission = (amount * commission_percent(doctor) / 100).quantize(PAISA)
        post_all([earning(charge, doctor_id=doctor.pk, amount=amount, commission=commission, at=at)])


def commission_percent(doctor: Doctor) -> Decimal:
    """The doctor's own rate, else that of the first of the doctor's specialties that has one, else the portal's."""
    own = CommissionRate.objects.filter(doctor=doctor).values_list("percent", flat=True).first()
    if own is not None:
        return own
    place = ("specialty__doctor_specialties__position", "specialty__doctor_specialties__pk")
    of_specialties = CommissionRate.objects.filter(specialty__doctor_specialties__doctor=doctor).order_by(*place)
    first = of_specialties.values_list("percent", flat=True).first()
    return settings.COMMISSION_PERCENT if first is None else first
