"""Who may pay what, and complain about what, and when."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from payments.models import Charge, Dispute, Journal


def can_pay(user: User, charge: Charge) -> bool:
    return charge.payer_id == user.pk and charge.can_be_tried


def can_dispute(user: User, charge: Charge) -> bool:
    """Who paid it, once, until so many days after what was bought was done."""
    if charge.payer_id != user.pk or charge.status != Charge.Status.PAID:
        return False
    if charge.disputes.exclude(status=Dispute.Status.WITHDRAWN).exists():
        return False
    since = timezone.now() - timedelta(days=settings.DISPUTE_WITHIN_DAYS)
    return not charge.journals.filter(kind=Journal.Kind.EARNING, at__lt=since).exists()
