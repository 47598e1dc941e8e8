"""What payments know of a person: whether money is still on its way, and what goes: phone and account numbers."""

from accounts.models import User
from payments.models import Charge, Payout, PayoutAccount, Refund


def is_money_open(user: User) -> bool:
    """A payment that is looked at, a refund that has not arrived, or a payout that is under way."""
    charges = Charge.objects.filter(payer=user)
    refunds = Refund.objects.filter(charge__payer=user, status__in=Refund.UNDECIDED)
    payouts = Payout.objects.filter(doctor__user=user, status=Payout.Status.DUE)
    return charges.filter(status=Charge.Status.REVIEW).exists() or refunds.exists() or payouts.exists()


def blank_payer(user: User) -> None:
    """The books must be kept; they name nobody after this."""
    Charge.objects.filter(payer=user).exclude(payer_phone="").update(payer_phone="")
    PayoutAccount.objects.filter(doctor__user=user).delete()
    Payout.objects.filter(doctor__user=user).update(holder="", sealed_number="", branch="")
