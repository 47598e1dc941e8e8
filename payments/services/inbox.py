"""Messages of the gateway: kept as they come, dealt with one by one, believed in nothing."""

from collections.abc import Mapping
from datetime import timedelta
from itertools import islice

import structlog
from django.db import transaction
from django.utils import timezone

from config.queue import send_on_commit
from payments.gateways import gateway
from payments.gateways.base import GatewayRefused, GatewayUnclear, NotSigned, OtherStore, Outcome
from payments.models import GatewayMessage, PaymentAttempt
from payments.services.reconciliation import ask_about
from payments.services.settlement import OtherPayment, settle_by_validation

log = structlog.get_logger()

MOST_FIELDS, LONGEST_NAME, LONGEST_VALUE = 80, 60, 1000
SHORTEST_WAIT, LONGEST_WAIT = timedelta(seconds=15), timedelta(hours=1)
# Some six hours in all; the reconciler goes on asking about the attempt after that.
MOST_TRIES = 14

Verdict = GatewayMessage.Verdict


@transaction.atomic
def receive_message(source: GatewayMessage.Source, fields: Mapping[str, str]) -> GatewayMessage:
    """Keep a message as it came, cut to what a real one can be; it is dealt with once this is durable.

    Every copy is kept: that a payment settles once is settle()'s promise.
    """
    from payments.tasks import process_message

    kept = {
        storable(name, LONGEST_NAME): storable(value, LONGEST_VALUE)
        for name, value in islice(fields.items(), MOST_FIELDS)
        if name != "store_passwd"
    }
    tran_id = kept.get("tran_id", "")[:LONGEST_NAME]
    message = GatewayMessage.objects.create(source=source, tran_id=tran_id, fields=kept)
    send_on_commit(process_message, message.pk)
    return message


def storable(text: str, longest: int) -> str:
    """PostgreSQL keeps no NUL and no half of a surrogate pair."""
    return text[:longest].replace("\x00", "\ufffd").encode(errors="replace").decode()


def process_message(message_id: int) -> None:
    """Find out from the gateway what a message is about, and act on that; may run twice, and at the same time.

    While the gateway gives no clear answer the message stays NEW and is due again later, in the end it is set ASIDE.
    Must not run inside a transaction.
    """
    message = claim_message(message_id)
    if message is None:
        return
    try:
        verdict = judge(message)
    except GatewayUnclear as unclear:
        log.warning("message_unclear", message=message.pk, tries=message.attempts, reason=str(unclear))
        return
    dealt_with = verdict in {Verdict.SETTLED, Verdict.ASKED}
    status = GatewayMessage.Status.DONE if dealt_with else GatewayMessage.Status.REFUSED
    new = GatewayMessage.objects.filter(pk=message.pk, status=GatewayMessage.Status.NEW)
    if new.update(status=status, verdict=verdict) and not dealt_with:
        log.error("message_refused", message=message.pk, source=message.source, verdict=verdict)


def judge(message: GatewayMessage) -> GatewayMessage.Verdict:
    """Act on a message. Only that there is something to ask, and the val_id to ask with, are taken from it.

    A failure that it tells of is asked about like anything else: a forged one ends nothing. Raises GatewayUnclear.
    """
    try:
        claimed = gateway().read_message(message.fields)
    except NotSigned:
        return Verdict.NOT_SIGNED
    except OtherStore:
        return Verdict.OTHER_STORE
    attempt = PaymentAttempt.objects.filter(tran_id=claimed.tran_id).first()
    if attempt is None:
        return Verdict.UNKNOWN_ATTEMPT
    if (claimed.amount, claimed.currency) != (attempt.amount, attempt.currency):
        return Verdict.OTHER_AMOUNT
    if claimed.outcome is not Outcome.PAID or not claimed.val_id:
        if attempt.val_id is None:
            ask_about(attempt)
        return Verdict.ASKED
    try:
        settle_by_validation(attempt, claimed.val_id)
    except GatewayRefused:
        return Verdict.NOT_VALID
    except OtherPayment:
        return Verdict.OTHER_PAYMENT
    return Verdict.SETTLED


@transaction.atomic(durable=True)
def claim_message(message_id: int) -> GatewayMessage | None:
    """The message if it is due, with its next turn put off first: a worker that dies on it does not keep it, and one
    that kills every worker is set aside."""
    due = GatewayMessage.objects.due().select_for_update(skip_locked=True, no_key=True)
    message = due.filter(pk=message_id).first()
    if message is None:
        return None
    if message.attempts >= MOST_TRIES:
        message.status, message.verdict = GatewayMessage.Status.ASIDE, Verdict.TOO_OFTEN
        message.save(update_fields=["status", "verdict"])
        log.error("message_set_aside", message=message.pk, source=message.source)
        return None
    message.due_at = timezone.now() + min(SHORTEST_WAIT * 2**message.attempts, LONGEST_WAIT)
    message.attempts += 1
    message.save(update_fields=["attempts", "due_at"])
    return message
