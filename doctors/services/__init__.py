"""What doctors does, for its own pages and for the rooms above it."""

from doctors.services.certificates import (
    attach_certificate,
    draw_certificate,
    drop_certificate,
    open_certificate,
    remove_certificate,
)
from doctors.services.listing import mark_stale, unwritten, write_documents, write_earlier_forms
from doctors.services.profile import Rows, save_profile, set_photo, use_place_again
from doctors.services.suspension import restore_doctor, suspend_doctor
from doctors.services.verification import (
    Application,
    Claim,
    approve_verification,
    ask_more,
    move_verification,
    number_is_taken,
    reject_verification,
    save_draft,
    send_application,
    send_change,
    tick_items,
    ticked,
    withdraw_verification,
)

__all__ = [
    "Application",
    "Claim",
    "Rows",
    "approve_verification",
    "ask_more",
    "attach_certificate",
    "draw_certificate",
    "drop_certificate",
    "mark_stale",
    "move_verification",
    "number_is_taken",
    "open_certificate",
    "reject_verification",
    "remove_certificate",
    "restore_doctor",
    "save_draft",
    "save_profile",
    "send_application",
    "send_change",
    "set_photo",
    "suspend_doctor",
    "tick_items",
    "ticked",
    "unwritten",
    "use_place_again",
    "withdraw_verification",
    "write_documents",
    "write_earlier_forms",
]
