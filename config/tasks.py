from celery import shared_task

from accounts.models import Erasure
from config import figures, retention
from config.erasure import erase_if_due


@shared_task(name="config.sweep_erasures")
def sweep_erasures() -> None:
    """Erase those whose time to think is over; what is in the way of one is looked at again at the next run."""
    for user_id in list(Erasure.objects.due().values_list("user_id", flat=True)):
        erase_if_due(user_id)


@shared_task(name="config.keep_to_retention")
def keep_to_retention() -> None:
    retention.keep_to_retention()


@shared_task(name="config.refresh_figures")
def refresh_figures() -> None:
    figures.refresh_days()


@shared_task(name="config.recount_figures")
def recount_figures() -> None:
    figures.recount_days()
