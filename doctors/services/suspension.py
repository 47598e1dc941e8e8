"""Keeping a doctor from patients, and giving the doctor back to them."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.models import Action, Ground, Kind, User
from accounts.services import notify
from accounts.trail import write_trail
from config.db import lock
from doctors.errors import AlreadySuspended, NotSuspended
from doctors.models import Doctor
from doctors.services.listing import mark_stale, write_documents

# Where the doctor reads why.
PROFILE = "/practice/profile/"


@transaction.atomic
def suspend_doctor(doctor: Doctor, *, reason: str, by: User) -> None:
    """From now on nobody finds or books the doctor; what is booked stays booked. The doctor is told.

    Locks the doctor's row, so that a booking that is under way is either made before or refused. Raises
    AlreadySuspended where somebody was faster.
    """
    locked = lock(Doctor.objects.select_related("user"), [doctor.pk])[doctor.pk]
    if locked.suspended_at is not None:
        raise AlreadySuspended
    _write(locked, at=timezone.now(), reason=reason)
    write_trail(Action.SUSPENDED, by=by, about=locked, ground=Ground.DUTY)
    notify(locked.user, Kind.DOCTOR_SUSPENDED, facts={"path": PROFILE})


@transaction.atomic
def restore_doctor(doctor: Doctor, *, by: User) -> None:
    """The doctor is found and booked again, if verified. The doctor is told. Locks the doctor's row.

    Raises NotSuspended where somebody was faster.
    """
    locked = lock(Doctor.objects.select_related("user"), [doctor.pk])[doctor.pk]
    if locked.suspended_at is None:
        raise NotSuspended
    _write(locked, at=None, reason="")
    write_trail(Action.RESTORED, by=by, about=locked, ground=Ground.DUTY)
    notify(locked.user, Kind.DOCTOR_RESTORED, facts={"path": PROFILE})


def _write(doctor: Doctor, *, at: datetime | None, reason: str) -> None:
    doctor.suspended_at, doctor.suspension_reason = at, reason
    doctor.save(update_fields=["suspended_at", "suspension_reason"])
    write_documents([doctor.pk])
    mark_stale([doctor.pk])
