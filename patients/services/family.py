"""Who acts for whom: invited, accepted, ended and renewed; those whom it concerns are told each time.

Whatever changes who acts for a patient locks the patient's row first, then the account's, then the invitation's, so
that a child never loses its last guardian between two who leave at once.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import ForeignObjectRel
from django.utils import timezone

from accounts.models import Action, Ground, Kind, User
from accounts.services import notify
from accounts.trail import write_trail
from config.db import lock
from config.queue import send_on_commit
from patients import rules
from patients.errors import (
    AlreadyActing,
    AlreadyAPatient,
    InvitationOver,
    LastGuardian,
    NotOfAge,
    NotTheAddressee,
    TooManyGuardians,
    TooManyInvitations,
)
from patients.models import Guardianship, Invitation, Patient, Relation, today
from patients.models.invitations import LIVES
from patients.services.health import standing
from patients.services.people import end_for, own_patient

MOST_GUARDIANS = 4
INVITATIONS_A_DAY = 10
TOLD_BEFORE = timedelta(days=30)

Purpose = Invitation.Purpose


# Inviting --------------------------------------------------------------------------------------------------------


@transaction.atomic
def invite_guardian(patient: Patient, *, email: str, relation: Relation, by: User) -> Invitation:
    """Offer the owner of an address to act for the patient too; all who act for the patient are told.

    `relation` is what the patient is to that person. Invited again, the earlier offer is withdrawn. Locks the patient's
    row and the account. Raises AlreadyActing, TooManyGuardians, TooManyInvitations.
    """
    patient = _locked(patient.pk)
    _require(rules.may_invite_guardian(by, patient))
    if EmailAddress.objects.filter(user__in=patient.people(), email__iexact=email).exists():
        raise AlreadyActing
    if patient.guardianships.current().count() >= MOST_GUARDIANS:
        raise TooManyGuardians
    invitation = _invite(Purpose.GUARDIAN, email, by, patient=patient, relation=relation)
    _tell_all(patient, Kind.GUARDIAN_INVITED, by=by)
    return invitation


@transaction.atomic
def hand_over(patient: Patient, *, email: str, by: User) -> Invitation:
    """Offer the patient, as the owner of an address, the record that others have kept so far; they are told.

    Locks the patient's row and the account. Raises TooManyInvitations.
    """
    patient = _locked(patient.pk)
    _require(rules.may_hand_over(by, patient))
    invitation = _invite(Purpose.CLAIM, email, by, patient=patient)
    _tell_all(patient, Kind.RECORD_OFFERED, by=by)
    return invitation


@transaction.atomic
def ask_consent(*, email: str, relation: Relation, by: User) -> Invitation:
    """Ask a grown-up with an account to let `by` act for them. Whether there is such an account stays unsaid.

    Locks the account. Raises TooManyInvitations.
    """
    return _invite(Purpose.CONSENT, email, by, relation=relation)


def _invite(purpose: str, email: str, by: User, *, patient: Patient | None = None, relation: str = "") -> Invitation:
    lock(User.objects.only("pk"), [by.pk])
    now = timezone.now()
    if Invitation.objects.filter(invited_by=by, created_at__gt=now - timedelta(days=1)).count() >= INVITATIONS_A_DAY:
        raise TooManyInvitations
    earlier = Invitation.objects.filter(purpose=purpose, email=email.lower(), patient=patient, invited_by=by)
    earlier.filter(accepted_at=None, withdrawn_at=None).update(withdrawn_at=now, mail_due_at=None)
    invitation = Invitation.objects.create(
        purpose=purpose,
        patient=patient,
        email=email.lower(),
        relation=relation,
        invited_by=by,
        expires_at=now + LIVES,
    )
    subject = patient.pk if patient else None
    ground, ground_id = standing(by, patient) if patient and rules.acts_for(by, patient.pk) else (Ground.SELF, "")
    write_trail(Action.ADDED, by=by, about=invitation, subject=subject, ground=ground, ground_id=ground_id)
    from patients.tasks import send_invitation

    send_on_commit(send_invitation, str(invitation.pk))
    return invitation


@transaction.atomic
def withdraw_invitation(invitation: Invitation, *, by: User) -> None:
    """Take an offer back; one that was accepted or withdrawn stays what it was. Who may: InvitationQuerySet says."""
    open_one = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, withdrawn_at=None)
    if open_one.update(withdrawn_at=timezone.now(), mail_due_at=None):
        write_trail(Action.REMOVED, by=by, about=invitation, subject=invitation.patient_id, ground=Ground.SELF)


# Accepting -------------------------------------------------------------------------------------------------------


def check_invitation(invitation: Invitation, *, by: User) -> None:
    """Raises NotTheAddressee unless it went to a proven address of `by`, InvitationOver unless it is open to them.

    Whoever accepted it may come back to it.
    """
    if not EmailAddress.objects.filter(user=by, email__iexact=invitation.email, verified=True).exists():
        raise NotTheAddressee
    if invitation.accepted_by_id == by.pk:
        return
    if not invitation.is_open or not _still_offered(invitation):
        raise InvitationOver


def _still_offered(invitation: Invitation) -> bool:
    """Whether who invited still had the right to."""
    patient, inviter = invitation.patient, invitation.invited_by
    if not inviter.is_active:
        return False
    if invitation.purpose == Purpose.GUARDIAN:
        return patient is not None and rules.may_invite_guardian(inviter, patient)
    if invitation.purpose == Purpose.CLAIM:
        return patient is not None and rules.may_hand_over(inviter, patient)
    return True


@transaction.atomic
def accept_invitation(invitation: Invitation, *, by: User) -> Patient:
    """Do what was offered, once; accepted again by the same person, it is the same. All whom it concerns are told.

    Answers the patient whom it is about. Locks the patient's row, the account, the invitation. Raises NotTheAddressee,
    InvitationOver, AlreadyActing, AlreadyAPatient, TooManyGuardians.
    """
    about = invitation.patient_id or own_patient(by).pk
    own = Patient.objects.filter(user=by).values_list("pk", flat=True)
    patients = lock(Patient.objects.all(), {about, *own})
    lock(User.objects.only("pk"), [by.pk])
    patient = patients[about]
    rows = Invitation.objects.select_related("patient", "invited_by").select_for_update(no_key=True, of=("self",))
    invitation = rows.get(pk=invitation.pk)
    check_invitation(invitation, by=by)
    if invitation.accepted_by_id == by.pk:
        return patient
    match invitation.purpose:
        case Purpose.GUARDIAN:
            _begin(patient, by, invitation.relation, by=by)
        case Purpose.CONSENT:
            if patient.is_minor:
                raise NotOfAge
            _begin(patient, invitation.invited_by, invitation.relation, by=by)
        case Purpose.CLAIM:
            _claim(patient, by)
    invitation.accepted_at, invitation.accepted_by, invitation.mail_due_at = timezone.now(), by, None
    invitation.save(update_fields=["accepted_at", "accepted_by", "mail_due_at"])
    return patient


def _begin(patient: Patient, guardian: User, relation: str, *, by: User) -> Guardianship:
    """The caller holds the patient's lock."""
    current = Guardianship.objects.current().filter(patient=patient)
    if patient.user_id == guardian.pk or current.filter(guardian=guardian).exists():
        raise AlreadyActing
    if current.count() >= MOST_GUARDIANS:
        raise TooManyGuardians
    bond = Guardianship.objects.create(
        guardian=guardian, patient=patient, relation=relation, valid=DateRange(today(), end_for(patient))
    )
    ground, ground_id = standing(by, patient)
    write_trail(Action.ADDED, by=by, about=bond, subject=patient.pk, ground=ground, ground_id=ground_id)
    _tell_all(patient, Kind.GUARDIAN_ADDED, by=by, guardian=str(guardian))
    return bond


def _claim(patient: Patient, user: User) -> None:
    """The record becomes the user's own. The caller holds the locks of both patients and of the user."""
    if Guardianship.objects.filter(patient=patient, guardian=user).exists():
        # A guardian does not become the child.
        raise AlreadyActing
    own = Patient.objects.filter(user=user).first()
    if own is not None:
        if has_anything(own):
            raise AlreadyAPatient
        own.delete()
    patient.user = user
    patient.save(update_fields=["user"])
    offers = Invitation.objects.filter(patient=patient, purpose=Purpose.CLAIM, accepted_at=None, withdrawn_at=None)
    offers.exclude(email__in=_addresses(user)).update(withdrawn_at=timezone.now(), mail_due_at=None)
    write_trail(Action.CHANGED, by=user, about=patient, subject=patient.pk, ground=Ground.SELF, code="claimed")
    _tell_all(patient, Kind.RECORD_CLAIMED, by=user)


def _addresses(user: User) -> list[str]:
    return [email.lower() for email in EmailAddress.objects.filter(user=user).values_list("email", flat=True)]


def has_anything(patient: Patient) -> bool:
    """Whether any row of any room hangs on this patient: then it is more than a name."""
    # The history of rows refers to them without a constraint, and is nothing by itself.
    referring = [
        relation.field
        for relation in Patient._meta.get_fields(include_hidden=True)
        if isinstance(relation, ForeignObjectRel) and getattr(relation.field, "db_constraint", True)
    ]
    return any(field.model._base_manager.filter(**{field.name: patient}).exists() for field in referring)


# Ending and renewing ---------------------------------------------------------------------------------------------


@transaction.atomic
def end_guardianship(guardianship: Guardianship, *, by: User) -> None:
    """The guardian steps down, or the grown-up patient ends it: gone at the next request, once. All are told.

    Locks the patient's row. Raises LastGuardian when a child would be left without anybody.
    """
    patient = _locked(guardianship.patient_id)
    bond = Guardianship.objects.current().filter(pk=guardianship.pk).select_related("guardian").first()
    if bond is None:
        return
    _require(rules.may_end(by, bond, patient))
    others = patient.guardianships.current().exclude(pk=bond.pk).filter(guardian__is_active=True)
    if patient.is_minor and not others.exists():
        raise LastGuardian
    ground, ground_id = standing(by, patient)
    write_trail(Action.REMOVED, by=by, about=bond, subject=patient.pk, ground=ground, ground_id=ground_id)
    _tell_all(patient, Kind.GUARDIAN_ENDED, by=by, guardian=str(bond.guardian))
    if bond.valid.lower < today():
        bond.valid, bond.ended_by = DateRange(bond.valid.lower, today()), by
        bond.save(update_fields=["valid", "ended_by"])
    else:
        # It began today, and a range without a day in it is none. Its history keeps that it was.
        bond.delete()
    offers = Invitation.objects.filter(patient=patient, invited_by=bond.guardian, accepted_at=None, withdrawn_at=None)
    offers.update(withdrawn_at=timezone.now(), mail_due_at=None)


@transaction.atomic
def renew_guardianship(guardianship: Guardianship, *, by: User) -> Guardianship | None:
    """The patient, grown up, lets the one who acted for the child go on, without an end; asked twice, it is one.

    Locks the patient's row. None where it goes on already.
    """
    patient = _locked(guardianship.patient_id)
    bond = Guardianship.objects.select_related("guardian").get(pk=guardianship.pk)
    _require(rules.may_renew(by, bond, patient))
    if patient.guardianships.current().filter(guardian=bond.guardian).exists():
        return None
    return _begin(patient, bond.guardian, bond.relation, by=by)


def announce_endings() -> int:
    """Tell each guardian once, thirty days ahead, that the right to act for a child ends; how many were told.

    A sweeper calls it; one patient at a time, so that a failure holds nobody else up.
    """
    soon = Guardianship.objects.to_announce(today() + TOLD_BEFORE)
    return sum(_announce(key) for key in soon.values_list("patient", flat=True).distinct())


@transaction.atomic
def _announce(patient_id: UUID) -> int:
    patient = _locked(patient_id)
    bonds = list(
        Guardianship.objects.to_announce(today() + TOLD_BEFORE).filter(patient=patient).select_related("guardian")
    )
    for bond in bonds:
        _tell(bond.guardian, patient, Kind.GUARDIANSHIP_ENDS, day=bond.valid.upper.isoformat())
    Guardianship.objects.filter(pk__in=[bond.pk for bond in bonds]).update(announced_at=timezone.now())
    return len(bonds)


# Telling ---------------------------------------------------------------------------------------------------------


def _tell_all(patient: Patient, kind: Kind, *, by: User, **facts: Any) -> None:
    """All who act for the patient at this moment, whoever did it among them: what one did not do oneself alarms."""
    for user in patient.people():
        _tell(user, patient, kind, by=str(by), **facts)


def _tell(user: User, patient: Patient, kind: Kind, **facts: Any) -> None:
    is_own = patient.user_id == user.pk
    path = "/account/" if is_own else f"/account/family/{patient.pk}/"
    notify(user, kind, facts={"patient": patient.name, "is_own": is_own, "path": path} | facts)


def _locked(patient_id: UUID) -> Patient:
    return lock(Patient.objects.all(), [patient_id])[patient_id]


def _require(allowed: bool) -> None:
    if not allowed:
        raise PermissionDenied
