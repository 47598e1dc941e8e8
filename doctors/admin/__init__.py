"""Doctors in the admin: the queue of those who want to be verified, and everybody's profile."""

from doctors.admin.people import DoctorAdmin
from doctors.admin.verification import VerificationAdmin

__all__ = ["DoctorAdmin", "VerificationAdmin"]
