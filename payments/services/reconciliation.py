"""Asking the gateway about what it has not told."""

from collections.abc import Collection
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from payments.gateways import gateway
from payments.gateways.base import GatewayRefused, GatewayUnclear, Outcome
from payments.models import PaymentAttempt
from payments.services.settlement import OtherPayment, settle_by_validation

log = structlog.get_logger()

# How long an attempt without a fate is asked about, and how often: after half its age, within these bounds.
ASKED_FOR = timedelta(days=3)
SHORTEST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)
# A page at the gateway may be used for so long; until then "not tried" says nothing.
SESSION_LIFE = timedelta(hours=1)
# An attempt that ended without money is looked at again at these ages: the payer may have tried once more.
LAST_LOOKS = (timedelta(hours=2), timedelta(hours=24))
# For the administrator who looks at an attempt that the gateway's books call paid and its validation does not prove.
UNPROVEN = "Paid by the gateway's books, but its validation does not match what was asked for."
# Between two questions about one attempt, however many pages wait for the answer.
PAUSE = timedelta(seconds=3)


def reconcile_attempt(attempt_id: int, *, prompted: bool = False) -> None:
    """Ask the gateway what became of an attempt, and write down what it says; may run twice, and at the same time.

    Does nothing before the attempt's next turn or, when `prompted` by a payer who waits, within PAUSE of the last
    question. Without a clear answer all stays as it is until the next turn. Must not run inside a transaction.
    """
    attempt = claim_attempt(attempt_id, prompted=prompted)
    if attempt is None:
        return
    try:
        ask_about(attempt)
    except GatewayUnclear as unclear:
        log.warning("query_unclear", attempt=attempt.pk, reason=str(unclear))


def ask_about(attempt: PaymentAttempt) -> None:
    """Settle the attempt with every payment that the gateway has under its tran_id, or else note how it ended.

    What the books call paid and the validation does not prove is not settled, and is an administrator's to look at.

    Must not run inside a transaction. Raises GatewayUnclear, as long as nothing certain could be learnt.
    """
    found = gateway().find(attempt.tran_id)
    if not found and attempt.session_key:
        # A session that nobody has tried to pay may be known by its key alone.
        found = gateway().find_session(attempt.session_key, tran_id=attempt.tran_id)
    val_ids = {each.val_id for each in found if each.outcome is Outcome.PAID and each.val_id}
    for val_id in sorted(val_ids):
        try:
            settle_by_validation(attempt, val_id)
        except (GatewayRefused, OtherPayment) as error:
            log.error("found_but_not_settled", attempt=attempt.pk, error=type(error).__name__)
            PaymentAttempt.objects.undecided().filter(pk=attempt.pk).update(failure=UNPROVEN)
    close_attempt(attempt, {each.outcome for each in found})


def can_be_asked_about(attempt: PaymentAttempt) -> bool:
    """Whether a waiting payer's page is worth a question now."""
    return attempt.asked_at is None or attempt.asked_at <= timezone.now() - PAUSE


@transaction.atomic(durable=True)
def claim_attempt(attempt_id: int, *, prompted: bool) -> PaymentAttempt | None:
    """The attempt if it may be asked about, with its next turn put off first: a worker that dies does not keep it."""
    now = timezone.now()
    turn = Q(asked_at__isnull=True) | Q(asked_at__lte=now - PAUSE) if prompted else Q(ask_at__lte=now)
    free = PaymentAttempt.objects.select_for_update(skip_locked=True, no_key=True)
    attempt = free.filter(turn, pk=attempt_id, val_id__isnull=True).first()
    if attempt:
        attempt.asked_at = now
        attempt.ask_at = next_turn(attempt.status, attempt.created_at)
        attempt.save(update_fields=["asked_at", "ask_at"])
    return attempt


def next_turn(status: str, created_at: datetime) -> datetime | None:
    """When to ask next about an attempt of this status without money; None for never again."""
    now = timezone.now()
    if status in PaymentAttempt.UNDECIDED:
        return now + min(max((now - created_at) / 2, SHORTEST_WAIT), LONGEST_WAIT)
    return next((created_at + age for age in LAST_LOOKS if created_at + age > now), None)


def close_attempt(attempt: PaymentAttempt, outcomes: Collection[Outcome]) -> None:
    """Note how an attempt ended without money, if it did. Money that comes all the same still settles it."""
    status = fate(outcomes, age=timezone.now() - attempt.created_at)
    if status:
        undecided = PaymentAttempt.objects.undecided().filter(pk=attempt.pk)
        undecided.update(status=status, ask_at=next_turn(status, attempt.created_at))


def fate(outcomes: Collection[Outcome], *, age: timedelta) -> PaymentAttempt.Status | None:
    """What an attempt without money has become, of all that the gateway says of it; None while it may yet be paid."""
    open_still = {Outcome.PENDING, Outcome.PAID} | ({Outcome.UNTRIED} if age < SESSION_LIFE else set())
    if not open_still.isdisjoint(outcomes):
        return None if age < ASKED_FOR else PaymentAttempt.Status.EXPIRED
    if Outcome.FAILED in outcomes:
        return PaymentAttempt.Status.FAILED
    if Outcome.CANCELLED in outcomes:
        return PaymentAttempt.Status.CANCELLED
    if outcomes or age >= ASKED_FOR:
        return PaymentAttempt.Status.EXPIRED
    return None
