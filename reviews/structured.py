"""Reviews as machines read them: schema.org's words, of what the page shows anyway."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from doctors.models import Doctor
from doctors.structured import identity
from reviews.models import Review


def reviews_of(doctor: Doctor, reviews: Iterable[Review]) -> dict[str, Any]:
    """The doctor, with these reviews."""
    return identity(doctor) | {"review": [_review(each) for each in reviews]}


def _review(review: Review) -> dict[str, Any]:
    found = {
        "@type": "Review",
        "author": {"@type": "Person", "name": review.signed_as or _("Anonymous")},
        "datePublished": f"{review.month:%Y-%m}",
        "reviewRating": {"@type": "Rating", "ratingValue": review.stars, "bestRating": 5, "worstRating": 1},
    }
    return found | ({"reviewBody": review.text} if review.text else {})
