"""What payments know of a person: whether money is still on its way, and what goes: numbers, and words."""

from django.db.models import Q

from accounts.models import User
from payments.models import Charge, Dispute, Payout, PayoutAccount, Refund


def is_money_open(user: User) -> bool:
    """A payment that is looked at, a refund that has not arrived, a payout under way, or a complaint of either side."""
    charges = Charge.objects.filter(payer=user)
    refunds = Refund.objects.filter(charge__payer=user, status__in=Refund.UNDECIDED)
    payouts = Payout.objects.filter(doctor__user=user, status=Payout.Status.DUE)
    disputes = Dispute.objects.open().filter(Q(charge__payer=user) | Q(doctor__user=user))
    reviewed = charges.filter(status=Charge.Status.REVIEW)
    return any(rows.exists() for rows in (reviewed, refunds, payouts, disputes))


def blank_payer(user: User) -> None:
    """The books must be kept; they name nobody after this."""
    Charge.objects.filter(payer=user).exclude(payer_phone="").update(payer_phone="")
    # What stood in it is gone; that something was said stays.
    Dispute.objects.filter(charge__payer=user).update(words="–")
    Dispute.objects.filter(doctor__user=user).exclude(answer="").update(answer="–")
    PayoutAccount.objects.filter(doctor__user=user).delete()
    Payout.objects.filter(doctor__user=user).update(holder="", sealed_number="", branch="")
