"""Erasing a person, in every room at once, and keeping what the law keeps: when who was visited, and the books."""

from collections.abc import Iterable

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.erasure import blank_account
from accounts.models import Erasure, Role, User
from appointments.erasure import blank_visits, is_expected
from config.db import lock
from config.errors import DomainError
from doctors.erasure import drop_draft
from patients.erasure import blank_patient, end_guardianships_of, patients_that_end_with
from patients.models import Patient
from payments.erasure import blank_payer, is_money_open
from prescriptions.erasure import blank_orders, is_ordered
from reviews.erasure import blank_reviews
from telehealth.erasure import blank_consultations

log = structlog.get_logger()


class NotErasable(DomainError):
    """Says what is in the way."""


def what_is_in_the_way(user: User, patients: Iterable[Patient]) -> str | Promise | None:
    """A sentence about what must be settled before this account can be erased; None where nothing is."""
    if hasattr(user, "doctor") or user.is_staff or user.role == Role.ADMIN:
        return _("A doctor’s or an administrator’s account holds what others need. Write to us to have it erased.")
    if is_expected(patients):
        return _("There is an appointment ahead. Cancel it first, or wait until it is over.")
    if is_ordered(patients):
        return _("Something is ordered of a doctor. Cancel it first, or wait until it is done.")
    if is_money_open(user):
        return _("A payment or a refund is still on its way. Please try again when it has arrived.")
    return None


@transaction.atomic
def erase_if_due(user_id: int) -> bool:
    """Erase the person if the time to think is over and nothing is in the way; False otherwise.

    Locks the patients, the account, then the erasure; one that another worker holds is left to that worker. Run twice,
    it is done once.
    """
    user = User.objects.get(pk=user_id)
    patients = list(lock(Patient.objects.all(), [patient.pk for patient in patients_that_end_with(user)]).values())
    user = lock(User.objects.all(), [user_id])[user_id]
    due = Erasure.objects.due().filter(user=user).select_for_update(skip_locked=True)
    erasure = due.first()
    if erasure is None or what_is_in_the_way(user, patients):
        return False
    blank_reviews(user, patients)
    for patient in patients:
        blank_visits(patient)
        blank_orders(patient)
        blank_consultations(patient)
        blank_patient(patient, by=user)
    end_guardianships_of(user)
    blank_payer(user)
    drop_draft(user)
    blank_account(user)
    erasure.done_at = timezone.now()
    erasure.save(update_fields=["done_at"])
    log.info("person_erased", user=user_id, patients=len(patients))
    return True
