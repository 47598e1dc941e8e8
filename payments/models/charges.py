"""What is owed, by whom; how it was tried to be paid; and what goes back."""

from decimal import Decimal
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Prefetch, Q, Sum
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from config.db import PAGE, UUID7Field
from payments.models.ids import new_refund_trans_id, new_tran_id

if TYPE_CHECKING:
    from payments.models.documents import Document


class ChargeQuerySet(models.QuerySet["Charge"]):
    def visible_to(self, user: User) -> Self:
        """The charges that this user pays."""
        return self.filter(payer=user)

    def for_page(self) -> Self:
        """All that the payer's page shows."""
        attempts = PaymentAttempt.objects.order_by("pk")
        refunds = Refund.objects.select_related("note").order_by("pk")
        return self.prefetch_related(
            Prefetch("attempts", attempts), Prefetch("refunds", refunds), "documents"
        ).fetch_mode(PAGE)

    def worth_listing(self) -> Self:
        """Those for which money came, or still may: what was never paid in time is nobody's memory."""
        went_back = Exists(Refund.objects.filter(charge=OuterRef("pk")))
        payable = Q(status=Charge.Status.OPEN) & (Q(due_at=None) | Q(due_at__gt=Now()))
        return self.filter(Q(status__in=[Charge.Status.PAID, Charge.Status.REVIEW]) | payable | went_back)

    def for_list(self) -> Self:
        """All that a row of the payer's list shows, newest first."""
        refunds = Refund.objects.order_by("pk")
        return (
            self.worth_listing()
            .prefetch_related("documents", Prefetch("refunds", refunds))
            .order_by("-created_at")
            .fetch_mode(PAGE)
        )


class Charge(models.Model):
    """A sum that a user owes for one thing.

    `seller` and `done_path` are the selling room's: its name, and the page that the payer goes back to. Whoever changes
    a charge, its attempts' fate or its refunds holds the lock on its row (services.lock_charge).
    """

    class Status(models.TextChoices):
        OPEN = "open", _("To be paid")
        REVIEW = "review", _("Being looked at")
        PAID = "paid", _("Paid")
        VOID = "void", _("No longer owed")

    id = UUID7Field()
    payer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="charges")
    # The gateway wants one; empty when the seller knows none.
    payer_phone = models.CharField(max_length=20, blank=True)
    seller = models.CharField(max_length=40)
    description = models.CharField(_("for"), max_length=160)
    # What the receipt says beside it, such as with whom and when; for the payer, and a doctor who answers a complaint.
    detail = models.CharField(max_length=200, blank=True)
    done_path = models.CharField(max_length=200)
    amount = models.DecimalField(_("amount"), max_digits=10, decimal_places=2)
    currency = models.CharField(max_length=3, default=settings.CURRENCY)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.OPEN)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    paid_at = models.DateTimeField(null=True, blank=True)
    # To be paid in cash, where what was bought is given; no attempt may start.
    at_desk = models.BooleanField(default=False)
    # The money of that charge pays this one; refunds of this one go back to where that one was paid from.
    funded_by = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="funds")
    # Who answers when the payer complains; nobody where the seller names nobody.
    doctor = models.ForeignKey("doctors.Doctor", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # Until when a new attempt may start: the hold's end, for a booking.
    due_at = models.DateTimeField(null=True, blank=True)

    objects = ChargeQuerySet.as_manager()

    class Meta:
        verbose_name = _("charge")
        verbose_name_plural = _("charges")
        permissions = [
            ("decide_charge", "Can give charges back and decide on risky payments"),
            ("take_cash", "Can write down cash at the desk"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="charge_not_below_a_paisa"),
            models.CheckConstraint(
                condition=~Q(status="paid") | Q(paid_at__isnull=False), name="charge_not_paid_without_a_time"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["open", "review", "paid", "void"]), name="charge_status_not_unknown"
            ),
            models.CheckConstraint(
                condition=Q(done_path__startswith="/") & ~Q(done_path__startswith="//"),
                name="charge_does_not_lead_off_the_portal",
            ),
        ]
        indexes = [
            models.Index(fields=["payer", "-created_at"], name="charges_of_a_payer"),
            models.Index(fields=["status"], condition=Q(status__in=["open", "review"]), name="charges_that_wait"),
        ]

    def __str__(self) -> str:
        return f"{self.description} · {self.amount} {self.currency}"

    def get_absolute_url(self) -> str:
        return reverse("payments:charge", args=[self.pk])

    @property
    def can_be_tried(self) -> bool:
        """Whether the payer may start another attempt now."""
        return (
            self.status == self.Status.OPEN
            and not self.at_desk
            and (self.due_at is None or self.due_at > timezone.now())
        )

    @property
    def receipt(self) -> "Document | None":
        """Needs the documents fetched."""
        return next((each for each in self.documents.all() if each.refund_id is None), None)

    @property
    def refunded(self) -> Decimal:
        """What was promised back of the payment that counts, in whatever state it is, short of refused.

        A surplus that went back is not in it: it never paid for anything.
        """
        counting = self.refunds.exclude(attempt__is_surplus=True).exclude(status=Refund.Status.FAILED)
        return counting.aggregate(total=Sum("amount"))["total"] or Decimal(0)


class PaymentAttemptQuerySet(models.QuerySet["PaymentAttempt"]):
    def undecided(self) -> Self:
        """Those whose fate the gateway has not told."""
        return self.filter(status__in=PaymentAttempt.UNDECIDED)

    def with_money(self) -> Self:
        """Those whose money is at the gateway, in our name."""
        return self.filter(status__in=PaymentAttempt.WITH_MONEY)

    def to_ask_about(self) -> Self:
        return self.filter(ask_at__lte=Now()).order_by("ask_at")


class PaymentAttempt(models.Model):
    """One try at paying a charge through the gateway; its row is durable before the gateway is called."""

    class Status(models.TextChoices):
        CREATED = "created", _("Started")
        # The gateway was asked for a session and gave no clear answer: it may or may not know of this attempt.
        UNKNOWN = "unknown", _("Unknown")
        OPEN = "open", _("At the gateway")
        # The gateway calls the payment risky. Its money is ours already; the sale waits for an administrator.
        REVIEW = "review", _("Being looked at")
        SETTLED = "settled", _("Settled")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled by the payer")
        EXPIRED = "expired", _("Never paid")

    UNDECIDED = (Status.CREATED, Status.UNKNOWN, Status.OPEN)
    WITH_MONEY = (Status.REVIEW, Status.SETTLED)
    # How many a charge may have: more is a mistake, or somebody trying cards.
    MOST = 10

    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="attempts")
    tran_id = models.CharField(max_length=30, unique=True, default=new_tran_id, editable=False)
    # The gateway took money a second time under that attempt's tran_id; this row is what holds it.
    twin_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="twins")
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=10, choices=Status, default=Status.CREATED)
    session_key = models.CharField(max_length=80, blank=True)
    page_url = models.URLField(max_length=600, blank=True)
    val_id = models.CharField(max_length=60, unique=True, null=True, blank=True)
    bank_tran_id = models.CharField(max_length=80, blank=True)
    card_type = models.CharField(max_length=60, blank=True)
    store_amount = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)
    failure = models.CharField(max_length=160, blank=True)
    # This settlement came beside another one of the same charge; all of it goes back.
    is_surplus = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    settled_at = models.DateTimeField(null=True, blank=True)
    # When the gateway is to be asked about it next, and when it was last. Empty `ask_at`: no more.
    ask_at = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(null=True, blank=True)

    objects = PaymentAttemptQuerySet.as_manager()

    class Meta:
        verbose_name = _("payment attempt")
        verbose_name_plural = _("payment attempts")
        constraints = [
            models.CheckConstraint(
                condition=~Q(status__in=["review", "settled"])
                | Q(val_id__isnull=False, settled_at__isnull=False, store_amount__isnull=False),
                name="attempt_not_settled_without_the_gateways_word",
            ),
            models.UniqueConstraint(
                fields=["charge"],
                condition=Q(status__in=["review", "settled"], is_surplus=False),
                name="charge_not_settled_twice",
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=["created", "unknown", "open", "review", "settled", "failed", "cancelled", "expired"]
                ),
                name="attempt_status_not_unknown",
            ),
        ]
        indexes = [
            models.Index(F("ask_at"), condition=Q(ask_at__isnull=False), name="attempts_to_ask_about"),
            # As the gateway's lists name and date them.
            models.Index(fields=["bank_tran_id"], condition=~Q(bank_tran_id=""), name="attempts_by_bank_number"),
            models.Index(fields=["settled_at"], condition=Q(settled_at__isnull=False), name="attempts_by_settlement"),
        ]

    def __str__(self) -> str:
        return self.tran_id

    @property
    def is_undecided(self) -> bool:
        return self.status in self.UNDECIDED


class RefundQuerySet(models.QuerySet["Refund"]):
    def due(self) -> Self:
        """Those to be asked about now, longest waiting first."""
        asked = self.filter(status__in=Refund.UNDECIDED, attempt__isnull=False)
        return asked.filter(due_at__lte=Now()).order_by("due_at")


class Refund(models.Model):
    """Money that goes back to where one attempt took it from. Asked for again under the same `refund_trans_id`."""

    class Status(models.TextChoices):
        REQUESTED = "requested", _("Asked for")
        PROCESSING = "processing", _("On its way")
        DONE = "done", _("Arrived")
        FAILED = "failed", _("Refused by the gateway")

    UNDECIDED = (Status.REQUESTED, Status.PROCESSING)

    class Reason(models.TextChoices):
        CANCELLED = "cancelled", _("The booking was cancelled")
        CHEAPER = "cheaper", _("The visit that was taken instead costs less")
        MISSED = "missed", _("The doctor did not come")
        TOO_LATE = "too_late", _("The payment came after the time was gone")
        DISPUTE = "dispute", _("Your complaint about the payment")
        SURPLUS = "surplus", _("Paid twice")
        ORDER_OFF = "order_off", _("The order was cancelled")
        DECLINED = "declined", _("The doctor declined the order")
        NOT_DONE = "not_done", _("The doctor did not do it in time")
        WITHDRAWN = "withdrawn", _("The doctor took back what was given")
        ADMIN = "admin", _("Decided by an administrator")

    id = UUID7Field()
    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="refunds")
    # None for what was paid in cash: it is handed over where it was taken.
    attempt = models.ForeignKey(PaymentAttempt, on_delete=models.PROTECT, null=True, blank=True, related_name="refunds")
    amount = models.DecimalField(_("amount"), max_digits=10, decimal_places=2)
    reason = models.CharField(_("reason"), max_length=12, choices=Reason)
    # Who decided it; nobody when it follows from a rule.
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    refund_trans_id = models.CharField(max_length=30, unique=True, default=new_refund_trans_id, editable=False)
    refund_ref_id = models.CharField(max_length=80, blank=True)
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.REQUESTED)
    failure = models.CharField(max_length=160, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    done_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(db_default=Now())
    asked = models.PositiveSmallIntegerField(default=0)

    objects = RefundQuerySet.as_manager()

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_not_below_a_paisa"),
            models.CheckConstraint(
                condition=~Q(status="done") | Q(done_at__isnull=False), name="refund_not_done_without_a_time"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["requested", "processing", "done", "failed"]),
                name="refund_status_not_unknown",
            ),
        ]
        indexes = [
            models.Index(F("due_at"), condition=Q(status__in=["requested", "processing"]), name="refunds_to_ask_about"),
            models.Index(fields=["refund_ref_id"], condition=~Q(refund_ref_id=""), name="refunds_by_gateways_number"),
            models.Index(F("id"), condition=Q(status="failed"), name="refunds_that_failed"),
            models.Index(fields=["done_at"], condition=Q(done_at__isnull=False), name="refunds_by_end"),
        ]

    def __str__(self) -> str:
        return self.refund_trans_id

    @property
    def at_desk(self) -> bool:
        return self.attempt_id is None
