"""What the shown reviews of a doctor come to: kept by the database itself, so that no way to a review goes past it."""

from decimal import ROUND_HALF_UP, Decimal

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from doctors.models import ENOUGH_RATINGS, PRIOR_MEAN, PRIOR_RATINGS, Doctor

# What is rated beside the visit as a whole.
PARTS = ("listening", "explaining", "punctuality")
# The columns of the counts, by how many stars.
SPREAD = ("ones", "twos", "threes", "fours", "fives")


class DoctorRating(models.Model):
    """How many shown reviews give a doctor how many stars, and the sum and the number of stars for each part.

    Written by the trigger on reviews alone, which adds and takes away under the lock of this row: whatever two writers
    do at once, the counts are those of the reviews. `manage.py rebuild_ratings` counts anew.
    """

    doctor = models.OneToOneField(Doctor, on_delete=models.CASCADE, primary_key=True, related_name="+")
    ones = models.PositiveIntegerField(default=0)
    twos = models.PositiveIntegerField(default=0)
    threes = models.PositiveIntegerField(default=0)
    fours = models.PositiveIntegerField(default=0)
    fives = models.PositiveIntegerField(default=0)
    listening_sum = models.PositiveIntegerField(default=0)
    listening_count = models.PositiveIntegerField(default=0)
    explaining_sum = models.PositiveIntegerField(default=0)
    explaining_count = models.PositiveIntegerField(default=0)
    punctuality_sum = models.PositiveIntegerField(default=0)
    punctuality_count = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("rating of a doctor")
        verbose_name_plural = _("ratings of doctors")

    def __str__(self) -> str:
        return f"{self.doctor_id} · {self.mean}"

    @property
    def spread(self) -> list[tuple[int, int]]:
        """Stars and how many gave them, five first."""
        return [(stars, getattr(self, SPREAD[stars - 1])) for stars in (5, 4, 3, 2, 1)]

    @property
    def count(self) -> int:
        return sum(many for _stars, many in self.spread)

    @property
    def mean(self) -> Decimal | None:
        """The Bayesian mean: as if PRIOR_RATINGS more had given PRIOR_MEAN. None without a rating."""
        if not self.count:
            return None
        total = sum(stars * many for stars, many in self.spread) + PRIOR_RATINGS * PRIOR_MEAN
        return (total / (self.count + PRIOR_RATINGS)).quantize(Decimal("0.01"), ROUND_HALF_UP)

    @property
    def is_told(self) -> bool:
        """Whether enough have rated for the number to say something."""
        return self.count >= ENOUGH_RATINGS

    @property
    def parts(self) -> list[tuple[str, Decimal]]:
        """The plain mean of each part that anybody rated."""
        found = []
        for part in PARTS:
            total, many = getattr(self, f"{part}_sum"), getattr(self, f"{part}_count")
            if many:
                found.append((part, (Decimal(total) / many).quantize(Decimal("0.01"), ROUND_HALF_UP)))
        return found


def _deltas() -> str:
    """SET … of the counts: what this change of a review adds and takes away."""
    counts = [
        f"{name} = {name} + (is_shown AND NEW.stars = {stars})::int - (was_shown AND OLD.stars = {stars})::int"
        for stars, name in enumerate(SPREAD, start=1)
    ]
    for part in PARTS:
        come = f"CASE WHEN is_shown THEN coalesce(NEW.{part}, 0) ELSE 0 END"
        gone = f"CASE WHEN was_shown THEN coalesce(OLD.{part}, 0) ELSE 0 END"
        counts.append(f"{part}_sum = {part}_sum + {come} - {gone}")
        counts.append(
            f"{part}_count = {part}_count + (is_shown AND NEW.{part} IS NOT NULL)::int"
            f" - (was_shown AND OLD.{part} IS NOT NULL)::int"
        )
    return ",\n            ".join(counts)


def _zeros() -> str:
    columns = [*SPREAD, *(f"{part}_{kind}" for part in PARTS for kind in ("sum", "count"))]
    return f"(doctor_id, {', '.join(columns)}) VALUES (who{', 0' * len(columns)})"


# Adds to the row instead of writing what was read of it: two at once wait for each other, and both count. The listing,
# by which search sorts, follows in the same transaction, under the same lock.
RATING_FOLLOWS = pgtrigger.Trigger(
    name="rating_follows",
    when=pgtrigger.After,
    operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
    declare=[
        ("who", "bigint"),
        ("was_shown", "boolean"),
        ("is_shown", "boolean"),
        ("many", "integer"),
        ("total", "integer"),
    ],
    func=f"""
        was_shown := coalesce(OLD.status = 'published', false);
        is_shown := coalesce(NEW.status = 'published', false);
        IF NOT was_shown AND NOT is_shown THEN
            RETURN NULL;
        END IF;
        IF was_shown AND is_shown AND (OLD.stars, OLD.listening, OLD.explaining, OLD.punctuality)
            IS NOT DISTINCT FROM (NEW.stars, NEW.listening, NEW.explaining, NEW.punctuality) THEN
            RETURN NULL;
        END IF;
        who := coalesce(NEW.doctor_id, OLD.doctor_id);
        INSERT INTO reviews_doctorrating {_zeros()} ON CONFLICT (doctor_id) DO NOTHING;
        UPDATE reviews_doctorrating SET
            {_deltas()}
        WHERE doctor_id = who
        RETURNING ones + twos + threes + fours + fives, ones + 2 * twos + 3 * threes + 4 * fours + 5 * fives
        INTO many, total;
        INSERT INTO doctors_doctorlisting (doctor_id, rating, rating_count)
        VALUES (
            who,
            CASE WHEN many > 0
                THEN round((total + {PRIOR_RATINGS * PRIOR_MEAN}::numeric) / (many + {PRIOR_RATINGS}), 2) END,
            many
        )
        ON CONFLICT (doctor_id) DO UPDATE SET rating = EXCLUDED.rating, rating_count = EXCLUDED.rating_count;
        RETURN NULL;
    """,
)
