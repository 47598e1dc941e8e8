"""Counting the ratings anew, from the reviews: what the trigger keeps, and what it must come to."""

from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce

from doctors.models import Doctor, DoctorListing
from reviews.models import PARTS, DoctorRating, Review
from reviews.models.ratings import SPREAD

COLUMNS = (*SPREAD, *(f"{part}_{kind}" for part in PARTS for kind in ("sum", "count")))


def counted(doctor_id: int) -> dict[str, int]:
    """What the shown reviews of a doctor come to, by the columns of DoctorRating: one query."""
    spread: dict[str, Any] = {name: Count("pk", filter=Q(stars=stars)) for stars, name in enumerate(SPREAD, start=1)}
    parts: dict[str, Any] = {f"{part}_sum": Coalesce(Sum(part), 0) for part in PARTS}
    parts |= {f"{part}_count": Count(part) for part in PARTS}
    return Review.objects.published().filter(doctor=doctor_id).aggregate(**spread, **parts)


@transaction.atomic
def rebuild_rating(doctor_id: int) -> bool:
    """Write a doctor's counts and the listing's rating anew from the reviews; whether anything was wrong.

    Locks the rating. Whoever writes a review at this moment waits with its count for that lock, or has counted and
    committed before it is given: so the counts are right at the end whatever happens beside.
    """
    DoctorRating.objects.bulk_create([DoctorRating(doctor_id=doctor_id)], ignore_conflicts=True)
    rating = DoctorRating.objects.select_for_update(no_key=True).get(pk=doctor_id)
    listing = DoctorListing.objects.filter(pk=doctor_id).first()
    were = [getattr(rating, name) for name in COLUMNS]
    for name, value in counted(doctor_id).items():
        setattr(rating, name, value)
    is_wrong = were != [getattr(rating, name) for name in COLUMNS]
    shown = (listing.rating, listing.rating_count) if listing else (None, 0)
    if is_wrong:
        rating.save(update_fields=COLUMNS)
    if shown != (rating.mean, rating.count):
        is_wrong = True
        DoctorListing.objects.update_or_create(
            pk=doctor_id, defaults={"rating": rating.mean, "rating_count": rating.count}
        )
    return is_wrong


def wrong_ratings() -> Iterator[int]:
    """The doctors whose rating was not what their reviews come to, put right one by one."""
    for doctor_id in Doctor.objects.order_by("pk").values_list("pk", flat=True):
        if rebuild_rating(doctor_id):
            yield doctor_id
