"""What search needs to know of doctors, as it was written down for it."""

import functools
import operator
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Case, F, Func, Q, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce, Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config import days
from doctors import ranking
from doctors.models.marks import leaves_marks
from doctors.models.people import Doctor, Gender, Language, Mode

# A doctor counts as one whom so many more have rated so, so that a single five does not lead.
PRIOR_RATINGS, PRIOR_MEAN = 5, Decimal("4.2")
# A rating of fewer is not told as a number.
ENOUGH_RATINGS = 3


class Lexemes(Func):
    """A text's words, told apart by single spaces, as a tsvector.

    PostgreSQL's own parser stays out of it: it splits Bangla words at their joined letters under some locales.
    """

    template = "array_to_tsvector(array_remove(string_to_array(%(expressions)s, ' '), ''))"
    output_field = SearchVectorField()


def _standing() -> Combinable:
    """The points of ranking.py that do not depend on what is asked."""
    rating = Cast(Coalesce("rating", Value(PRIOR_MEAN), output_field=models.DecimalField()), models.FloatField())
    soon = Case(When(opens_soon=True, then=Value(ranking.SOON)), default=Value(0.0))
    return soon + (rating - 1.0) * (ranking.RATING / 4) + F("completeness") * ranking.COMPLETENESS


class DoctorListing(models.Model):
    """What search filters, counts and sorts by, one narrow row a doctor: no history, and never under the lock that a
    booking takes.

    From `is_public` to `completeness` it is doctors' own (services.write_documents), as search.documents has it.
    Ratings and open times are written down from the floors above: `rating` is a Bayesian mean (PRIOR_RATINGS,
    PRIOR_MEAN), None without one; `open_*` are the OpenDay rows of the mode as bits (open_bits), `opens_soon` whether
    there is a time within ranking.SOON_DAYS. `stale_at` is since when, or from when on, the open times must be looked
    at again. `standing` is what the best match gives without being asked for anything.
    """

    doctor = models.OneToOneField(Doctor, on_delete=models.CASCADE, primary_key=True, related_name="listing")
    is_public = models.BooleanField(db_default=False)
    specialties = ArrayField(models.BigIntegerField(), db_default=[])
    districts = ArrayField(models.CharField(max_length=20), db_default=[])
    gender = models.CharField(max_length=10, choices=Gender, db_default="")
    languages = ArrayField(models.CharField(max_length=5, choices=Language), db_default=[])
    practising_since = models.PositiveSmallIntegerField(null=True)
    fee_video = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    fee_in_person = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    completeness = models.FloatField(db_default=0.0)
    rating = models.DecimalField(max_digits=3, decimal_places=2, null=True)
    rating_count = models.PositiveIntegerField(default=0)
    next_open_video = models.DateTimeField(null=True)
    next_open_in_person = models.DateTimeField(null=True)
    open_video = models.BigIntegerField(db_default=0)
    open_in_person = models.BigIntegerField(db_default=0)
    opens_soon = models.BooleanField(db_default=False)
    standing = models.GeneratedField(expression=_standing(), output_field=models.FloatField(), db_persist=True)
    stale_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("listing")
        verbose_name_plural = _("listings")
        indexes = [
            models.Index(F("stale_at"), name="listing_stale"),
            models.Index(F("standing").desc(), F("doctor"), condition=Q(is_public=True), name="listing_best"),
            GinIndex(fields=["specialties"], name="listing_specialties"),
            GinIndex(fields=["districts"], name="listing_districts"),
        ]
        triggers = [leaves_marks("listing_leaves_marks", but_for="stale_at")]

    def __str__(self) -> str:
        return str(self.doctor_id)

    @property
    def is_rated(self) -> bool:
        """Whether enough have rated for the number to say something."""
        return self.rating_count >= ENOUGH_RATINGS

    @property
    def shown_rating(self) -> Decimal | None:
        """The number, where it says something."""
        return self.rating if self.is_rated else None

    def next_open_by(self, mode: str) -> datetime | None:
        """The first open time of this mode, None where none is known or where it has passed meanwhile."""
        first = {Mode.VIDEO: self.next_open_video, Mode.IN_PERSON: self.next_open_in_person}[Mode(mode)]
        return first if first and first > timezone.now() else None

    @property
    def next_open(self) -> datetime | None:
        """The first open time of either mode."""
        return min(filter(None, map(self.next_open_by, Mode.values)), default=None)


class SearchDocument(models.Model):
    """The words by which a public doctor is found, as search.documents writes them; empty for all others.

    Apart from the listing, which is narrow and often written. `form` is the search.documents.FORM that they were
    written in: what is of an earlier one is written anew in the background.
    """

    doctor = models.OneToOneField(Doctor, on_delete=models.CASCADE, primary_key=True, related_name="search_document")
    words = models.TextField(blank=True)
    vector = models.GeneratedField(expression=Lexemes("words"), output_field=SearchVectorField(), db_persist=True)
    form = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("search document")
        verbose_name_plural = _("search documents")
        indexes = [GinIndex(fields=["vector"], name="document_words")]
        triggers = [leaves_marks("document_leaves_marks")]

    def __str__(self) -> str:
        return str(self.doctor_id)


class SearchWord(models.Model):
    """A word of some document, and how it sounds: where search looks for what a misspelt word may have meant.

    Words stay when the last document that held them is gone; who reads them checks that.
    """

    word = models.CharField(max_length=40, primary_key=True, db_collation="C")
    sound = models.CharField(max_length=80)

    class Meta:
        verbose_name = _("search word")
        verbose_name_plural = _("search words")
        indexes = [GinIndex(fields=["sound"], opclasses=["gin_trgm_ops"], name="search_word_sound")]

    def __str__(self) -> str:
        return self.word


class Part(models.TextChoices):
    """A part of the doctor's local day: until noon, until five, after."""

    MORNING = "morning", _("Morning")
    AFTERNOON = "afternoon", _("Afternoon")
    EVENING = "evening", _("Evening")


class OpenDayQuerySet(models.QuerySet["OpenDay"]):
    def within(self, first: int, last: int) -> Self:
        """From `first` to `last` days after today on the portal's clock, both included."""
        today = days.today()
        return self.filter(date__range=(today + timedelta(days=first), today + timedelta(days=last)))


# As many days fit into a listing's bits; more than search looks ahead, so that a day that went by means none to come.
DAYS_IN_BITS = 21


def open_bits(times: Iterable[tuple[date, Part]]) -> int:
    """Parts of days as bits of a bigint: three for each day, from the same place again every DAYS_IN_BITS days."""
    parts = list(Part)
    return functools.reduce(
        operator.or_, (1 << day.toordinal() % DAYS_IN_BITS * len(parts) + parts.index(part) for day, part in times), 0
    )


class OpenDay(models.Model):
    """There is at least one open time on this local day, in this part of it, by this mode."""

    doctor = models.ForeignKey(Doctor, on_delete=models.CASCADE, related_name="open_days")
    date = models.DateField()
    part = models.CharField(max_length=10, choices=Part)
    mode = models.CharField(max_length=10, choices=Mode)

    objects = OpenDayQuerySet.as_manager()

    class Meta:
        verbose_name = _("open day")
        verbose_name_plural = _("open days")
        constraints = [
            models.UniqueConstraint(fields=["doctor", "date", "part", "mode"], name="open_day_not_twice"),
        ]
        indexes = [models.Index(fields=["date", "mode", "doctor"], name="open_day_by_date")]

    def __str__(self) -> str:
        return f"{self.date} {self.part} {self.mode}"
