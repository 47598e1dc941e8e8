"""Health facts: read through one door that writes the trail first, changed under the patient's lock."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts.models import Action, Ground, User
from accounts.trail import write_trail
from config.db import constraint_name, lock
from patients.errors import AlreadyListed, Changed, SomethingKnown, TooManyFacts
from patients.models import (
    FACTS,
    CareRelationship,
    EmergencyAccess,
    FactKind,
    Guardianship,
    HealthFact,
    NoneKnown,
    Patient,
)

# Of one kind and patient; a page shows them all.
MOST_FACTS = 60
TWICE = {"allergy_not_twice", "condition_not_twice", "medication_not_twice"}


@dataclass(frozen=True)
class Section:
    """What is known of one kind: rows; or that there are none, as somebody said; or nothing, for nobody said so."""

    kind: FactKind
    rows: list[HealthFact]
    none_known: NoneKnown | None

    @property
    def is_silent(self) -> bool:
        return not self.rows and self.none_known is None


def standing(user: User, patient: Patient) -> tuple[Ground, object]:
    """Why the user may act for this patient today: the ground for the trail, and its key.

    Raises PermissionDenied when there is none.
    """
    if patient.user_id == user.pk:
        return Ground.SELF, ""
    bond = Guardianship.objects.current().filter(guardian=user, patient=patient).first()
    if bond is None:
        raise PermissionDenied
    return Ground.GUARDIAN, bond.pk


@transaction.atomic
def read_facts(patient: Patient, *, by: User, ground: Ground, ground_id: object = "") -> list[Section]:
    """All that is known of a patient's health, and that `by` is about to see it stands in the trail.

    The only door to the facts: what cannot be written down is not read, for the database's error goes up. What `by`
    reads them because of stays until then: once its end has returned, this raises PermissionDenied.
    """
    _hold(patient, by, ground, ground_id)
    write_trail(Action.READ, by=by, about="patients.facts", subject=patient.pk, ground=ground, ground_id=ground_id)
    none_known = {row.kind: row for row in NoneKnown.objects.filter(patient=patient).select_related("said_by")}
    return [
        Section(FactKind(kind), list(model.objects.filter(patient=patient).for_facts()), none_known.get(kind))
        for kind, model in FACTS.items()
    ]


def _hold(patient: Patient, by: User, ground: Ground, ground_id: Any) -> None:
    """Lock the row that the reading follows from, so that whoever ends it waits for the trail to be written."""
    rows: QuerySet[Any]
    match ground:
        case Ground.SELF:
            return
        case Ground.GUARDIAN:
            rows = Guardianship.objects.current().filter(pk=ground_id, guardian=by)
        case Ground.CARE:
            rows = CareRelationship.objects.current().of_user(by).filter(source=ground_id)
        case Ground.BREAK_GLASS:
            rows = EmergencyAccess.objects.live(by).filter(pk=ground_id)
        case _:
            raise PermissionDenied
    if rows.filter(patient=patient).order_by("pk").select_for_update(no_key=True, of=("self",)).first() is None:
        raise PermissionDenied


@transaction.atomic
def note_reading(fact: HealthFact, *, by: User) -> None:
    """That somebody who acts for the patient is about to see one fact stands in the trail."""
    ground, ground_id = standing(by, fact.patient)
    _hold(fact.patient, by, ground, ground_id)
    write_trail(Action.READ, by=by, about=fact, subject=fact.patient_id, ground=ground, ground_id=ground_id)


def nothing_said() -> list[Section]:
    """The facts of somebody of whom the portal keeps no patient yet."""
    return [Section(FactKind(kind), [], None) for kind in FACTS]


def silences(patients: Iterable[UUID]) -> dict[UUID, list[FactKind]]:
    """Of each of these patients the kinds of which nobody has said anything. One query; tells no fact."""
    rows = Patient.objects.filter(pk__in=list(patients)).annotate(
        **{f"has_{kind}": Exists(model.objects.filter(patient=OuterRef("pk"))) for kind, model in FACTS.items()},
        **{f"no_{kind}": Exists(NoneKnown.objects.filter(patient=OuterRef("pk"), kind=kind)) for kind in FACTS},
    )
    names = [name for kind in FACTS for name in (f"has_{kind}", f"no_{kind}")]
    return {
        row["pk"]: [FactKind(kind) for kind in FACTS if not (row[f"has_{kind}"] or row[f"no_{kind}"])]
        for row in rows.values("pk", *names)
    }


@transaction.atomic
def add_fact(fact: HealthFact, *, by: User) -> None:
    """List one more fact; that none of its kind are known is true no longer.

    Locks the patient's row. Raises AlreadyListed, whatever the case it is written in, and TooManyFacts.
    """
    patient = _locked(fact.patient_id)
    if type(fact).objects.filter(patient=patient).count() >= MOST_FACTS:
        raise TooManyFacts
    _save(fact, by=by)
    NoneKnown.objects.filter(patient=patient, kind=fact.kind).delete()
    _note(Action.ADDED, fact, patient, by=by)


@transaction.atomic
def change_fact(fact: HealthFact, *, by: User) -> None:
    """Put a fact right. Locks the patient's row. Raises AlreadyListed, and Changed when it was removed meanwhile."""
    patient = _locked(fact.patient_id)
    if not type(fact).objects.filter(pk=fact.pk, patient=patient).exists():
        raise Changed
    _save(fact, by=by)
    _note(Action.CHANGED, fact, patient, by=by)


@transaction.atomic
def remove_fact(fact: HealthFact, *, by: User) -> None:
    """Take a fact off the list, once; that none are known is for somebody to say. Locks the patient's row."""
    patient = _locked(fact.patient_id)
    if type(fact).objects.filter(pk=fact.pk, patient=patient).exists():
        _note(Action.REMOVED, fact, patient, by=by)
        fact.delete()


@transaction.atomic
def say_none(patient: Patient, kind: FactKind, *, by: User) -> None:
    """Write down that there is nothing of this kind, who says so and when; said again, it counts from now.

    Locks the patient's row. Raises SomethingKnown while anything of the kind is listed.
    """
    patient = _locked(patient.pk)
    if FACTS[kind].objects.filter(patient=patient).exists():
        raise SomethingKnown
    said, _created = NoneKnown.objects.update_or_create(
        patient=patient, kind=kind, defaults={"said_by": by, "said_at": timezone.now()}
    )
    _note(Action.ADDED, said, patient, by=by)


@transaction.atomic
def take_none_back(patient: Patient, kind: FactKind, *, by: User) -> None:
    """Nobody has said anything of this kind any more. Locks the patient's row."""
    patient = _locked(patient.pk)
    said = NoneKnown.objects.filter(patient=patient, kind=kind).first()
    if said is not None:
        _note(Action.REMOVED, said, patient, by=by)
        said.delete()


def _locked(patient_id: UUID) -> Patient:
    return lock(Patient.objects.all(), [patient_id])[patient_id]


def _save(fact: HealthFact, *, by: User) -> None:
    fact.recorded_by, fact.recorded_at = by, timezone.now()
    try:
        with transaction.atomic():
            fact.save()
    except IntegrityError as error:
        if constraint_name(error) in TWICE:
            raise AlreadyListed from error
        raise


def _note(action: Action, row: HealthFact | NoneKnown, patient: Patient, *, by: User) -> None:
    """In the trail; the right to do it is looked up anew, under the lock."""
    ground, ground_id = standing(by, patient)
    write_trail(action, by=by, about=row, subject=patient.pk, ground=ground, ground_id=ground_id)
