"""What doctors and administrators type."""

from prescriptions.forms.composer import (
    ItemFormSet,
    PrescriptionForm,
    ReasonForm,
    TemplateForm,
    VoidForm,
    initial_items,
)
from prescriptions.forms.imports import ImportForm
from prescriptions.forms.notes import NoteForm

__all__ = [
    "ImportForm",
    "ItemFormSet",
    "NoteForm",
    "PrescriptionForm",
    "ReasonForm",
    "TemplateForm",
    "VoidForm",
    "initial_items",
]
