"""The gateway's own lists of a day's payments and refunds, and where the ledger says otherwise."""

from datetime import UTC, datetime, time, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from config.db import PAGE, AppendOnlyModel
from config.handed_in import HandedIn
from payments.gateways.lists import ZONE
from payments.models.charges import PaymentAttempt, Refund


class ListKind(models.TextChoices):
    PAYMENTS = "payments", _("Payments")
    REFUNDS = "refunds", _("Refunds")


class GatewayListQuerySet(models.QuerySet["GatewayList"]):
    def unfinished(self) -> Self:
        return self.filter(status=GatewayList.Status.RUNNING).order_by("pk")


class GatewayList(HandedIn):
    """All that came or went back on its days. It is compared with the ledger, and changes nothing there."""

    class Status(models.TextChoices):
        RUNNING = "running", _("Running")
        DONE = "done", _("Compared")
        FAILED = "failed", _("Broke off")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    # Whose rows count.
    COUNTED = (Status.RUNNING, Status.DONE)

    kind = models.CharField(_("what"), max_length=10, choices=ListKind)
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.RUNNING)
    first = models.DateField(_("first day"))
    last = models.DateField(_("last day"))
    sha256 = models.CharField(max_length=64, editable=False)
    moved = models.PositiveBigIntegerField(_("rows with money"), default=0, editable=False)
    unmoved = models.PositiveBigIntegerField(_("rows without money"), default=0, editable=False)
    unread = models.PositiveBigIntegerField(_("rows that cannot be read"), default=0, editable=False)

    objects = GatewayListQuerySet.as_manager()

    class Meta:
        verbose_name = _("list of the gateway")
        verbose_name_plural = _("lists of the gateway")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["running", "done", "failed", "withdrawn"]),
                name="gateway_list_status_not_unknown",
            ),
            models.CheckConstraint(condition=Q(kind__in=["payments", "refunds"]), name="gateway_list_kind_not_unknown"),
            models.CheckConstraint(condition=Q(first__lte=F("last")), name="gateway_list_not_backwards"),
            models.CheckConstraint(condition=Q(offset__lte=F("size")), name="gateway_list_not_beyond_its_file"),
            models.UniqueConstraint(
                fields=["kind", "sha256"],
                condition=Q(status__in=["running", "done"]),
                name="gateway_list_not_taken_twice",
            ),
        ]
        indexes = [
            models.Index(F("id"), condition=Q(status="running"), name="gateway_lists_that_run"),
            models.Index(fields=["kind", "last"], name="gateway_lists_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.first} – {self.last}"

    @property
    def begin(self) -> datetime:
        return datetime.combine(self.first, time(), ZONE).astimezone(UTC)

    @property
    def end(self) -> datetime:
        """The first instant after its days."""
        return datetime.combine(self.last + timedelta(days=1), time(), ZONE).astimezone(UTC)


class ListedEntryQuerySet(models.QuerySet["ListedEntry"]):
    def counted(self, kind: str) -> Self:
        """Those of the lists of a kind that nobody withdrew."""
        return self.filter(of__kind=kind, of__status__in=GatewayList.COUNTED)


class ListedEntry(AppendOnlyModel):
    """A row of a list that moved money, as the gateway wrote it; nothing of the payer is kept.

    `reference` is the gateway's own number: a payment's bank_tran_id, a refund's refund_ref_id.
    """

    of = models.ForeignKey(GatewayList, on_delete=models.PROTECT, related_name="entries")
    line = models.PositiveBigIntegerField(_("line"))
    reference = models.CharField(_("the gateway's number"), max_length=80)
    tran_id = models.CharField(max_length=60, blank=True)
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2)
    # What the gateway passes on, in taka; a refund has none.
    store_amount = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3)
    at = models.DateTimeField()

    objects = ListedEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("row of a list")
        verbose_name_plural = _("rows of lists")
        constraints = [
            models.UniqueConstraint(fields=["of", "line"], name="line_of_a_list_not_twice"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="listed_entry_not_below_a_paisa"),
        ]
        indexes = [models.Index(fields=["reference"], name="listed_entries_by_number")]

    def __str__(self) -> str:
        return self.reference


class DifferenceQuerySet(models.QuerySet["Difference"]):
    def open(self) -> Self:
        return self.filter(status=Difference.Status.OPEN)

    def to_ask_about(self) -> Self:
        """Those about whose payment the gateway itself is to be asked now."""
        return self.open().filter(ask_at__lte=Now()).order_by("ask_at")

    def for_page(self) -> Self:
        """Those of a list, in its order; what a row names is one link away."""
        return self.order_by("pk").fetch_mode(PAGE)


class Difference(models.Model):
    """Where a list and the ledger do not agree. It is open until somebody explains it, or until they do agree.

    `there` is the gateway's figure, `here` the ledger's. Of a row that cannot be read its line is kept, and why.
    """

    class Kind(models.TextChoices):
        NOT_HERE = "not_here", _("The gateway lists it, the ledger does not have it")
        NOT_THERE = "not_there", _("The ledger has it, the gateway does not list it")
        AMOUNT = "amount", _("The amounts differ")
        FEE = "fee", _("The gateway passes on another amount")
        TWICE = "twice", _("It is listed twice")
        UNREAD = "unread", _("The row cannot be read")

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        EXPLAINED = "explained", _("Explained")
        # By itself: the ledger learnt of it, a later list has it, or the list was withdrawn.
        CLEARED = "cleared", _("No longer there")

    of = models.ForeignKey(GatewayList, on_delete=models.PROTECT, related_name="differences", verbose_name=_("list"))
    kind = models.CharField(_("difference"), max_length=10, choices=Kind)
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.OPEN)
    entry = models.ForeignKey(ListedEntry, on_delete=models.PROTECT, null=True, blank=True, related_name="differences")
    line = models.PositiveBigIntegerField(_("line"), default=0)
    code = models.CharField(max_length=20, blank=True)
    reference = models.CharField(_("the gateway's number"), max_length=80, blank=True)
    tran_id = models.CharField(max_length=60, blank=True)
    attempt = models.ForeignKey(
        PaymentAttempt, on_delete=models.PROTECT, null=True, blank=True, related_name="differences"
    )
    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, null=True, blank=True, related_name="differences")
    there = models.DecimalField(_("the gateway says"), max_digits=12, decimal_places=2, null=True, blank=True)
    here = models.DecimalField(_("the ledger says"), max_digits=12, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    note = models.CharField(_("explanation"), max_length=300, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("explained by"),
    )
    created_at = models.DateTimeField(_("found"), db_default=Now(), editable=False)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    # When the gateway is to be asked about its payment next. Empty: there is nothing to ask about.
    ask_at = models.DateTimeField(null=True, blank=True)
    asked = models.PositiveSmallIntegerField(default=0)

    objects = DifferenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("difference")
        verbose_name_plural = _("differences")
        permissions = [("explain_difference", "Can explain where a list of the gateway differs from the ledger")]
        constraints = [
            models.UniqueConstraint(
                fields=["of", "kind", "line", "reference", "tran_id"], name="difference_not_twice_in_a_list"
            ),
            models.UniqueConstraint(
                fields=["attempt"],
                condition=Q(kind="not_there", status__in=["open", "explained"]),
                name="payment_not_missed_twice",
            ),
            models.UniqueConstraint(
                fields=["refund"],
                condition=Q(kind="not_there", status__in=["open", "explained"]),
                name="refund_not_missed_twice",
            ),
            models.CheckConstraint(
                condition=~Q(status="explained") | ~Q(note="") & Q(by__isnull=False, closed_at__isnull=False),
                name="difference_not_explained_by_nobody",
            ),
            models.CheckConstraint(
                condition=Q(status="open", closed_at__isnull=True) | ~Q(status="open") & Q(closed_at__isnull=False),
                name="difference_not_closed_without_a_time",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["open", "explained", "cleared"]), name="difference_status_not_unknown"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["not_here", "not_there", "amount", "fee", "twice", "unread"]),
                name="difference_kind_not_unknown",
            ),
        ]
        indexes = [
            models.Index(F("id"), condition=Q(status="open"), name="differences_that_are_open"),
            models.Index(
                F("ask_at"), condition=Q(status="open", ask_at__isnull=False), name="differences_to_ask_about"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.reference or self.line}"
