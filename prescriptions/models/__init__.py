"""What a doctor writes about a visit and prescribes after it, and what is known of medicines."""

from prescriptions.models.imports import Import, ImportKind, ImportStatus, RefusedRow
from prescriptions.models.medicines import (
    ROUTE_OF,
    Caution,
    DrugClass,
    Form,
    Generic,
    Ingredient,
    Interaction,
    Product,
    ReferenceSet,
    Route,
    Severity,
)
from prescriptions.models.notes import LONGEST_PART, PARTS, SHARED_PARTS, NoteVersion, VisitNote
from prescriptions.models.prescriptions import (
    Food,
    Item,
    Override,
    Prescription,
    PrescriptionStatus,
    Template,
    TemplateItem,
)
from prescriptions.models.signed import PrescriptionEvent, SignedPrescription, SigningKey

__all__ = [
    "LONGEST_PART",
    "PARTS",
    "ROUTE_OF",
    "SHARED_PARTS",
    "Caution",
    "DrugClass",
    "Food",
    "Form",
    "Generic",
    "Import",
    "ImportKind",
    "ImportStatus",
    "Ingredient",
    "Interaction",
    "Item",
    "NoteVersion",
    "Override",
    "Prescription",
    "PrescriptionEvent",
    "PrescriptionStatus",
    "Product",
    "ReferenceSet",
    "RefusedRow",
    "Route",
    "Severity",
    "SignedPrescription",
    "SigningKey",
    "Template",
    "TemplateItem",
    "VisitNote",
]
