"""What reviews know of a person, gone when the person is erased: the stars stay, nameless and without a word.

A doctor's rating would otherwise be another one than patients gave. What was written may tell who wrote it, and the
reply what it was about: both go, with every earlier version and what was reported in words.
"""

from collections.abc import Iterable

from django.db.models import Q

from accounts.models import User
from patients.models import Patient
from reviews.models import Report, Review, ReviewEvent, ReviewVersion


def blank_reviews(user: User, patients: Iterable[Patient]) -> None:
    """The user's own, and those of visits of the patients who end with them, whoever wrote them."""
    own = Review.objects.filter(Q(author=user) | Q(appointment__patient__in=list(patients)))
    keys = list(own.values_list("pk", flat=True))
    ReviewVersion.objects.filter(review__in=keys).delete()
    reviews = Review.objects.filter(pk__in=keys)
    reviews.update(text="", signed_as="", reply="", replied_at=None, reply_edited_at=None)
    # That there was a reason stays, for what is hidden is not hidden without one; what it said may quote.
    reviews.exclude(note="").update(note="…")
    ReviewEvent.objects.bulk_create(
        [
            ReviewEvent(review_id=key, by=None, old=status, new=status, code=ReviewEvent.Code.ERASED)
            for key, status in reviews.values_list("pk", "status")
        ]
    )
    Report.objects.filter(Q(by=user) | Q(review__in=keys)).update(words="")
