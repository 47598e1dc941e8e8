"""What doctors, administrators and those who order type."""

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
from prescriptions.forms.orders import (
    AnswerForm,
    CertificateForm,
    DeclineForm,
    OfferForm,
    OrderForm,
    WithdrawForm,
)

__all__ = [
    "AnswerForm",
    "CertificateForm",
    "DeclineForm",
    "ImportForm",
    "ItemFormSet",
    "NoteForm",
    "OfferForm",
    "OrderForm",
    "PrescriptionForm",
    "ReasonForm",
    "TemplateForm",
    "VoidForm",
    "WithdrawForm",
    "initial_items",
]
