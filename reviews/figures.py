"""What a doctor's home tells of reviews."""

from dataclasses import dataclass

from django.db.models import Count, F

from config.periods import PartOf, Stretch
from doctors.models import Doctor
from reviews.models import DoctorRating, Review

TO_ANSWER_SHOWN = 3


@dataclass(frozen=True, slots=True)
class ReviewFigures:
    """The rating as it stands, how many came in each month, and what has no reply: how many, and the newest of them."""

    rating: DoctorRating | None
    months: list[int]
    waiting: int
    to_answer: list[Review]


def review_figures(doctor: Doctor, months: Stretch) -> ReviewFigures:
    """By whole months, which everybody knows of a review: by the week it would tell which visit it was of. Four
    queries."""
    shown = Review.objects.published().filter(doctor=doctor)
    came = shown.filter(posted_at__gte=months.begin, posted_at__lt=months.until).order_by()
    found = dict(came.values_list(PartOf(F("posted_at"), months)).annotate(many=Count("pk")))
    to_answer = Review.objects.to_answer().filter(doctor=doctor)
    return ReviewFigures(
        rating=DoctorRating.objects.filter(doctor=doctor).first(),
        months=[found.get(part, 0) for part in range(len(months.parts))],
        waiting=to_answer.count(),
        to_answer=list(to_answer.for_list().order_by("-posted_at", "-pk")[:TO_ANSWER_SHOWN]),
    )
