"""Reports, and what administrators decide: each time with a reason that both sides read."""

from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import User
from appointments.models import Status
from config.db import constraint_name
from reviews import notices, rules
from reviews.errors import NothingToDecide, NotReportable
from reviews.models import Report, Review, ReviewEvent, ReviewStatus
from reviews.services.door import close_reports, keep_version, lock_review, move_review

log = structlog.get_logger()

Code = ReviewEvent.Code


@transaction.atomic
def report_review(review: Review, *, about: str, reason: str, words: str, by: User) -> bool:
    """Put a review before the administrators; False where this person has done so, and it is not decided.

    It stays as it is until then. Raises NotReportable for what is not shown, and for one's own.
    """
    review = lock_review(review.pk)
    if not rules.can_report(by, review):
        raise NotReportable
    try:
        with transaction.atomic():
            Report.objects.create(review=review, by=by, about=about, reason=reason, words=words)
    except IntegrityError as error:
        if constraint_name(error) != "review_not_reported_twice_by_one":
            raise
        return False
    ReviewEvent.objects.create(review=review, by=by, old=review.status, new=review.status, code=Code.REPORTED)
    log.info("review_reported", review=str(review.pk), reason=reason)
    return True


@transaction.atomic
def hide_review(review: Review, *, note: str, by: User) -> Review:
    """Show it to nobody any more, and count it no more. Raises ReviewChanged where it is hidden or taken back."""
    review = lock_review(review.pk)
    _must_be_other(review, ReviewStatus.HIDDEN)
    return _decide(review, ReviewStatus.HIDDEN, Code.HIDDEN, Report.Outcome.HIDDEN, note=note, by=by)


@transaction.atomic
def restore_review(review: Review, *, note: str, by: User) -> Review:
    """Show it again, or for the first time since its author changed it. Raises ReviewChanged where it is taken back."""
    review = lock_review(review.pk)
    _must_be_other(review, ReviewStatus.PUBLISHED)
    return _decide(review, ReviewStatus.PUBLISHED, Code.RESTORED, Report.Outcome.KEPT, note=note, by=by)


@transaction.atomic
def ask_for_change(review: Review, *, note: str, by: User) -> Review:
    """Take it from the pages until its author has changed it and an administrator has looked at that."""
    review = lock_review(review.pk)
    _must_be_other(review, ReviewStatus.CHANGE_ASKED)
    outcome = Report.Outcome.CHANGE_ASKED
    return _decide(review, ReviewStatus.CHANGE_ASKED, Code.CHANGE_ASKED, outcome, note=note, by=by)


@transaction.atomic
def keep_review(review: Review, *, note: str, by: User) -> Review:
    """Leave what was reported as it is. Raises NothingToDecide where nothing is reported any more."""
    review = lock_review(review.pk)
    if not review.reports.open().exists():
        raise NothingToDecide
    return _decide(review, ReviewStatus(review.status), Code.KEPT, Report.Outcome.KEPT, note=note, by=by)


@transaction.atomic
def remove_reply(review: Review, *, note: str, by: User) -> Review:
    """Take the doctor's reply from the page; it is kept as a version. The doctor may write another one.

    Answers the reports of it alone: what was reported of the review itself waits on.
    """
    review = lock_review(review.pk)
    if not (review.is_shown and review.reply):
        raise NothingToDecide
    keep_version(review)
    review.reply, review.replied_at, review.reply_edited_at = "", None, None
    review.save(update_fields=["reply", "replied_at", "reply_edited_at"])
    return _decide(review, ReviewStatus(review.status), Code.REPLY_REMOVED, Report.Outcome.REPLY_GONE, note=note, by=by)


@transaction.atomic
def take_down_if_not_held(review_id: UUID) -> bool:
    """Hide the review of a visit that, as was decided since, did not take place; False where it did, or is hidden."""
    review = lock_review(review_id)
    if not review.is_shown or review.appointment.status == Status.COMPLETED:
        return False
    with translation.override(review.author.language):
        note = _("It was decided that this visit did not take place.")
    _decide(review, ReviewStatus.HIDDEN, Code.NOT_HELD, Report.Outcome.HIDDEN, note=note, by=None)
    return True


def _must_be_other(review: Review, new: ReviewStatus) -> None:
    if review.status == new:
        raise NothingToDecide


def _decide(
    review: Review, new: ReviewStatus, code: Code, outcome: Report.Outcome, *, note: str, by: User | None
) -> Review:
    """The caller holds the lock."""
    move_review(review, new, code, by=by, note=note, decided_by=by, decided_at=timezone.now())
    close_reports(review, outcome)
    log.info("review_decided", review=str(review.pk), code=code, by=by.pk if by else None)
    notices.decided(review, action=code)
    return review
