from celery import shared_task

from patients import services


@shared_task(name="patients.sweep_grants")
def sweep_grants() -> None:
    """Tidy away what doctors were given for a time that is over. Nobody waits for this: it counts no more."""
    services.remove_past_grants()
