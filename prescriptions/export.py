"""What this room keeps of a patient, for the copy that the patient may take away."""

from django.utils.translation import gettext_lazy as _

from appointments.models import Status
from config.export import Section
from patients.models import Patient
from prescriptions.models import PARTS, VisitNote


def prescription_sections(patient: Patient) -> list[Section]:
    """The notes of visits that are over, whole."""
    notes = VisitNote.objects.filter(appointment__patient=patient, appointment__status=Status.COMPLETED)
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
    ]
