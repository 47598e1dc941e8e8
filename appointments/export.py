"""What this room keeps of a patient, for the copy that the patient may take away."""

from django.utils.translation import gettext_lazy as _

from appointments.models import Appointment, Status, Wait
from config.export import Section
from doctors.models import Mode, Part
from patients.models import Patient
from scheduling.models import VisitKind


def visit_section(patient: Patient) -> Section:
    visits = Appointment.objects.filter(patient=patient).for_list().order_by("-period")
    return Section(
        "appointments",
        _("Appointments"),
        [
            ("id", _("Key")),
            ("start", _("When")),
            ("end", _("Until")),
            ("doctor", _("Doctor")),
            ("mode", _("How")),
            ("place", _("Where")),
            ("reason", _("Reason for the visit")),
            ("status", _("State")),
            ("cancel_words", _("Said when it was cancelled")),
            ("fee", _("Fee")),
            ("currency", _("Currency")),
        ],
        [
            (
                str(each.pk),
                each.start,
                each.end,
                each.doctor.full_name,
                Mode(each.mode),
                each.place.name if each.place else "",
                each.reason,
                Status(each.status),
                each.cancel_words,
                each.fee,
                each.currency,
            )
            for each in visits
        ],
    )


def wait_section(patient: Patient) -> Section:
    waits = Wait.objects.filter(patient=patient).for_list()
    return Section(
        "waits",
        _("Waiting lists"),
        [
            ("id", _("Key")),
            ("joined", _("Since")),
            ("doctor", _("Doctor")),
            ("first", _("From")),
            ("last", _("Until")),
            ("kind", _("What kind of visit")),
            ("mode", _("How")),
            ("part", _("Part of the day")),
            ("state", _("State")),
        ],
        [
            (
                str(each.pk),
                each.created_at,
                each.doctor.full_name,
                each.first,
                each.last,
                each.visit_type.name if each.visit_type else VisitKind.NEW,
                Mode(each.mode) if each.mode else "",
                Part(each.part) if each.part else "",
                Wait.State(each.state),
            )
            for each in waits
        ],
    )
