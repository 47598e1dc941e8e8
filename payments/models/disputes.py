"""What a payer has against a payment: said by the payer, answered by the doctor, settled by an administrator."""

from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from config.db import PAGE, AppendOnlyModel, UUID7Field
from payments.models.charges import Charge, Refund


class DisputeQuerySet(models.QuerySet["Dispute"]):
    def open(self) -> Self:
        """Those that are not settled; their money is not paid out."""
        return self.filter(status__in=Dispute.UNSETTLED)

    def for_payer(self, user: User) -> Self:
        return self.filter(charge__payer=user)

    def for_doctor(self, user: User) -> Self:
        """Those that this user is to answer, or had to."""
        return self.filter(doctor__user=user)

    def for_page(self) -> Self:
        """All that a page of one dispute shows, and a list of them."""
        return self.select_related("charge__payer", "doctor", "refund").prefetch_related("events").fetch_mode(PAGE)

    def for_list(self) -> Self:
        """All that a row shows: those to be answered first, by their deadline, then the newest."""
        waits = Case(When(status=Dispute.Status.OPEN, then=F("answer_until")))
        return self.select_related("charge").order_by(waits.asc(nulls_last=True), "-created_at", "-pk").fetch_mode(PAGE)

    def overdue(self) -> Self:
        """Those whose doctor did not answer in time."""
        return self.filter(status=Dispute.Status.OPEN, answer_until__lte=Now()).order_by("answer_until")


class Dispute(models.Model):
    """One complaint about one payment. It changes under the lock of its charge, which comes first, and then its own.

    `words`, `answer` and `decision_note` are for the two sides and for administrators: whoever writes them is told
    that they are no place for health. No mail and no log carries them.
    """

    class Status(models.TextChoices):
        OPEN = "open", _("The doctor is asked")
        ANSWERED = "answered", _("To be decided")
        REFUNDED = "refunded", _("Given back")
        REFUSED = "refused", _("Refused")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    UNSETTLED = (Status.OPEN, Status.ANSWERED)

    class Reason(models.TextChoices):
        NOT_HELD = "not_held", _("The visit did not take place as agreed")
        AMOUNT = "amount", _("The amount is not what was agreed")
        TWICE = "twice", _("I paid more than once")
        NOT_MINE = "not_mine", _("I did not make this payment")
        OTHER = "other", _("Something else")

    id = UUID7Field()
    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="disputes", verbose_name=_("payment"))
    # Who is asked; nobody where the seller named nobody: then an administrator decides at once.
    doctor = models.ForeignKey(
        "doctors.Doctor",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="disputes",
        verbose_name=_("doctor"),
    )
    reason = models.CharField(_("what it is about"), max_length=10, choices=Reason)
    words = models.TextField(_("in the payer's words"), max_length=1000)
    answer = models.TextField(_("the doctor's answer"), max_length=1000, blank=True)
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.OPEN)
    created_at = models.DateTimeField(_("since"), db_default=Now(), editable=False)
    answer_until = models.DateTimeField(_("to be answered until"))
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    decide_until = models.DateTimeField(_("to be decided until"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decision_note = models.TextField(_("reason of the decision"), max_length=1000, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    refund = models.OneToOneField(
        Refund, on_delete=models.PROTECT, null=True, blank=True, related_name="dispute", verbose_name=_("refund")
    )

    objects = DisputeQuerySet.as_manager()

    class Meta:
        verbose_name = _("complaint about a payment")
        verbose_name_plural = _("complaints about payments")
        permissions = [("decide_dispute", "Can settle complaints about payments")]
        constraints = [
            models.UniqueConstraint(
                fields=["charge"],
                condition=Q(status__in=["open", "answered"]),
                name="charge_not_disputed_twice_at_once",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["open", "answered", "refunded", "refused", "withdrawn"]),
                name="dispute_status_not_unknown",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["refunded", "refused"])
                | ~Q(decision_note="") & Q(decided_by__isnull=False, closed_at__isnull=False),
                name="dispute_not_settled_without_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(status="refunded", refund__isnull=False) | ~Q(status="refunded") & Q(refund__isnull=True),
                name="dispute_not_given_back_without_a_refund",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["open", "answered"], closed_at__isnull=True)
                | ~Q(status__in=["open", "answered"]) & Q(closed_at__isnull=False),
                name="dispute_not_closed_without_a_time",
            ),
            models.CheckConstraint(condition=~Q(words=""), name="dispute_not_without_words"),
        ]
        indexes = [
            models.Index(fields=["doctor", "-created_at"], name="disputes_of_a_doctor"),
            models.Index(F("answer_until"), condition=Q(status="open"), name="disputes_to_answer"),
            models.Index(F("decide_until"), condition=Q(status__in=["open", "answered"]), name="disputes_to_decide"),
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_display()} · {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("payments:dispute", args=[self.charge_id])

    @property
    def answer_path(self) -> str:
        """The doctor's page of it."""
        return reverse("payments:answer_dispute", args=[self.pk])

    @property
    def is_unsettled(self) -> bool:
        return self.status in self.UNSETTLED

    @staticmethod
    def decide_after(moment: datetime) -> datetime:
        """Until when an administrator decides what is ripe at that moment."""
        return moment + timedelta(days=settings.DISPUTE_DECIDE_DAYS)


class DisputeEvent(AppendOnlyModel):
    """One step of a dispute: when, by whom, from what to what. Nobody's words."""

    class Code(models.TextChoices):
        OPENED = "opened", _("Said by the payer")
        ANSWERED = "answered", _("Answered by the doctor")
        UNANSWERED = "unanswered", _("Not answered in time")
        REFUNDED = "refunded", _("Money is given back")
        REFUSED = "refused", _("Refused by an administrator")
        WITHDRAWN = "withdrawn", _("Withdrawn by the payer")

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField(_("when"), db_default=Now(), editable=False)
    # Nobody where it followed from a deadline.
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    old = models.CharField(max_length=10, blank=True)
    new = models.CharField(max_length=10)
    code = models.CharField(_("what"), max_length=12, choices=Code)

    class Meta:
        verbose_name = _("step of a complaint")
        verbose_name_plural = _("steps of complaints")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.get_code_display()} · {self.at:%Y-%m-%d %H:%M}"
