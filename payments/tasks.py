"""Each takes ids, fetches again and calls one service that may run twice. The sweepers find what no message told of."""

import time
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from celery import shared_task

from config.queue import send_on_commit
from payments import services
from payments.models import Difference, Dispute, DueDocument, GatewayList, GatewayMessage, PaymentAttempt, Refund

BATCH = 100
# A sweep begins nothing after so many seconds: with a gateway that hangs, the next one must find a free worker.
SWEEP_SECONDS = 8.0


@shared_task(name="payments.process_message")
def process_message(message_id: int) -> None:
    services.process_message(message_id)


@shared_task(name="payments.sweep_messages")
def sweep_messages() -> None:
    """Deal with the messages whose turn it is: theirs was lost, or the gateway gave no clear answer."""
    each_in_time(services.process_message, GatewayMessage.objects.due().values_list("pk", flat=True)[:BATCH])


@shared_task(name="payments.reconcile_attempt")
def reconcile_attempt(attempt_id: int) -> None:
    """Ask about one attempt because its payer waits."""
    services.reconcile_attempt(attempt_id, prompted=True)


@shared_task(name="payments.reconcile_attempts")
def reconcile_attempts() -> None:
    """Ask about the attempts whose turn it is."""
    each_in_time(services.reconcile_attempt, PaymentAttempt.objects.to_ask_about().values_list("pk", flat=True)[:BATCH])


@shared_task(name="payments.send_refund")
def send_refund(refund_id: str) -> None:
    services.send_refund(refund_id)


@shared_task(name="payments.sweep_refunds")
def sweep_refunds() -> None:
    """Send the refunds whose turn it is, or ask how far they are."""
    each_in_time(services.send_refund, Refund.objects.due().values_list("pk", flat=True)[:BATCH])


@shared_task(name="payments.issue_document")
def issue_document(due_id: int) -> None:
    services.issue_document(due_id)


@shared_task(name="payments.sweep_documents")
def sweep_documents() -> None:
    """Issue the documents whose message was lost, in the order in which they were owed."""
    each_in_time(services.issue_document, DueDocument.objects.order_by("pk").values_list("pk", flat=True)[:BATCH])


@shared_task(name="payments.compare_list")
def compare_list(list_id: str) -> None:
    """Compare some of the list, and ask for the next run while there is more; then see what it has cleared up."""
    if services.compare_list(UUID(list_id)):
        send_on_commit(compare_list, list_id)
    else:
        services.recheck_differences()


@shared_task(name="payments.sweep_lists")
def sweep_lists() -> None:
    """Go on with lists whose worker died or whose message was lost."""
    for key in GatewayList.objects.unfinished().values_list("pk", flat=True):
        services.compare_list(key)


@shared_task(name="payments.sweep_differences")
def sweep_differences() -> None:
    """Ask about what a list has and the ledger has not, and clear what agrees by now."""
    each_in_time(services.ask_about_difference, Difference.objects.to_ask_about().values_list("pk", flat=True)[:BATCH])
    services.recheck_differences(seconds=SWEEP_SECONDS)


@shared_task(name="payments.sweep_disputes")
def sweep_disputes() -> None:
    """Hand the complaints that were not answered in time to the administrators."""
    each_in_time(services.end_silence, Dispute.objects.overdue().values_list("pk", flat=True)[:BATCH])


def each_in_time(service: Callable[[Any], None], pks: Iterable[Any]) -> None:
    """Call the service for each key, which claims its row and leaves one that another worker holds to that worker."""
    end = time.monotonic() + SWEEP_SECONDS
    for pk in pks:
        if time.monotonic() > end:
            return
        service(pk)
