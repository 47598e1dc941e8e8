from celery import shared_task

from accounts import services, sessions
from accounts.models import Delivery

BATCH = 200


@shared_task(name="accounts.deliver")
def deliver(delivery_id: int) -> None:
    services.deliver(delivery_id)


@shared_task(name="accounts.deliver_all")
def deliver_all(delivery_ids: list[int]) -> None:
    for delivery_id in delivery_ids:
        services.deliver(delivery_id)


@shared_task(name="accounts.sweep_deliveries")
def sweep_deliveries() -> None:
    """Send what is due and was not sent: its message was lost, or an earlier try failed."""
    for delivery_id in Delivery.objects.due().values_list("pk", flat=True)[:BATCH]:
        services.deliver(delivery_id)


@shared_task(name="accounts.clear_sessions")
def clear_sessions() -> None:
    sessions.clear_sessions()
