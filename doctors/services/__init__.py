"""What doctors does, for its own pages and for the rooms above it."""

from doctors.services.listing import mark_stale, write_documents
from doctors.services.profile import set_photo
from doctors.services.suspension import AlreadySuspended, NotSuspended, restore_doctor, suspend_doctor
from doctors.services.verification import verify_doctor

__all__ = [
    "AlreadySuspended",
    "NotSuspended",
    "mark_stale",
    "restore_doctor",
    "set_photo",
    "suspend_doctor",
    "verify_doctor",
    "write_documents",
]
