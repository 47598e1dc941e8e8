"""What bookings know of a patient: whether something is still ahead, and the reason and the notices, which go."""

from collections.abc import Iterable

from accounts.models import Notification
from appointments.models import Appointment, Case
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
    Notification.objects.filter(user__in=told, facts__path__in=paths).delete()
    visits.exclude(reason="", cancel_words="").update(reason="", cancel_words="")
    Case.objects.filter(appointment__patient=patient).exclude(words="").update(words="")
