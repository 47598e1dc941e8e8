"""That the patient's side was asked for a review of a visit."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class ReviewRequest(models.Model):
    """Written when the visit is claimed, in the transaction of the notices that ask: so that it is asked once."""

    appointment = models.OneToOneField(
        "appointments.Appointment", on_delete=models.PROTECT, primary_key=True, related_name="+"
    )
    at = models.DateTimeField(_("when"), db_default=Now(), editable=False, db_index=True)

    class Meta:
        verbose_name = _("question for a review")
        verbose_name_plural = _("questions for reviews")

    def __str__(self) -> str:
        return str(self.pk)
