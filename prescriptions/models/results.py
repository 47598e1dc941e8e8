"""What an order was fulfilled with: words about reports, or a signed certificate. Frozen, both."""

import json
from typing import Any, Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from config.db import PAGE, AppendOnlyModel
from prescriptions.models.orders import Order
from prescriptions.models.signed import SignedDocument

LONGEST_ANSWER = 6000


class Answer(AppendOnlyModel):
    """What a doctor wrote about the reports that a patient put to an order."""

    order = models.OneToOneField(Order, on_delete=models.PROTECT, primary_key=True, related_name="answer")
    words = models.TextField(_("answer"), max_length=LONGEST_ANSWER)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        triggers = [
            pgtrigger.Protect(name="answer_not_rewritten", operation=pgtrigger.Update | pgtrigger.Delete),
        ]
        constraints = [models.CheckConstraint(condition=~Q(words=""), name="answer_not_empty")]

    def __str__(self) -> str:
        return str(self.pk)


class Attests(models.TextChoices):
    """What a certificate says of its days."""

    UNFIT = "unfit", _("Not fit for work or school")
    FIT = "fit", _("Fit for work or school")
    TREATED = "treated", _("Under treatment")


class SignedCertificateQuerySet(models.QuerySet["Certificate"]):
    def for_page(self) -> Self:
        return self.select_related("key", "order__doctor").fetch_mode(PAGE)


class Certificate(SignedDocument):
    """A certificate that was signed. It counts while its order is fulfilled: who takes it back closes it otherwise."""

    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="certificate")

    objects = SignedCertificateQuerySet.as_manager()

    class Meta:
        verbose_name = _("medical certificate")
        verbose_name_plural = _("medical certificates")
        triggers = [
            pgtrigger.Protect(name="certificate_not_rewritten", operation=pgtrigger.Update | pgtrigger.Delete),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(document="") & ~Q(signature=""), name="certificate_not_empty"),
        ]

    @cached_property
    def facts(self) -> dict[str, Any]:
        """The document, read."""
        document: dict[str, Any] = json.loads(self.document)
        return document
