from uuid import UUID

from celery import shared_task

from config.queue import send_on_commit
from prescriptions import services
from prescriptions.models import Import


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
