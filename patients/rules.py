"""Who may do what about a patient, and when."""

from accounts.models import Role, User
from patients.models import Patient


def keeps_person(user: User, patient: Patient) -> bool:
    """Who has an account writes down themselves who they are; for all others it is those who act for them."""
    return patient.user_id in (None, user.pk)


def may_change_birth_date(user: User, patient: Patient) -> bool:
    """Not a child with an account of its own while guardians act for it: their right ends by this day."""
    return not (patient.user_id == user.pk and patient.is_minor and patient.guardianships.current().exists())


def is_treated(user: User, patient: Patient | None) -> bool:
    """Whether the portal keeps a patient of this user: everybody but the staff, and whoever of the staff has booked."""
    return patient is not None or user.role == Role.PATIENT
