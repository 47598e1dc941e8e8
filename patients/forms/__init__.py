"""What people type about patients."""

from patients.forms.emergency import EmergencyAccessForm, FindPatientForm
from patients.forms.health import FORMS
from patients.forms.people import FamilyMemberForm, PatientForm, mobile_number

__all__ = ["FORMS", "EmergencyAccessForm", "FamilyMemberForm", "FindPatientForm", "PatientForm", "mobile_number"]
