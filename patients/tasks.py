from celery import shared_task

from patients import services
from patients.models import FileToRemove

BATCH = 500


@shared_task(name="patients.remove_file")
def remove_file(file_id: int) -> None:
    services.remove_file(file_id)


@shared_task(name="patients.sweep_files")
def sweep_files() -> None:
    """Remove the files that must go and have not: their message was lost, an upload broke off, the storage was away."""
    for file_id in list(FileToRemove.objects.due().values_list("pk", flat=True)[:BATCH]):
        services.remove_file(file_id)


@shared_task(name="patients.sweep_grants")
def sweep_grants() -> None:
    """Tidy away what doctors were given for a time that is over. Nobody waits for this: it counts no more."""
    services.remove_past_grants()
