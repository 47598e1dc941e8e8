"""What doctors does, for its own pages and for the rooms above it."""

from doctors.services.listing import mark_stale, write_documents
from doctors.services.profile import Rows, save_profile, set_photo, use_place_again
from doctors.services.suspension import AlreadySuspended, NotSuspended, restore_doctor, suspend_doctor
from doctors.services.verification import verify_doctor

__all__ = [
    "AlreadySuspended",
    "NotSuspended",
    "Rows",
    "mark_stale",
    "restore_doctor",
    "save_profile",
    "set_photo",
    "suspend_doctor",
    "use_place_again",
    "verify_doctor",
    "write_documents",
]
