"""A payer's try at a charge: written down, then taken to the gateway."""

from datetime import timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from payments.errors import NotPayable, PaymentAway, PaymentRefused, PaymentUnavailable, TriedTooOften
from payments.gateways import gateway
from payments.gateways.base import Customer, GatewayRefused, GatewayUnclear, SessionRequest
from payments.models import Charge, PaymentAttempt
from payments.services.charges import lock_charge

log = structlog.get_logger()

# What the gateway, the payer's bank and their statement read: never a specialty, a doctor or a reason.
PRODUCT = "Doctor's fee"
# The payer needs a moment at the gateway before there is anything to ask about.
FIRST_ASKED_AFTER = timedelta(seconds=30)


def start_attempt(charge_id: UUID, *, by: User) -> PaymentAttempt:
    """Open a page at the gateway for a charge; the attempt is durable before the gateway hears of it.

    Must not run inside a transaction, for it waits for the gateway. However many are started, one at the most pays the
    charge; what else arrives goes back. Raises NotPayable, TriedTooOften or PaymentAway (nothing was written),
    PaymentRefused (the attempt is FAILED), PaymentUnavailable (it is UNKNOWN, and is asked about until the gateway
    tells).
    """
    if gateway().is_away:
        # An attempt that cannot be sent would count against the few that a charge has.
        raise PaymentAway
    attempt = create_attempt(charge_id)
    log.info("attempt_started", attempt=attempt.pk, by=by.pk)
    try:
        session = gateway().open_session(session_request(attempt))
    except GatewayRefused as refused:
        note(attempt, status=PaymentAttempt.Status.FAILED, failure=str(refused), ask_at=None)
        log.error("session_refused", attempt=attempt.pk, reason=str(refused))
        raise PaymentRefused from None
    except GatewayUnclear as unclear:
        note(attempt, status=PaymentAttempt.Status.UNKNOWN, failure=str(unclear))
        log.warning("session_unclear", attempt=attempt.pk, reason=str(unclear))
        raise PaymentUnavailable from None
    note(attempt, status=PaymentAttempt.Status.OPEN, session_key=session.key, page_url=session.page_url)
    return attempt


@transaction.atomic(durable=True)
def create_attempt(charge_id: UUID) -> PaymentAttempt:
    """Locks the charge, so that none is started at one that is paid or called off meanwhile."""
    charge = lock_charge(charge_id)
    if not charge.can_be_tried:
        raise NotPayable
    if charge.attempts.count() >= PaymentAttempt.MOST:
        raise TriedTooOften
    return PaymentAttempt.objects.create(
        charge=charge,
        amount=charge.amount,
        currency=charge.currency,
        ask_at=timezone.now() + FIRST_ASKED_AFTER,
    )


def note(attempt: PaymentAttempt, **fields: object) -> None:
    """Write down how the session began, unless the attempt's fate is known already: its IPN may be the quicker."""
    untold = PaymentAttempt.objects.filter(pk=attempt.pk, status=PaymentAttempt.Status.CREATED)
    if untold.update(**fields):
        for name, value in fields.items():
            setattr(attempt, name, value)
    else:
        attempt.refresh_from_db()


def session_request(attempt: PaymentAttempt) -> SessionRequest:
    charge: Charge = attempt.charge

    def address(name: str, *args: str) -> str:
        return settings.SITE_ORIGIN + reverse(f"payments:{name}", args=args)

    return SessionRequest(
        tran_id=attempt.tran_id,
        amount=attempt.amount,
        currency=attempt.currency,
        product=PRODUCT,
        customer=Customer(name=charge.payer.name, email=charge.payer.email, phone=charge.payer_phone),
        success_url=address("return", "success"),
        fail_url=address("return", "fail"),
        cancel_url=address("return", "cancel"),
        ipn_url=address("ipn"),
    )
