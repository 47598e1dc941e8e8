"""The ledger: journals of signed lines that sum to zero, which nobody may change."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from config.db import AppendOnlyModel, UUID7Field
from payments.models.charges import Charge


class Account(models.TextChoices):
    """The accounts of the ledger; docs/payments.md has the sign of each. What a payer paid is a deposit until what was
    bought is done."""

    GATEWAY = "gateway", _("At the gateway")
    GATEWAY_FEE = "gateway_fee", _("The gateway's fee")
    DEPOSIT = "deposit", _("Patients' deposits")
    REFUNDS_DUE = "refunds_due", _("Refunds due")
    DOCTOR = "doctor", _("Owed to doctors")
    COMMISSION = "commission", _("Commission")
    BANK = "bank", _("At the bank")
    DESK = "desk", _("Cash at the desk")
    CHARGEBACK = "chargeback", _("Chargebacks")
    BORNE = "borne", _("Borne by the portal")
    TRANSFER = "transfer", _("Between two charges")


class Journal(AppendOnlyModel):
    """One movement of money; its entries sum to zero in each currency, which a deferred trigger sees to."""

    class Kind(models.TextChoices):
        SETTLEMENT = "settlement", _("Payment settled")
        REFUND_DUE = "refund_due", _("Refund promised")
        REFUND_PAID = "refund_paid", _("Refund paid")
        REFUND_FAILED = "refund_failed", _("Refund refused by the gateway")
        EARNING = "earning", _("Earned")
        BANK_TRANSFER = "bank_transfer", _("Sent by the gateway to the bank")
        PAYOUT = "payout", _("Paid out to a doctor")
        TRANSFER_OUT = "transfer_out", _("Taken over by another charge")
        TRANSFER_IN = "transfer_in", _("Taken over from another charge")
        DESK = "desk", _("Paid at the desk")
        RELEASE = "release", _("No longer borne")
        COMPENSATION = "compensation", _("Borne for a doctor")
        COMPENSATION_BACK = "compensation_back", _("Not borne for a doctor any more")

    id = UUID7Field()
    kind = models.CharField(max_length=20, choices=Kind)
    # None where the movement is of no one sale: a payout, a transfer to the bank.
    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, null=True, blank=True, related_name="journals")
    # What this journal follows from: an attempt's tran_id, a refund's refund_trans_id. Once for each kind.
    cause = models.CharField(max_length=60)
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("journal")
        verbose_name_plural = _("journals")
        constraints = [
            models.UniqueConstraint(fields=["kind", "cause"], name="journal_not_twice_for_a_cause"),
            models.CheckConstraint(
                condition=Q(kind__in=["bank_transfer", "payout"], charge__isnull=True)
                | ~Q(kind__in=["bank_transfer", "payout"]) & Q(charge__isnull=False),
                name="journal_not_without_its_charge",
            ),
        ]
        indexes = [models.Index(fields=["at"], name="journals_by_time")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.cause}"


class LedgerEntry(AppendOnlyModel):
    """A signed line of a journal. Plus is what we have or spend, minus is what we owe or earn.

    `doctor` says whose account it is, on DOCTOR, and of whose fee it is kept, on COMMISSION. `at` is the journal's: the
    database writes it, whatever is given, so that a doctor's sums are read from one index.
    """

    journal = models.ForeignKey(Journal, on_delete=models.PROTECT, related_name="entries")
    account = models.CharField(max_length=20, choices=Account)
    doctor = models.ForeignKey(
        "doctors.Doctor", on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    currency = models.CharField(max_length=3)
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="ledger_entry_not_empty"),
            models.CheckConstraint(
                condition=Q(account="doctor", doctor__isnull=False)
                | Q(account="commission")
                | ~Q(account__in=["doctor", "commission"]) & Q(doctor__isnull=True),
                name="ledger_entry_not_of_an_unnamed_doctor",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "currency"], name="ledger_by_account"),
            models.Index(
                fields=["doctor", "at"],
                include=["account", "amount", "journal"],
                condition=Q(doctor__isnull=False),
                name="ledger_of_a_doctor_by_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.amount:+} {self.currency}"
