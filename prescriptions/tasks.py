from uuid import UUID

from celery import shared_task

from config.queue import send_on_commit
from prescriptions import services
from prescriptions.models import Import, Order

BATCH = 500


@shared_task(name="prescriptions.run_import")
def run_import(import_id: str) -> None:
    """Write some of the file, and ask for the next run while there is more."""
    if services.run_import(UUID(import_id)):
        send_on_commit(run_import, import_id)


@shared_task(name="prescriptions.sweep_imports")
def sweep_imports() -> None:
    """Go on with imports whose worker died or whose message was lost."""
    for key in Import.objects.unfinished().values_list("pk", flat=True):
        services.run_import(key)


@shared_task(name="prescriptions.sweep_orders")
def sweep_orders() -> None:
    """Close the orders whose time is over, each in a transaction of its own."""
    for order_id in list(Order.objects.overdue().values_list("pk", flat=True)[:BATCH]):
        services.end_overdue(order_id)
