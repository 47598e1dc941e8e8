"""Who may review a visit, answer a review, and report one."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment, Status
from patients.rules import acts_for
from reviews.models import Review


def is_reviewable(visit: Appointment) -> bool:
    """It took place, and not too long ago."""
    return visit.status == Status.COMPLETED and timezone.now() < visit.end + timedelta(days=settings.REVIEW_WITHIN_DAYS)


def can_review(user: User, visit: Appointment) -> bool:
    """The patient's side, but not a doctor oneself. Takes the doctor along."""
    return is_reviewable(visit) and visit.doctor.user_id != user.pk and acts_for(user, visit.patient_id)


def is_author(user: User, review: Review) -> bool:
    return review.author_id == user.pk


def can_edit(user: User, review: Review) -> bool:
    return is_author(user, review) and review.is_editable


def can_reply(user: User, review: Review) -> bool:
    """The doctor of the visit, verified and not suspended, as long as it is shown. Takes the doctor along."""
    return review.is_shown and review.doctor.user_id == user.pk and review.doctor.is_public


def can_report(user: User, review: Review) -> bool:
    """Whoever signs in, but not the author."""
    return review.is_shown and not is_author(user, review)
