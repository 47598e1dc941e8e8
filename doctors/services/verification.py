"""Vouching for a doctor: what is sent, what is asked, what is decided.

Lock order: the doctor's row, then the account, then the verification, which is changed by compare-and-set.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_hex
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify

from accounts.models import Action, Ground, Kind, Role, User
from accounts.services import notify
from accounts.trail import write_trail
from config.db import constraint_name, lock
from config.errors import DomainError
from doctors.errors import (
    AlreadyInReview,
    AlreadyVerified,
    ChecklistIncomplete,
    NoCertificate,
    NumberTaken,
    OwnVerification,
    TooManyVerifications,
    VerificationChanged,
    WordsMissing,
)
from doctors.models import (
    OPEN_VERIFICATION,
    TAKEN_SLUGS,
    VERIFICATION_TRANSITIONS,
    Certificate,
    ChecklistItem,
    Doctor,
    Purpose,
    Qualification,
    Verification,
    VerificationDraft,
    VerificationEvent,
    VerificationStatus,
    VerificationTick,
)
from doctors.services.certificates import drop_certificate
from doctors.services.listing import mark_stale, write_documents
from doctors.services.profile import set_specialties
from specialties.models import Specialty

# So that nobody fills the queue, or the storage, by sending and withdrawing.
MOST_IN_A_WHILE, A_WHILE = 5, timedelta(days=30)
NOBODY = 0
STATUS_PAGE = "/doctors/apply/status/"
IDENTITY_PAGE = "/practice/profile/identity/"


@dataclass(frozen=True, slots=True)
class Claim:
    """The name and the number that somebody says are theirs."""

    name: str
    name_bn: str
    registration_number: str


@dataclass(frozen=True, slots=True)
class Application:
    """All that an application says of a doctor; degrees are unsaved."""

    claim: Claim
    title: str
    gender: str
    practising_since: int
    languages: Sequence[str]
    specialties: Sequence[Specialty]
    degrees: Sequence[Qualification]


def move_verification(
    verification: Verification, new: VerificationStatus, *, by: User, words: str = "", **changes: object
) -> None:
    """Change the status, and with it `changes`, if it and what was sent are still as this row says; write the event.

    The only door to a status. Raises VerificationChanged where the table knows no such change, or somebody was faster.
    """
    old, revision = VerificationStatus(verification.status), verification.revision
    if new not in VERIFICATION_TRANSITIONS[old]:
        raise VerificationChanged
    changes |= {"status": new, "decided_at": None if new in OPEN_VERIFICATION else timezone.now()}
    if not Verification.objects.filter(pk=verification.pk, status=old, revision=revision).update(**changes):
        raise VerificationChanged
    for name, value in changes.items():
        setattr(verification, name, value)
    VerificationEvent.objects.create(
        verification=verification, by=by, revision=verification.revision, old=old, new=new, words=words
    )


# What a doctor does ----------------------------------------------------------------------------------------------


@transaction.atomic
def save_draft(user: User, page: str, answers: dict[str, list[str]]) -> None:
    """Keep what was filled in on one page of the application, until it is sent."""
    draft, _made = VerificationDraft.objects.select_for_update().get_or_create(user=user)
    draft.answers |= {page: answers}
    draft.save(update_fields=["answers", "updated_at"])


def number_is_taken(number: str, *, but_by: Doctor | None) -> bool:
    """Whether another doctor is verified with this registration number, or waits to be."""
    pk = but_by.pk if but_by else NOBODY
    return (
        Doctor.objects.filter(registration_number=number, verified_at__isnull=False).exclude(pk=pk).exists()
        or Verification.objects.open().filter(registration_number=number).exclude(doctor_id=pk).exists()
    )


def send_application(user: User, application: Application) -> Verification:
    """Send an application, or send it again after more was asked or it was not accepted; the user hears of it.

    A profile comes of it that nobody else sees; the role stays what it is. The certificate is the draft's, or the one
    that was sent before, and the draft is gone. Locks the doctor's row, if there is one, then the account. Raises
    AlreadyVerified, AlreadyInReview (also for the second of two windows), NumberTaken, NoCertificate and
    TooManyVerifications.
    """
    try:
        with transaction.atomic():
            return _send_application(user, application)
    except IntegrityError as error:
        if refusal := _refusal(error):
            raise refusal from error
        raise


def _send_application(user: User, application: Application) -> Verification:
    doctor = _locked_doctor(user)
    if doctor is not None and doctor.verified_at is not None:
        raise AlreadyVerified
    before = _latest(doctor)
    if before is not None and before.status == VerificationStatus.PENDING:
        raise AlreadyInReview
    claim = application.claim
    if number_is_taken(claim.registration_number, but_by=doctor):
        raise NumberTaken
    doctor = _write_applicant(doctor or Doctor(user=user), application)
    return _send(doctor, Purpose.APPLICATION, claim, before=before, by=user)


def send_change(doctor: Doctor, claim: Claim, *, by: User) -> Verification:
    """Ask for another name or number, or send that again; the public page stays as it is until it is approved.

    Locks the doctor's row, then the account. Raises AlreadyInReview, NumberTaken, NoCertificate and
    TooManyVerifications.
    """
    try:
        with transaction.atomic():
            _locked_doctor(by)
            before = _latest(doctor)
            if before is not None and before.status == VerificationStatus.PENDING:
                raise AlreadyInReview
            if number_is_taken(claim.registration_number, but_by=doctor):
                raise NumberTaken
            return _send(doctor, Purpose.CHANGE, claim, before=before, by=by)
    except IntegrityError as error:
        if refusal := _refusal(error):
            raise refusal from error
        raise


def _refusal(error: IntegrityError) -> DomainError | None:
    """What the database's refusal means to whom it met, when two were at it at once."""
    match constraint_name(error):
        case "registration_number_not_in_review_twice" | "registration_number_not_of_two_verified_doctors":
            return NumberTaken()
        case "verification_not_open_twice" | "doctors_doctor_user_id_key":
            return AlreadyInReview()
        case _:
            return None


def _locked_doctor(user: User) -> Doctor | None:
    """The user's doctor, if there is one, with the account locked behind it: two windows are one after the other."""
    known = Doctor.objects.filter(user=user).values_list("pk", flat=True)
    locked = lock(Doctor.objects.all(), list(known))
    lock(User.objects.only("pk"), [user.pk])
    found = next(iter(locked.values()), None)
    if found is None and Doctor.objects.filter(user=user).exists():
        # Made in the other window while this one waited for the account.
        raise AlreadyInReview
    return found


def _latest(doctor: Doctor | None) -> Verification | None:
    return Verification.objects.filter(doctor=doctor).order_by("-pk").first() if doctor else None


def _write_applicant(doctor: Doctor, application: Application) -> Doctor:
    """The profile of somebody who is not verified, as the application has it."""
    claim = application.claim
    facts = {
        "name": claim.name,
        "name_bn": claim.name_bn,
        "registration_number": claim.registration_number,
        "title": application.title,
        "gender": application.gender,
        "practising_since": application.practising_since,
        "languages": list(application.languages),
    }
    for name, value in facts.items():
        setattr(doctor, name, value)
    _save_with_a_slug(doctor)
    set_specialties(doctor, application.specialties)
    kept = {(row.degree, row.institution, row.year): row.pk for row in doctor.qualifications.all()}
    wanted = {(row.degree, row.institution, row.year): row for row in application.degrees}
    doctor.qualifications.exclude(pk__in=[pk for facts, pk in kept.items() if facts in wanted]).delete()
    for facts_, degree in wanted.items():
        if facts_ not in kept:
            degree.doctor = doctor
            degree.save()
    write_documents([doctor.pk])
    return doctor


def _save_with_a_slug(doctor: Doctor) -> None:
    """Save under the first address that nobody has: the name, the name with the number, the name with something."""
    name = slugify(doctor.name)[:50].strip("-") or "doctor"
    number = slugify(doctor.registration_number)
    for slug in (name, f"{name}-{number}", f"{name}-{token_hex(3)}"):
        if slug in TAKEN_SLUGS or Doctor.objects.filter(slug=slug).exclude(pk=doctor.pk).exists():
            continue
        doctor.slug = slug
        try:
            with transaction.atomic():
                doctor.save()
        except IntegrityError as error:
            if "slug" not in (constraint_name(error) or ""):
                raise
        else:
            return
    raise AssertionError("three addresses were taken, one of them made up")


def _send(doctor: Doctor, purpose: Purpose, claim: Claim, *, before: Verification | None, by: User) -> Verification:
    draft = VerificationDraft.objects.select_for_update().filter(user=by).first()
    certificate = _certificate(draft, before)
    facts: dict[str, Any] = {
        "name": claim.name,
        "name_bn": claim.name_bn,
        "registration_number": claim.registration_number,
        "certificate": certificate,
        "sent_at": timezone.now(),
    }
    if before is not None and before.is_open:
        replaced = before.certificate
        move_verification(before, VerificationStatus.PENDING, by=by, revision=before.revision + 1, **facts)
        verification = before
        if replaced != certificate:
            drop_certificate(replaced)
    else:
        if Verification.objects.filter(doctor=doctor, sent_at__gte=timezone.now() - A_WHILE).count() >= MOST_IN_A_WHILE:
            raise TooManyVerifications
        verification = Verification.objects.create(doctor=doctor, purpose=purpose, **facts)
        VerificationEvent.objects.create(verification=verification, by=by, revision=1, new=VerificationStatus.PENDING)
    if draft is not None:
        draft.delete()
    write_trail(Action.APPLIED, by=by, about=verification, code=purpose)
    _tell(verification, Kind.DOCTOR_APPLIED)
    return verification


def _certificate(draft: VerificationDraft | None, before: Verification | None) -> Certificate:
    """The one that was chosen now, else the one that was sent before."""
    if draft is not None and draft.certificate is not None:
        return draft.certificate
    if before is not None and before.may_be_sent_again:
        return before.certificate
    raise NoCertificate


@transaction.atomic
def withdraw_verification(verification: Verification, *, by: User) -> None:
    """Take back what was sent, before it is decided. Raises VerificationChanged."""
    move_verification(verification, VerificationStatus.WITHDRAWN, by=by)
    write_trail(Action.REMOVED, by=by, about=verification, code="withdrawn")


# What an administrator does --------------------------------------------------------------------------------------


@transaction.atomic
def tick_items(verification: Verification, items: Collection[ChecklistItem], *, by: User) -> None:
    """Have exactly these items ticked for what was sent last; who ticked what before stays written down.

    Raises VerificationChanged where it is not in review any more, or was sent anew since this row was read.
    """
    # Against a decision, and against a second administrator who ticks the same.
    found = Verification.objects.select_for_update(no_key=True).filter(
        pk=verification.pk, status=VerificationStatus.PENDING, revision=verification.revision
    )
    if not found:
        raise VerificationChanged
    _allowed(verification, by)
    now = ticked(verification)
    rows = [
        VerificationTick(
            verification=verification, revision=verification.revision, item=item, is_ticked=item in items, by=by
        )
        for item in ChecklistItem
        if (item in now) != (item in items)
    ]
    VerificationTick.objects.bulk_create(rows)


def ticked(verification: Verification) -> dict[ChecklistItem, VerificationTick]:
    """The items that are ticked for what was sent last, and by whom: one query."""
    last = (
        VerificationTick.objects.filter(verification=verification, revision=verification.revision)
        .select_related("by")
        .order_by("item", "-pk")
        .distinct("item")
    )
    return {ChecklistItem(tick.item): tick for tick in last if tick.is_ticked}


@transaction.atomic
def ask_more(verification: Verification, *, words: str, by: User) -> None:
    """Ask the doctor for something more; it is the doctor's turn then. Raises VerificationChanged, WordsMissing."""
    _allowed(verification, by)
    move_verification(verification, VerificationStatus.MORE_ASKED, by=by, words=_words(words))
    write_trail(Action.ASKED, by=by, about=verification, ground=Ground.DUTY)
    _tell(verification, Kind.DOCTOR_MORE_ASKED)


@transaction.atomic
def reject_verification(verification: Verification, *, words: str, by: User) -> None:
    """Do not accept it, and say why; the doctor may apply again. Raises VerificationChanged, WordsMissing."""
    _allowed(verification, by)
    move_verification(verification, VerificationStatus.REJECTED, by=by, words=_words(words))
    write_trail(Action.REJECTED, by=by, about=verification, ground=Ground.DUTY)
    _tell(verification, Kind.DOCTOR_REJECTED)


def approve_verification(verification: Verification, *, by: User) -> None:
    """Vouch for the doctor: the public page shows this name and number from now on, and the doctor hears of it.

    Somebody whose home was a patient's gets a doctor's. Locks the doctor's row. Raises ChecklistIncomplete,
    VerificationChanged, and NumberTaken where another doctor was verified with this number meanwhile.
    """
    try:
        with transaction.atomic():
            _approve(verification, by=by)
    except IntegrityError as error:
        if refusal := _refusal(error):
            raise refusal from error
        raise


def _approve(verification: Verification, *, by: User) -> None:
    doctor = lock(Doctor.objects.select_related("user"), [verification.doctor_id])[verification.doctor_id]
    _allowed(verification, by)
    if verification.status == VerificationStatus.PENDING and set(ticked(verification)) != set(ChecklistItem):
        raise ChecklistIncomplete
    move_verification(verification, VerificationStatus.APPROVED, by=by)
    doctor.name, doctor.name_bn = verification.name, verification.name_bn
    doctor.registration_number = verification.registration_number
    doctor.verified_at = timezone.now()
    doctor.save(update_fields=["name", "name_bn", "registration_number", "verified_at"])
    User.objects.filter(pk=doctor.user_id, role=Role.PATIENT).update(role=Role.DOCTOR)
    write_documents([doctor.pk])
    mark_stale([doctor.pk])
    write_trail(Action.APPROVED, by=by, about=verification, ground=Ground.DUTY)
    _tell(verification, Kind.DOCTOR_VERIFIED)


def _allowed(verification: Verification, by: User) -> None:
    """Nobody vouches for themselves."""
    if Doctor.objects.filter(pk=verification.doctor_id, user=by).exists():
        raise OwnVerification


def _words(words: str) -> str:
    if not words.strip():
        raise WordsMissing
    return words.strip()


def _tell(verification: Verification, kind: Kind) -> None:
    """What a mail says of it: that something happened, and where to read what. No administrator's words."""
    doctor = Doctor.objects.select_related("user").get(pk=verification.doctor_id)
    change = verification.purpose == Purpose.CHANGE
    path = doctor.get_absolute_url() if kind == Kind.DOCTOR_VERIFIED else IDENTITY_PAGE if change else STATUS_PAGE
    notify(doctor.user, kind, facts={"path": path, "change": change})
