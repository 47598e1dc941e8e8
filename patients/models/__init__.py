"""Who is treated, what is known of their health, and who may see it."""

from patients.models.emergency import EmergencyAccess, EmergencyReason, Verdict
from patients.models.health import (
    FACTS,
    Allergy,
    Condition,
    FactKind,
    HealthFact,
    MedicationStatement,
    NoneKnown,
)
from patients.models.invitations import Invitation
from patients.models.people import (
    AGE_OF_MAJORITY,
    GUARDIAN_AS,
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
from patients.models.records import FileToRemove, MedicalRecord, RecordKind, kind_permission
from patients.models.sharing import LONGEST_SHARE, AttachedRecord, PatientGrant, RecordGrant

__all__ = [
    "AGE_OF_MAJORITY",
    "FACTS",
    "GUARDIAN_AS",
    "LONGEST_SHARE",
    "PERSONAL",
    "Allergy",
    "AttachedRecord",
    "BloodGroup",
    "CareRelationship",
    "Condition",
    "EmergencyAccess",
    "EmergencyReason",
    "FactKind",
    "FileToRemove",
    "Guardianship",
    "HealthFact",
    "Invitation",
    "Kinship",
    "MedicalRecord",
    "MedicationStatement",
    "NoneKnown",
    "Patient",
    "PatientGrant",
    "RecordGrant",
    "RecordKind",
    "Relation",
    "Sex",
    "Verdict",
    "kind_permission",
    "today",
]
