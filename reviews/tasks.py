from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from appointments.models import Case
from reviews import services
from reviews.models import Review
from reviews.services.asking import BATCH

# Decisions that are further back were followed by an earlier run.
FOLLOWED_WITHIN = timedelta(days=7)


@shared_task(name="reviews.sweep_requests")
def sweep_requests() -> None:
    """Ask about the visits that ended two hours ago, a batch at a time."""
    while services.ask_for_reviews() == BATCH:
        pass


@shared_task(name="reviews.sweep_decided")
def sweep_decided() -> None:
    """Take down reviews of visits that, as an administrator decided, did not take place."""
    decided = Case.objects.filter(status=Case.Status.DECIDED, closed_at__gt=timezone.now() - FOLLOWED_WITHIN)
    missed = decided.exclude(outcome=Case.Outcome.COMPLETED).values("appointment")
    for review_id in list(Review.objects.published().filter(appointment__in=missed).values_list("pk", flat=True)):
        services.take_down_if_not_held(review_id)
