"""What people are told of reviews: that there is one, and where. Nobody's words, and no reason of a visit."""

from typing import Any

from django.utils import translation

from accounts.models import Kind, User
from accounts.services import notify
from reviews.models import Report, Review


def received(review: Review) -> None:
    """To the doctor. It does not say who wrote: an anonymous author stays so."""
    _tell(review.doctor.user, Kind.REVIEW_RECEIVED, review, path=review.practice_path)


def replied(review: Review, *, is_change: bool) -> None:
    _tell(review.author, Kind.REVIEW_REPLIED, review, path=review.get_absolute_url(), is_change=is_change)


def decided(review: Review, *, action: str) -> None:
    """To both sides, each with the way to the page where the reason stands."""
    _tell(review.author, Kind.REVIEW_DECIDED, review, path=review.get_absolute_url(), action=action, to_doctor=False)
    _tell(review.doctor.user, Kind.REVIEW_DECIDED, review, path=review.practice_path, action=action, to_doctor=True)


def report_decided(review: Review, report: Report) -> None:
    """To whoever reported, unless they are one of the sides, who are told anyway: but of nothing that is taken back."""
    is_told = report.by_id in (review.author_id, review.doctor.user_id) and report.outcome != Report.Outcome.GONE
    if not is_told:
        _tell(report.by, Kind.REPORT_DECIDED, review, outcome=report.outcome)


def _tell(user: User, kind: Kind, review: Review, **further: Any) -> None:
    """Takes the review with its doctor and author along."""
    with translation.override(user.language):
        notify(user, kind, facts={"doctor": review.doctor.full_name} | further)
