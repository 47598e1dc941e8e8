"""Emergency access: opened with a reason, told at once to those whom it concerns, and judged by somebody else."""

from datetime import timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from accounts.models import Action, Ground, Kind, User
from accounts.services import notify
from accounts.trail import write_trail
from config.db import lock
from patients.errors import AlreadyReviewed, OwnAccess
from patients.models import EmergencyAccess, EmergencyReason, Patient, Verdict
from patients.models.emergency import EMERGENCY_LASTS

log = structlog.get_logger()


@transaction.atomic
def open_emergency_access(
    patient: Patient, *, by: User, reason: EmergencyReason, words: str, lasts: timedelta = EMERGENCY_LASTS
) -> EmergencyAccess:
    """Let an administrator look through this patient's data for half an hour; everybody who acts for the patient is
    told at once. Asked again while it is open, it is the same access. Locks the patient's row.
    """
    patient = lock(Patient.objects.all(), [patient.pk])[patient.pk]
    live = EmergencyAccess.objects.live(by).filter(patient=patient).first()
    if live is not None:
        return live
    access = EmergencyAccess.objects.create(
        by=by, patient=patient, reason=reason, words=words, expires_at=timezone.now() + lasts
    )
    write_trail(
        Action.BROKE_GLASS,
        by=by,
        about=access,
        subject=patient.pk,
        ground=Ground.BREAK_GLASS,
        ground_id=access.pk,
        code=reason,
    )
    _tell(access, Kind.EMERGENCY_ACCESS)
    log.warning("emergency_access_opened", access=str(access.pk), by=by.pk, reason=reason)
    return access


def close_emergency_access(access: EmergencyAccess) -> None:
    """End it before its time; one that is over stays as it was."""
    now = timezone.now()
    EmergencyAccess.objects.filter(pk=access.pk, closed_at=None, expires_at__gt=now).update(closed_at=now)


@transaction.atomic
def review_emergency_access(access: EmergencyAccess, *, by: User, verdict: Verdict, words: str) -> EmergencyAccess:
    """Judge another's access; it is over with that, and the patient's side hears what was found.

    Locks the access. Raises OwnAccess, and AlreadyReviewed if somebody was faster.
    """
    access = lock(EmergencyAccess.objects.select_related("patient"), [access.pk])[access.pk]
    if access.by_id == by.pk:
        raise OwnAccess
    if access.reviewed_at is not None:
        raise AlreadyReviewed
    close_emergency_access(access)
    access.reviewed_by, access.reviewed_at = by, timezone.now()
    access.verdict, access.review_words = verdict, words
    access.save(update_fields=["reviewed_by", "reviewed_at", "verdict", "review_words"])
    write_trail(Action.REVIEWED, by=by, about=access, subject=access.patient_id, ground=Ground.DUTY, code=verdict)
    _tell(access, Kind.EMERGENCY_REVIEWED)
    return access


def _tell(access: EmergencyAccess, kind: Kind) -> None:
    facts = {
        "patient": access.patient.name,
        "at": access.opened_at.isoformat(),
        "reason": access.reason,
        "verdict": access.verdict,
        "path": "/account/trail/",
    }
    for user in access.patient.people():
        notify(user, kind, facts=facts)
