"""How doctors are paid what they earned: where to, in which batch, and what became of it."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from config.db import PAGE, UUID7Field
from config.encryption import decrypt


class PayoutMethod(models.TextChoices):
    BANK = "bank", _("Bank account")
    BKASH = "bkash", "bKash"
    NAGAD = "nagad", "Nagad"


class Destination(models.Model):
    """Where money goes. The number is ciphertext in the database; `tail` is what is shown of it."""

    method = models.CharField(_("method"), max_length=10, choices=PayoutMethod)
    holder = models.CharField(_("name of the account's holder"), max_length=120)
    sealed_number = models.TextField(editable=False)
    tail = models.CharField(max_length=4, editable=False)
    bank = models.CharField(_("bank"), max_length=120, blank=True)
    branch = models.CharField(_("branch"), max_length=120, blank=True)
    # Nine digits that name bank and branch in Bangladesh.
    routing = models.CharField(_("routing number"), max_length=9, blank=True)

    class Meta:
        abstract = True

    @property
    def number(self) -> str:
        return decrypt(self.sealed_number) if self.sealed_number else ""

    @property
    def masked(self) -> str:
        return f"•••• {self.tail}"


class PayoutAccount(Destination):
    """Where a doctor wants to be paid."""

    doctor = models.OneToOneField("doctors.Doctor", on_delete=models.CASCADE, related_name="payout_account")
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("payout account")
        verbose_name_plural = _("payout accounts")

    def __str__(self) -> str:
        return f"{self.get_method_display()} {self.masked}"


class PayoutRun(models.Model):
    """A batch of payouts of what was earned before a day: drafted by one administrator, approved by another."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("To be looked at")
        APPROVED = "approved", _("Approved")
        DROPPED = "dropped", _("Dropped")

    id = UUID7Field()
    until = models.DateField(_("earned before"))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("drafted"), db_default=Now(), editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    class Meta:
        verbose_name = _("payout run")
        verbose_name_plural = _("payout runs")
        permissions = [("decide_payout", "Can draft, approve and settle payouts")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(status="approved") | Q(decided_by__isnull=False) & ~Q(decided_by=models.F("created_by")),
                name="payout_run_not_approved_by_its_maker",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "approved", "dropped"]), name="payout_run_status_not_unknown"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.until:%Y-%m-%d} · {self.get_status_display()}"


class PayoutQuerySet(models.QuerySet["Payout"]):
    def for_list(self) -> Self:
        """All that a row shows, newest first."""
        return self.select_related("run", "doctor").order_by("-pk").fetch_mode(PAGE)


class Payout(Destination):
    """What one doctor is paid in a run, and where to, as it was when the run was drafted."""

    class Status(models.TextChoices):
        DUE = "due", _("To be paid")
        PAID = "paid", _("Paid")
        FAILED = "failed", _("Did not go through")
        DROPPED = "dropped", _("Dropped")

    id = UUID7Field()
    run = models.ForeignKey(PayoutRun, on_delete=models.PROTECT, related_name="payouts")
    doctor = models.ForeignKey("doctors.Doctor", on_delete=models.PROTECT, related_name="payouts")
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2)
    currency = models.CharField(max_length=3, default=settings.CURRENCY)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DUE)
    reference = models.CharField(_("reference"), max_length=80, blank=True)
    failure = models.CharField(_("why not"), max_length=160, blank=True)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)

    objects = PayoutQuerySet.as_manager()

    class Meta:
        verbose_name = _("payout")
        verbose_name_plural = _("payouts")
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="payout_not_below_a_paisa"),
            models.UniqueConstraint(
                fields=["doctor"], condition=Q(status="due"), name="doctor_not_in_two_runs_at_once"
            ),
            models.CheckConstraint(
                condition=~Q(status="paid") | ~Q(reference="") & Q(settled_at__isnull=False),
                name="payout_not_paid_without_a_reference",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["due", "paid", "failed", "dropped"]), name="payout_status_not_unknown"
            ),
        ]
        indexes = [models.Index(fields=["doctor", "-id"], name="payouts_of_a_doctor")]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} · {self.get_status_display()}"
