"""Keeping the shipped specialties and symptoms as their files have them."""

from dataclasses import asdict, dataclass

from django.db import transaction

from specialties.models import Specialty, Symptom, SymptomSpecialty
from specialties.reference import Reference

# Between two shipped positions there is room for a specialty of an admin's own.
STEP = 10

SPECIALTY_FIELDS = ("name_en", "name_bn", "practitioner_en", "practitioner_bn", "icon", "synonyms")
SYMPTOM_FIELDS = ("name_en", "name_bn", "synonyms")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load found and did; symptoms are dropped by deletion, specialties are taken out of use."""

    specialties: int
    specialties_added: int
    specialties_dropped: int
    symptoms: int
    symptoms_added: int
    symptoms_dropped: int


@transaction.atomic
def load_reference(reference: Reference) -> Loaded:
    """Make the shipped rows those of the reference, all or nothing; a second run changes nothing.

    What an admin made stays as it is, unless the reference came to have its slug: then the row is shipped from now on.
    A shipped specialty that an admin took out of use stays out of use. One that left the reference is taken out of use
    and never deleted, for doctors may have it; a symptom that left is deleted. Locks the specialties.
    """
    in_use = dict(
        Specialty.objects.filter(is_shipped=True)
        .order_by("pk")
        .select_for_update(no_key=True)
        .values_list("slug", "is_active")
    )
    known_symptoms = set(Symptom.objects.filter(is_shipped=True).values_list("slug", flat=True))
    _write_specialties(reference, in_use)
    _write_symptoms(reference)
    _write_links(reference)
    specialties = {entry.slug for entry in reference.specialties}
    symptoms = {entry.slug for entry in reference.symptoms}
    Specialty.objects.filter(is_shipped=True).exclude(slug__in=specialties).update(is_shipped=False, is_active=False)
    Symptom.objects.filter(is_shipped=True).exclude(slug__in=symptoms).delete()
    return Loaded(
        specialties=len(specialties),
        specialties_added=len(specialties - in_use.keys()),
        specialties_dropped=len(in_use.keys() - specialties),
        symptoms=len(symptoms),
        symptoms_added=len(symptoms - known_symptoms),
        symptoms_dropped=len(known_symptoms - symptoms),
    )


def _write_specialties(reference: Reference, in_use: dict[str, bool]) -> None:
    Specialty.objects.bulk_create(
        [
            Specialty(**asdict(entry), position=number * STEP, is_active=in_use.get(entry.slug, True), is_shipped=True)
            for number, entry in enumerate(reference.specialties, start=1)
        ],
        update_conflicts=True,
        unique_fields=["slug"],
        update_fields=[*SPECIALTY_FIELDS, "position", "is_active", "is_shipped"],
    )


def _write_symptoms(reference: Reference) -> None:
    Symptom.objects.bulk_create(
        [
            Symptom(slug=entry.slug, **{name: getattr(entry, name) for name in SYMPTOM_FIELDS}, is_shipped=True)
            for entry in reference.symptoms
        ],
        update_conflicts=True,
        unique_fields=["slug"],
        update_fields=[*SYMPTOM_FIELDS, "is_shipped"],
    )


def _write_links(reference: Reference) -> None:
    """Only those between two shipped rows: an admin's own specialty may treat a shipped symptom, and the other way."""
    specialties = dict(Specialty.objects.filter(is_shipped=True).values_list("slug", "pk"))
    symptoms = dict(Symptom.objects.filter(is_shipped=True).values_list("slug", "pk"))
    wanted = {
        (symptoms[entry.slug], specialties[slug]): weight
        for entry in reference.symptoms
        for slug, weight in entry.specialties.items()
    }
    shipped = SymptomSpecialty.objects.filter(symptom__is_shipped=True, specialty__is_shipped=True)
    stale = [pk for pk, *pair in shipped.values_list("pk", "symptom_id", "specialty_id") if tuple(pair) not in wanted]
    SymptomSpecialty.objects.filter(pk__in=stale).delete()
    SymptomSpecialty.objects.bulk_create(
        [
            SymptomSpecialty(symptom_id=symptom, specialty_id=specialty, weight=weight)
            for (symptom, specialty), weight in wanted.items()
        ],
        update_conflicts=True,
        unique_fields=["symptom", "specialty"],
        update_fields=["weight"],
    )
