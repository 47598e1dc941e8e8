"""Who is treated, what is known of their health, and who may see it."""

from patients.models.people import (
    AGE_OF_MAJORITY,
    CareRelationship,
    Guardianship,
    Patient,
    Relation,
    Sex,
    today,
)

__all__ = [
    "AGE_OF_MAJORITY",
    "CareRelationship",
    "Guardianship",
    "Patient",
    "Relation",
    "Sex",
    "today",
]
