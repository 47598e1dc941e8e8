"""What the patient's side is told of prescriptions: that there is one, whose and from whom, and never what is in it."""

from django.urls import reverse
from django.utils import translation

from accounts.models import Kind
from accounts.services import notify
from prescriptions.models import Prescription


def signed(prescription: Prescription, *, amends: bool) -> None:
    _tell(prescription, Kind.PRESCRIPTION_AMENDED if amends else Kind.PRESCRIPTION_READY)


def voided(prescription: Prescription) -> None:
    _tell(prescription, Kind.PRESCRIPTION_VOID)


def _tell(prescription: Prescription, kind: Kind) -> None:
    """Takes the visit with its patient and doctor along."""
    visit = prescription.appointment
    for user in visit.patient.people():
        # The doctor is called as in the language of the one who is told.
        with translation.override(user.language):
            facts = {
                "doctor": visit.doctor.full_name,
                "patient": visit.patient.name,
                "path": reverse("prescriptions:signed", args=[prescription.pk]),
            }
            notify(user, kind, facts=facts)
