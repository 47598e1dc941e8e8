"""Who may pay what, and when."""

from accounts.models import User
from payments.models import Charge


def can_pay(user: User, charge: Charge) -> bool:
    return charge.payer_id == user.pk and charge.can_be_tried
