"""What bookings know of a patient: whether something is still ahead, and the reason and the notices, which go."""

from collections.abc import Iterable

from accounts.models import Kind, Notification
from appointments.models import Appointment, CalendarFeed, Case, Wait
from patients.models import Guardianship, Patient


def is_expected(patients: Iterable[Patient]) -> bool:
    """Whether one of them has a visit ahead, or a time that is held."""
    return Appointment.objects.filter(patient__in=list(patients)).coming().exists()


def blank_visits(patient: Patient) -> None:
    """When and with whom a visit was must be kept; why it was, and what others were told by name, goes.

    The caller holds the patient's lock.
    """
    visits = Appointment.objects.filter(patient=patient)
    doctors, bookers = (visits.values_list(who, flat=True) for who in ("doctor__user", "booked_by"))
    told = {*doctors, *bookers, *Guardianship.objects.filter(patient=patient).values_list("guardian", flat=True)}
    paths = [visit.get_absolute_url() for visit in visits.only("pk")]
    notices = Notification.objects.filter(user__in=told)
    notices.filter(facts__path__in=paths).delete()
    for path in paths:
        notices.filter(kind=Kind.VISIT_REMINDER, facts__visits__contains=[{"path": path}]).delete()
    Wait.objects.filter(patient=patient, state=Wait.State.WAITING).update(state=Wait.State.LEFT)
    CalendarFeed.objects.filter(user=patient.user_id).delete()
    visits.exclude(reason="", cancel_words="").update(reason="", cancel_words="")
    Case.objects.filter(appointment__patient=patient).exclude(words="").update(words="")
