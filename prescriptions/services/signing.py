"""Signing freezes a prescription; amending begins the next one; voiding ends it. Keys are made by a command."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import Action, Ground, User
from accounts.trail import write_trail
from config.db import lock
from config.encryption import decrypt, encrypt, renewed
from doctors.models import Doctor
from patients.models import Patient, today
from prescriptions import notices
from prescriptions.dosage import DoseKind, plain, quantity
from prescriptions.errors import DraftChanged, IllegalState, NeedsReasons, NoKey, NotComplete
from prescriptions.models import (
    Item,
    Prescription,
    PrescriptionEvent,
    PrescriptionStatus,
    SignedPrescription,
    SigningKey,
)
from prescriptions.models.prescriptions import COPIED, TRANSITIONS
from prescriptions.search import words_of
from prescriptions.services.composing import check_draft, dose_of
from prescriptions.signing import canonical, is_genuine, new_code, new_key, sign

log = structlog.get_logger()

# How long a pharmacy may hand out on it.
VALID_FOR = timedelta(days=30)
FORMAT = 1


@transaction.atomic
def sign_prescription(draft: Prescription, *, by: User) -> SignedPrescription:
    """Freeze the draft as it was looked through, sign it, and let it take the place of the one that it amends.

    The patient's side is told once that is durable.
    Takes the draft as `for_composer` has it. Locks both prescriptions, by their keys. Raises DraftChanged if it was
    saved since, NotComplete, NeedsReasons while a severe warning has no reason, NoKey, and IllegalState if the one that
    it amends was voided meanwhile.
    """
    keys = [draft.pk] + ([draft.replaces_id] if draft.replaces_id else [])
    locked = lock(Prescription.objects.all(), keys)
    now = locked.get(draft.pk)
    if now is None or now.version != draft.version or now.status != PrescriptionStatus.DRAFT:
        raise DraftChanged
    items = list(draft.items.all())
    if not items or not all(map(is_complete, items)):
        raise NotComplete
    given = set(draft.overrides.values_list("key", flat=True))
    if {each.key for each in check_draft(draft, by=by).severe} - given:
        raise NeedsReasons
    replaced = locked.get(draft.replaces_id) if draft.replaces_id else None
    signed = freeze(draft, now, replaced, by=by, at=timezone.now())
    _note(Action.SIGNED, draft, by=by)
    notices.signed(draft, amends=replaced is not None)
    return signed


def freeze(
    draft: Prescription, now: Prescription, replaced: Prescription | None, *, by: User, at: datetime
) -> SignedPrescription:
    """The signature alone, with the changes of state that follow from it: `now` is the draft's row, and `replaced` the
    one that it takes the place of, both locked by the caller. Raises NoKey, and IllegalState.
    """
    on = timezone.localdate(at, ZoneInfo(settings.PORTAL_TIME_ZONE))
    expires_on = on + VALID_FOR
    facts = _document(draft, on=on) | {
        "expires_on": expires_on.isoformat(),
        "replaces": replaced.signed.code if replaced else None,
    }
    signed = SignedPrescription.objects.create(
        prescription=now,
        doctor_id=draft.appointment.doctor_id,
        patient_id=draft.appointment.patient_id,
        words=words_of(*(name for item in facts["items"] for name in (item["name"], item["generic"]))),
        expires_on=expires_on,
        **under_signature(facts, by=by, at=at),
    )
    _move(now, PrescriptionStatus.SIGNED, by=by, at=at)
    if replaced is not None:
        _move(replaced, PrescriptionStatus.SUPERSEDED, by=by, at=at)
    return signed


def under_signature(facts: dict[str, Any], *, by: User, at: datetime) -> dict[str, Any]:
    """The columns of a SignedDocument that says these facts, and besides its code, its key and when. Raises NoKey."""
    key = SigningKey.objects.in_use().first()
    if key is None:
        raise NoKey
    code = new_code()
    document = canonical(facts | {"code": code, "key": key.kid, "signed_at": at.isoformat(timespec="seconds")})
    return {
        "code": code,
        "document": document.decode(),
        "signature": sign(document, decrypt(key.secret)),
        "key": key,
        "signed_at": at,
        "signed_by": by,
    }


def head_of_document(doctor: Doctor, patient: Patient, *, language: str, on: date) -> dict[str, Any]:
    """By whom and of whom, as it is on this day; people's names are copied, for they may change."""
    return {
        "portal": settings.SITE_ORIGIN,
        "language": language,
        "doctor": {
            "name": doctor.full_name,
            "registration": doctor.registration_number,
            "degrees": [each.degree for each in doctor.qualifications.all()],
        },
        "patient": {"name": patient.name, "age": patient.age(on), "sex": patient.sex},
    }


def is_complete(item: Item) -> bool:
    """A dose that is understood, and for how long, unless it is taken once."""
    dose = dose_of(item)
    return dose is not None and (item.days is not None or dose.kind == DoseKind.ONCE)


def _document(draft: Prescription, *, on: date) -> dict[str, Any]:
    visit = draft.appointment
    return head_of_document(visit.doctor, visit.patient, language=draft.language, on=on) | {
        "format": FORMAT,
        "weight_kg": plain(draft.weight_kg) if draft.weight_kg is not None else None,
        "items": [_line(item) for item in draft.items.all()],
        "tests": draft.tests,
        "advice": draft.advice,
        "follow_up_days": draft.follow_up_days,
    }


def _line(item: Item) -> dict[str, Any]:
    dose, product = dose_of(item), item.product
    assert dose is not None
    form = product.form if product else ""
    many = quantity(dose, item.days, form)
    return {
        "name": str(product) if product else item.written,
        "generic": product.generic.name if product else "",
        "form": form,
        "dose": dose.text,
        "food": item.food,
        "days": item.days,
        "quantity": plain(many) if many is not None else None,
        "note": item.note,
    }


def is_untouched(signed: SignedPrescription) -> bool:
    """Whether the document is, byte for byte, what was signed, and its row says the same. Takes the key along."""
    if not is_genuine(signed.document.encode(), signed.signature, signed.key.public):
        return False
    said = (signed.facts["code"], signed.facts["key"], signed.facts["expires_on"])
    return said == (signed.code, signed.key.kid, signed.expires_on.isoformat())


# What becomes of it --------------------------------------------------------------------------------------------------


@transaction.atomic
def amend_prescription(old: Prescription, *, by: User) -> Prescription:
    """Begin the one that takes its place once it is signed, with all that is in it; if it was begun, that one.

    Locks the prescription. Raises IllegalState for one that is not signed, and DraftChanged while the visit has another
    draft.
    """
    old = lock(Prescription.objects.all(), [old.pk])[old.pk]
    if old.status != PrescriptionStatus.SIGNED:
        raise IllegalState
    begun = Prescription.objects.drafts().filter(appointment=old.appointment_id).first()
    if begun is not None:
        if begun.replaces_id != old.pk:
            raise DraftChanged
        return begun
    facts = ("appointment_id", "language", "weight_kg", "is_pregnant", "is_breastfeeding", "tests", "advice")
    draft = Prescription.objects.create(
        replaces=old,
        tab=uuid4(),
        saved_at=timezone.now(),
        follow_up_days=old.follow_up_days,
        **{name: getattr(old, name) for name in facts},
    )
    Item.objects.bulk_create(
        [
            Item(prescription=draft, position=item.position, **{name: getattr(item, name) for name in COPIED})
            for item in old.items.all()
        ]
    )
    return draft


@transaction.atomic
def void_prescription(prescription: Prescription, *, reason: str, by: User) -> None:
    """End it: no pharmacy hands out on it any more; the patient's side is told once that is durable.

    Locks it. Raises IllegalState for one that is not signed.
    """
    related = ("appointment__patient", "appointment__doctor")
    now = lock(Prescription.objects.select_related(*related), [prescription.pk])[prescription.pk]
    now.void_reason = reason
    _move(now, PrescriptionStatus.VOID, by=by, at=timezone.now())
    _note(Action.VOIDED, now, by=by)
    notices.voided(now)


def _move(prescription: Prescription, new: PrescriptionStatus, *, by: User, at: datetime) -> None:
    """The one door to a prescription's state; the caller holds its lock."""
    old = PrescriptionStatus(prescription.status)
    if new not in TRANSITIONS[old]:
        raise IllegalState
    prescription.status = new
    prescription.save(update_fields=["status", "void_reason"])
    PrescriptionEvent.objects.create(prescription=prescription, by=by, at=at, old=old, new=new)


def _note(action: Action, prescription: Prescription, *, by: User) -> None:
    visit = prescription.appointment
    write_trail(action, by=by, about=prescription, subject=visit.patient_id, ground=Ground.CARE, ground_id=visit.pk)


# Keys ----------------------------------------------------------------------------------------------------------------


def make_key() -> SigningKey:
    """A new pair, which signs from now on. What was signed with others stays verifiable."""
    secret, public = new_key()
    kid = f"{today().isoformat()}-{uuid4().hex[:8]}"
    made = SigningKey.objects.create(kid=kid, public=public, secret=encrypt(secret))
    log.info("signing_key_made", kid=kid)
    return made


def retire_keys(keep: SigningKey) -> int:
    """Forget the private halves of all others; how many."""
    others = SigningKey.objects.filter(retired_at=None).exclude(pk=keep.pk)
    return others.update(retired_at=timezone.now(), secret="")


def renew_keys() -> int:
    """Put the private halves under the first of the encryption keys, so that older ones can be taken away."""
    keys = list(SigningKey.objects.filter(retired_at=None))
    for key in keys:
        key.secret = renewed(key.secret)
        key.save(update_fields=["secret"])
    return len(keys)
