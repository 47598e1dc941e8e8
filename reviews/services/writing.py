"""What a patient says of a visit, and the doctor to it."""

from dataclasses import asdict, dataclass

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from config.db import lock
from reviews import notices, rules
from reviews.errors import AlreadyReviewed, EditOver, NotReviewable, ReviewChanged
from reviews.models import Report, Review, ReviewEvent, ReviewStatus
from reviews.services.door import close_reports, keep_version, lock_review, move_review

Code = ReviewEvent.Code


@dataclass(frozen=True, slots=True)
class Words:
    """All that an author says. `signed_as` is empty for an anonymous review."""

    stars: int
    listening: int | None = None
    explaining: int | None = None
    punctuality: int | None = None
    text: str = ""
    signed_as: str = ""
    speaks_of_health: bool = False


@transaction.atomic
def post_review(visit: Appointment, words: Words, *, by: User) -> tuple[Review, bool]:
    """Publish the review of a visit that took place, and tell its doctor; whether it is new.

    Said twice, also at once, it is one: the second answers the first. Locks the visit, so that what came of it cannot
    change meanwhile. Raises NotReviewable; AlreadyReviewed where somebody else of the patient's side was faster.
    """
    visit = lock(Appointment.objects.select_related("doctor__user"), [visit.pk])[visit.pk]
    there = Review.objects.filter(appointment=visit).first()
    if there is not None:
        if not rules.is_author(by, there):
            raise AlreadyReviewed
        return there, False
    if not rules.can_review(by, visit):
        raise NotReviewable
    review = Review.objects.create(appointment=visit, doctor=visit.doctor, author=by, **asdict(words))
    ReviewEvent.objects.create(review=review, by=by, new=review.status, code=Code.POSTED)
    notices.received(review)
    return review, True


@transaction.atomic
def edit_review(review: Review, words: Words, *, by: User) -> Review:
    """Write a review anew; what it was is kept. One that its author was asked to change goes to the administrators
    before it is shown again.

    Raises ReviewChanged for one that is hidden or taken back, EditOver after its days.
    """
    review = lock_review(review.pk)
    if not review.is_editable:
        raise EditOver if review.is_shown else ReviewChanged
    keep_version(review)
    status = ReviewStatus.PUBLISHED if review.is_shown else ReviewStatus.CHANGED
    move_review(review, status, Code.EDITED, by=by, edited_at=timezone.now(), **asdict(words))
    return review


@transaction.atomic
def withdraw_review(review: Review, *, by: User) -> Review:
    """Its author takes it back, for good: it is not shown and does not count any more. Said twice, it was once."""
    review = lock_review(review.pk)
    if review.status == ReviewStatus.WITHDRAWN:
        return review
    move_review(review, ReviewStatus.WITHDRAWN, Code.WITHDRAWN, by=by)
    close_reports(review, Report.Outcome.GONE)
    return review


@transaction.atomic
def reply_to_review(review: Review, text: str, *, by: User) -> Review:
    """The doctor's one reply, or what it is to be from now on; its author is told. The same again changes nothing.

    Raises ReviewChanged once the review is not shown any more.
    """
    review = lock_review(review.pk)
    if not rules.can_reply(by, review):
        raise ReviewChanged
    if review.reply == text:
        return review
    is_change = bool(review.reply)
    now = timezone.now()
    if is_change:
        keep_version(review)
        code, changes = Code.REPLY_EDITED, {"reply": text, "reply_edited_at": now}
    else:
        code, changes = Code.REPLIED, {"reply": text, "replied_at": now, "reply_edited_at": None}
    move_review(review, ReviewStatus.PUBLISHED, code, by=by, **changes)
    notices.replied(review, is_change=is_change)
    return review
