"""What payments know of a payer: whether money is still on its way, and the phone number, which goes."""

from accounts.models import User
from payments.models import Charge, Refund


def is_money_open(user: User) -> bool:
    """A payment that is looked at, or a refund that has not arrived."""
    charges = Charge.objects.filter(payer=user)
    refunds = Refund.objects.filter(charge__payer=user, status__in=Refund.UNDECIDED)
    return charges.filter(status=Charge.Status.REVIEW).exists() or refunds.exists()


def blank_payer(user: User) -> None:
    """The books must be kept; they name nobody after this."""
    Charge.objects.filter(payer=user).exclude(payer_phone="").update(payer_phone="")
