"""What the gateway said."""

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class GatewayMessageQuerySet(models.QuerySet["GatewayMessage"]):
    def due(self) -> Self:
        """Those to be dealt with now, longest waiting first."""
        return self.filter(status=GatewayMessage.Status.NEW, due_at__lte=Now()).order_by("due_at")


class GatewayMessage(models.Model):
    """The inbox: every message of the gateway as it came, kept before anything is decided."""

    class Source(models.TextChoices):
        IPN = "ipn", _("Server to server")
        RETURN = "return", _("The payer's browser")

    class Status(models.TextChoices):
        NEW = "new", _("New")
        DONE = "done", _("Dealt with")
        REFUSED = "refused", _("Refused")
        # Tried many times in vain; an administrator looks.
        ASIDE = "aside", _("Set aside")

    class Verdict(models.TextChoices):
        SETTLED = "settled", _("The payment is settled")
        ASKED = "asked", _("The gateway was asked instead")
        NOT_SIGNED = "not_signed", _("Not signed by the gateway")
        OTHER_STORE = "other_store", _("Meant for another store")
        UNKNOWN_ATTEMPT = "unknown_attempt", _("No such attempt")
        OTHER_AMOUNT = "other_amount", _("Speaks of another amount")
        NOT_VALID = "not_valid", _("The gateway does not confirm it")
        OTHER_PAYMENT = "other_payment", _("The gateway confirms another payment")
        TOO_OFTEN = "too_often", _("Tried many times in vain")

    source = models.CharField(max_length=10, choices=Source)
    tran_id = models.CharField(max_length=60, blank=True)
    fields = models.JSONField()
    received_at = models.DateTimeField(db_default=Now(), editable=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.NEW)
    verdict = models.CharField(max_length=20, choices=Verdict, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(db_default=Now())

    objects = GatewayMessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("gateway message")
        verbose_name_plural = _("gateway messages")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["new", "done", "refused", "aside"]), name="message_status_not_unknown"
            )
        ]
        indexes = [
            models.Index(F("due_at"), condition=Q(status="new"), name="messages_to_deal_with"),
            models.Index(fields=["tran_id"], name="messages_of_an_attempt"),
            models.Index(F("id"), condition=Q(status="aside"), name="messages_set_aside"),
        ]

    def __str__(self) -> str:
        return f"{self.get_source_display()} · {self.tran_id}"
