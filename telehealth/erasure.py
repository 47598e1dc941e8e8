"""What rooms know of a patient: what was written goes; that there was a visit, who was in it and when, is kept."""

from patients.models import Patient
from telehealth.models import ChatMessage, QualitySample


def blank_consultations(patient: Patient) -> None:
    """The words of both sides and the figures of the calls go. The caller holds the patient's lock."""
    ChatMessage.objects.filter(consultation__appointment__patient=patient).exclude(text="").update(text="")
    QualitySample.objects.filter(consultation__appointment__patient=patient).delete()
