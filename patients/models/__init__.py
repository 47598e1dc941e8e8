"""Who is treated, what is known of their health, and who may see it."""

from patients.models.health import (
    FACTS,
    Allergy,
    Condition,
    FactKind,
    HealthFact,
    MedicationStatement,
    NoneKnown,
)
from patients.models.people import (
    AGE_OF_MAJORITY,
    PERSONAL,
    BloodGroup,
    CareRelationship,
    Guardianship,
    Kinship,
    Patient,
    Relation,
    Sex,
    today,
)

__all__ = [
    "AGE_OF_MAJORITY",
    "FACTS",
    "PERSONAL",
    "Allergy",
    "BloodGroup",
    "CareRelationship",
    "Condition",
    "FactKind",
    "Guardianship",
    "HealthFact",
    "Kinship",
    "MedicationStatement",
    "NoneKnown",
    "Patient",
    "Relation",
    "Sex",
    "today",
]
