"""Why a booking is called off: codes, and nothing of health."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class PatientsReason(models.TextChoices):
    NOT_NEEDED = "not_needed", _("I do not need the visit any more")
    CANNOT_COME = "cannot_come", _("I cannot come at this time")
    OTHER_DOCTOR = "other_doctor", _("I go to another doctor")
    TOO_EXPENSIVE = "too_expensive", _("It costs too much")
    OTHER = "other", _("Another reason")


class DoctorsReason(models.TextChoices):
    AWAY = "away", _("I am away")
    EMERGENCY = "emergency", _("I have to see to an emergency")
    OTHER_CARE = "other_care", _("The patient needs other care than mine")
    TECHNICAL = "technical", _("Something technical is in the way")
    OTHER = "other", _("Another reason")


REASONS: dict[str, type[models.TextChoices]] = {"patient": PatientsReason, "doctor": DoctorsReason}
