"""The one door by which a review changes."""

from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.models import User
from reviews import notices
from reviews.errors import ReviewChanged
from reviews.models import REVIEW_TRANSITIONS, Report, ReportSubject, Review, ReviewEvent, ReviewStatus, ReviewVersion

Code = ReviewEvent.Code


def lock_review(pk: UUID) -> Review:
    """The review as it is now, locked until the transaction ends. After its visit, and before its doctor's rating."""
    rows = Review.objects.select_related("doctor__user", "author", "appointment")
    return rows.select_for_update(no_key=True, of=("self",)).get(pk=pk)


def move_review(review: Review, new: ReviewStatus, code: Code, *, by: User | None, **changes: Any) -> None:
    """Write a change and its step down; the same state again is none. The caller holds the lock.

    Raises ReviewChanged where the table has no such way.
    """
    old = ReviewStatus(review.status)
    if new != old and new not in REVIEW_TRANSITIONS[old]:
        raise ReviewChanged
    for name, value in ({"status": new} | changes).items():
        setattr(review, name, value)
    review.save(update_fields=["status", *changes])
    ReviewEvent.objects.create(review=review, by=by, old=old, new=new, code=code)


def close_reports(review: Review, outcome: Report.Outcome) -> None:
    """Answer what is open, and tell whoever reported. The caller holds the lock."""
    reports = review.reports.open().select_related("by")
    if outcome == Report.Outcome.REPLY_GONE:
        reports = reports.filter(about=ReportSubject.REPLY)
    for report in reports:
        report.closed_at, report.outcome = timezone.now(), outcome
        report.save(update_fields=["closed_at", "outcome"])
        notices.report_decided(review, report)


def keep_version(review: Review) -> None:
    """Before its words are changed: as they were."""
    names = ("stars", "listening", "explaining", "punctuality", "text", "signed_as", "reply")
    ReviewVersion.objects.create(review=review, **{name: getattr(review, name) for name in names})
