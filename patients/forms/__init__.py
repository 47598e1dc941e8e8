"""What people type about patients."""

from patients.forms.health import FORMS
from patients.forms.people import FamilyMemberForm, PatientForm, mobile_number

__all__ = ["FORMS", "FamilyMemberForm", "PatientForm", "mobile_number"]
