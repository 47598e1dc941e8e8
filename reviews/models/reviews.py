"""A review from its first word to its end, what it was before it was changed, and the steps of its life."""

from datetime import date, datetime, timedelta
from typing import Self
from uuid import uuid4

import pgtrigger
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Case, F, OuterRef, Q, Subquery, When
from django.db.models.functions import Least, Now
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.models import Appointment
from config.db import PAGE, AppendOnlyModel
from doctors.models import Doctor
from reviews.models.ratings import PARTS, RATING_FOLLOWS
from reviews.models.reports import Report

LONGEST_TEXT = 2000
LONGEST_REPLY = 1000
LONGEST_NOTE = 500
LONGEST_NAME = 40


class ReviewStatus(models.TextChoices):
    PUBLISHED = "published", _("Shown")
    CHANGE_ASKED = "change_asked", _("To be changed by its author")
    CHANGED = "changed", _("Changed, to be looked at")
    HIDDEN = "hidden", _("Hidden")
    WITHDRAWN = "withdrawn", _("Taken back")


# The only changes that there are. docs/architecture.md's diagram is made from this table.
REVIEW_TRANSITIONS: dict[ReviewStatus, frozenset[ReviewStatus]] = {
    ReviewStatus.PUBLISHED: frozenset({ReviewStatus.CHANGE_ASKED, ReviewStatus.HIDDEN, ReviewStatus.WITHDRAWN}),
    ReviewStatus.CHANGE_ASKED: frozenset(
        {ReviewStatus.CHANGED, ReviewStatus.PUBLISHED, ReviewStatus.HIDDEN, ReviewStatus.WITHDRAWN}
    ),
    ReviewStatus.CHANGED: frozenset(
        {ReviewStatus.PUBLISHED, ReviewStatus.CHANGE_ASKED, ReviewStatus.HIDDEN, ReviewStatus.WITHDRAWN}
    ),
    ReviewStatus.HIDDEN: frozenset({ReviewStatus.PUBLISHED, ReviewStatus.CHANGE_ASKED, ReviewStatus.WITHDRAWN}),
    ReviewStatus.WITHDRAWN: frozenset(),
}
# In these its author may write it anew; in the last two for as long as an administrator waits for it.
EDITABLE = (ReviewStatus.PUBLISHED, ReviewStatus.CHANGE_ASKED, ReviewStatus.CHANGED)


def stars_field(label: str, *, required: bool = False) -> models.PositiveSmallIntegerField:  # type: ignore[type-arg]
    return models.PositiveSmallIntegerField(
        label, validators=[MinValueValidator(1), MaxValueValidator(5)], null=not required, blank=not required
    )


class ReviewQuerySet(models.QuerySet["Review"]):
    def published(self) -> Self:
        return self.filter(status=ReviewStatus.PUBLISHED)

    def by_author(self, user) -> Self:
        return self.filter(author=user)

    def of_practice(self, user) -> Self:
        """What was ever shown of the user's own practice, and not taken back."""
        return self.filter(doctor__user=user).exclude(status=ReviewStatus.WITHDRAWN)

    def to_answer(self) -> Self:
        return self.published().filter(reply="")

    def for_list(self) -> Self:
        """All that a review shows to anybody."""
        return self.select_related("doctor").fetch_mode(PAGE)

    def for_page(self) -> Self:
        """All that its author's page shows, and the doctor's."""
        return self.select_related("doctor__user", "appointment", "author").fetch_mode(PAGE)

    def for_queue(self) -> Self:
        """Those that wait for an administrator first, by how long they wait; then the newest."""
        open_ones = Report.objects.open().filter(review=OuterRef("pk")).order_by("at")
        waits = Subquery(open_ones.values("at")[:1])
        changed = Case(When(status=ReviewStatus.CHANGED, then=F("edited_at")))
        rows = self.annotate(waiting_since=Least(waits, changed))
        return rows.order_by(F("waiting_since").asc(nulls_last=True), "-posted_at", "-pk")

    def waiting(self) -> Self:
        """What an administrator has to decide about."""
        reported = Report.objects.open().values("review")
        return self.filter(Q(status=ReviewStatus.CHANGED) | Q(pk__in=reported))


class Review(models.Model):
    """What one person says of one visit that took place. Its status changes through the services alone.

    `signed_as` is the first name that it is shown with, empty for an anonymous one; nobody but its author learns from
    it which visit it was. `text` may speak of the author's own health where that was agreed to (`speaks_of_health`).
    `note` says why an administrator decided as it stands: both sides read it.
    """

    # By chance: a key in the order of time would tell when it was written, and so of which visit it is.
    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    # These two have no index of their own: the constraint and the indexes begin with them.
    appointment = models.ForeignKey(Appointment, on_delete=models.PROTECT, related_name="+", db_index=False)
    doctor = models.ForeignKey(Doctor, on_delete=models.PROTECT, related_name="+", db_index=False)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    stars = stars_field(_("the visit as a whole"), required=True)
    listening = stars_field(_("listening"))
    explaining = stars_field(_("explaining"))
    punctuality = stars_field(_("punctuality"))
    text = models.TextField(_("in their words"), max_length=LONGEST_TEXT, blank=True)
    signed_as = models.CharField(_("signed"), max_length=LONGEST_NAME, blank=True)
    speaks_of_health = models.BooleanField(_("speaks of health, as agreed"), default=False)
    status = models.CharField(_("state"), max_length=12, choices=ReviewStatus, default=ReviewStatus.PUBLISHED)
    posted_at = models.DateTimeField(_("written"), default=timezone.now, editable=False)
    edited_at = models.DateTimeField(_("changed"), null=True, blank=True)
    reply = models.TextField(_("the doctor’s reply"), max_length=LONGEST_REPLY, blank=True)
    replied_at = models.DateTimeField(_("answered"), null=True, blank=True)
    reply_edited_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(_("reason of the decision"), max_length=LONGEST_NOTE, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        permissions = [("moderate_review", "Can hide reviews, restore them and ask for changes")]
        constraints = [
            models.UniqueConstraint(fields=["appointment"], name="visit_not_reviewed_twice"),
            models.CheckConstraint(condition=Q(stars__range=(1, 5)), name="stars_not_out_of_range"),
            models.CheckConstraint(
                condition=Q(*(Q(**{f"{part}__isnull": True}) | Q(**{f"{part}__range": (1, 5)}) for part in PARTS)),
                name="stars_of_parts_not_out_of_range",
            ),
            models.CheckConstraint(condition=Q(status__in=ReviewStatus.values), name="review_status_not_unknown"),
            models.CheckConstraint(
                condition=~Q(status__in=["hidden", "change_asked"]) | ~Q(note="") & Q(decided_at__isnull=False),
                name="review_not_hidden_without_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(reply="", replied_at=None) | Q(replied_at__isnull=False),
                name="reply_not_without_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["doctor", "-posted_at"], name="reviews_of_a_doctor"),
            models.Index(fields=["doctor", "stars", "posted_at"], name="reviews_by_stars"),
            models.Index(fields=["author", "-posted_at"], name="reviews_by_author"),
            models.Index(fields=["edited_at"], condition=Q(status="changed"), name="reviews_changed"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="not_of_a_visit_that_was_not",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF NOT EXISTS (
                        SELECT FROM appointments_appointment visit
                        WHERE visit.id = NEW.appointment_id AND visit.doctor_id = NEW.doctor_id
                          AND visit.status = 'completed'
                    ) THEN
                        RAISE EXCEPTION 'a review is of a completed visit to its doctor'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            RATING_FOLLOWS,
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def get_absolute_url(self) -> str:
        return reverse("reviews:review", args=[self.pk])

    @property
    def practice_path(self) -> str:
        """The doctor's page of it."""
        return reverse("reviews:reply", args=[self.pk])

    @property
    def edit_until(self) -> datetime:
        """Until when its author may change it without being asked."""
        return self.posted_at + timedelta(days=settings.REVIEW_EDIT_DAYS)

    @property
    def month(self) -> date:
        """When it was written, no nearer than everybody may know: by the day it would tell which visit it was of."""
        return timezone.localdate(self.posted_at).replace(day=1)

    @property
    def is_editable(self) -> bool:
        asked = self.status in (ReviewStatus.CHANGE_ASKED, ReviewStatus.CHANGED)
        return asked or (self.status in EDITABLE and timezone.now() < self.edit_until)

    @property
    def is_shown(self) -> bool:
        return self.status == ReviewStatus.PUBLISHED

    @property
    def parts(self) -> list[tuple[str, int]]:
        """The parts that were rated, with their stars."""
        return [(part, getattr(self, part)) for part in PARTS if getattr(self, part)]


class ReviewVersion(models.Model):
    """A review, and the reply to it, as they were until `at`. Goes with its author (reviews/erasure.py)."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="versions")
    at = models.DateTimeField(_("until"), db_default=Now(), editable=False)
    stars = models.PositiveSmallIntegerField(_("the visit as a whole"))
    listening = models.PositiveSmallIntegerField(_("listening"), null=True)
    explaining = models.PositiveSmallIntegerField(_("explaining"), null=True)
    punctuality = models.PositiveSmallIntegerField(_("punctuality"), null=True)
    text = models.TextField(_("in their words"), blank=True)
    signed_as = models.CharField(_("signed"), max_length=LONGEST_NAME, blank=True)
    reply = models.TextField(_("the doctor’s reply"), blank=True)

    class Meta:
        verbose_name = _("earlier version of a review")
        verbose_name_plural = _("earlier versions of reviews")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.review_id} · {self.pk}"


class ReviewEvent(AppendOnlyModel):
    """One step of a review: who, when, from what state to what. Nobody's words."""

    class Code(models.TextChoices):
        POSTED = "posted", _("Written")
        EDITED = "edited", _("Changed by its author")
        WITHDRAWN = "withdrawn", _("Taken back by its author")
        REPLIED = "replied", _("Answered by the doctor")
        REPLY_EDITED = "reply_edited", _("The doctor changed the reply")
        REPORTED = "reported", _("Reported")
        KEPT = "kept", _("Left as it is")
        HIDDEN = "hidden", _("Hidden by an administrator")
        RESTORED = "restored", _("Shown again")
        CHANGE_ASKED = "change_asked", _("The author is asked to change it")
        REPLY_REMOVED = "reply_removed", _("The reply was taken away by an administrator")
        NOT_HELD = "not_held", _("The visit did not take place after all")
        ERASED = "erased", _("Its author was erased")

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField(_("when"), db_default=Now(), editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    old = models.CharField(max_length=12, blank=True)
    new = models.CharField(max_length=12)
    code = models.CharField(_("what"), max_length=14, choices=Code)

    class Meta:
        verbose_name = _("step of a review")
        verbose_name_plural = _("steps of reviews")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.old or '∅'} → {self.new}"
