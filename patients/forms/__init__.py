"""What people type about patients."""

from patients.forms.emergency import EmergencyAccessForm, FindPatientForm
from patients.forms.family import AddressForm, ConsentForm, GuardianForm
from patients.forms.health import FORMS
from patients.forms.people import FamilyMemberForm, PatientForm, mobile_number
from patients.forms.records import (
    AddRecordsForm,
    ChangeRecordForm,
    FilesField,
    RecordsFilterForm,
    ShareForm,
    ShareKindForm,
    close_files,
    one_by_one,
    title_of,
)

__all__ = [
    "FORMS",
    "AddRecordsForm",
    "AddressForm",
    "ChangeRecordForm",
    "ConsentForm",
    "EmergencyAccessForm",
    "FamilyMemberForm",
    "FilesField",
    "FindPatientForm",
    "GuardianForm",
    "PatientForm",
    "RecordsFilterForm",
    "ShareForm",
    "ShareKindForm",
    "close_files",
    "mobile_number",
    "one_by_one",
    "title_of",
]
