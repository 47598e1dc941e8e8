"""Vouching for a doctor."""

from django.db import transaction
from django.utils import timezone

from accounts.models import Kind, Role, User
from accounts.services import notify
from doctors.models import Doctor
from doctors.services.listing import mark_stale, write_documents


@transaction.atomic
def verify_doctor(doctor: Doctor) -> bool:
    """Let a doctor be found and booked from now on, and tell the doctor; False where that was so already.

    Somebody whose home was a patient's gets a doctor's. Locks the doctor's row.
    """
    doctor = Doctor.objects.select_for_update(no_key=True, of=("self",)).select_related("user").get(pk=doctor.pk)
    if doctor.verified_at is not None:
        return False
    doctor.verified_at = timezone.now()
    doctor.save(update_fields=["verified_at"])
    User.objects.filter(pk=doctor.user_id, role=Role.PATIENT).update(role=Role.DOCTOR)
    write_documents([doctor.pk])
    mark_stale([doctor.pk])
    notify(doctor.user, Kind.DOCTOR_VERIFIED, facts={"path": doctor.get_absolute_url()})
    return True
