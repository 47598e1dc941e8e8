"""What this room keeps of a patient, for the copy that the patient may take away."""

from django.utils.translation import gettext_lazy as _

from appointments.models import Status
from config.export import Section
from patients.models import Patient
from prescriptions.models import PARTS, PrescriptionStatus, SignedPrescription, VisitNote


def prescription_sections(patient: Patient) -> list[Section]:
    """The notes of visits that are over, whole, and what was signed, with what it takes to verify it."""
    notes = VisitNote.objects.filter(appointment__patient=patient, appointment__status=Status.COMPLETED)
    signed = SignedPrescription.objects.filter(prescription__appointment__patient=patient)
    signed = signed.select_related("prescription", "key")
    return [
        Section(
            "visit_notes",
            _("What doctors wrote about visits"),
            [
                ("appointment", _("Visit")),
                ("at", _("When")),
                *((part, VisitNote._meta.get_field(part).verbose_name) for part in PARTS),
            ],
            [(str(each.pk), each.saved_at, *each.words.values()) for each in notes.order_by("pk") if not each.is_blank],
        ),
        Section(
            "prescriptions",
            _("Prescriptions"),
            [
                ("code", _("Code")),
                ("at", _("When")),
                ("status", _("State")),
                ("key", _("Key")),
                ("signature", _("Signature")),
                ("document", _("As it was signed")),
            ],
            [
                (
                    each.code,
                    each.signed_at,
                    PrescriptionStatus(each.prescription.status),
                    each.key.kid,
                    each.signature,
                    each.document,
                )
                for each in signed.order_by("signed_at", "pk")
            ],
        ),
    ]
