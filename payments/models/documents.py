"""Receipts and refund notes: numbered without gaps, written once, and verifiable by anybody who has one."""

import secrets
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from config.db import PAGE, AppendOnlyModel, UUID7Field
from payments.models.charges import Charge, Refund

# Crockford's base 32: no letter that is taken for a digit.
CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 12


def new_document_code() -> str:
    """Sixty bits that nobody guesses."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


class DocumentKind(models.TextChoices):
    RECEIPT = "receipt", _("Receipt")
    REFUND_NOTE = "refund_note", _("Refund note")


class DueDocument(models.Model):
    """A document that is owed, written in the transaction of what it is about; gone once the document is there."""

    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="+")
    refund = models.OneToOneField(Refund, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["charge"], condition=Q(refund__isnull=True), name="receipt_not_owed_twice_for_a_charge"
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)


class DocumentSeries(models.Model):
    """The last number given out in a year, for each kind. Its row is locked last of all, for a moment."""

    kind = models.CharField(max_length=12, choices=DocumentKind)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "year"], name="series_not_twice_a_year")]

    def __str__(self) -> str:
        return f"{self.kind} {self.year}"


class DocumentQuerySet(models.QuerySet["Document"]):
    def visible_to(self, user: User) -> Self:
        """Those of what this user paid."""
        return self.filter(charge__payer=user)

    def for_page(self) -> Self:
        """All that the paper and the page of verification say."""
        return self.select_related("charge__payer", "refund__attempt").fetch_mode(PAGE)


class Document(AppendOnlyModel):
    """A receipt of a charge, or the note of a refund. It names nobody: the payer's name is the account's."""

    id = UUID7Field()
    kind = models.CharField(_("kind"), max_length=12, choices=DocumentKind)
    number = models.CharField(_("number"), max_length=20, unique=True)
    code = models.CharField(max_length=CODE_LENGTH, unique=True, default=new_document_code, editable=False)
    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="documents")
    refund = models.OneToOneField(Refund, on_delete=models.PROTECT, null=True, blank=True, related_name="note")
    amount = models.DecimalField(_("amount"), max_digits=10, decimal_places=2)
    currency = models.CharField(max_length=3)
    issued_at = models.DateTimeField(_("issued"), db_default=Now())

    objects = DocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        constraints = [
            models.UniqueConstraint(
                fields=["charge"], condition=Q(kind="receipt"), name="charge_not_with_two_receipts"
            ),
            models.CheckConstraint(
                condition=Q(kind="receipt", refund__isnull=True) | Q(kind="refund_note", refund__isnull=False),
                name="refund_note_not_without_a_refund",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="document_not_below_a_paisa"),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("payments:document", args=[self.pk])
