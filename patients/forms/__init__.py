"""What people type about patients."""

from patients.forms.people import FamilyMemberForm, mobile_number

__all__ = ["FamilyMemberForm", "mobile_number"]
