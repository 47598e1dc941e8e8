"""What patients does, for its own pages and for the rooms above it."""

from patients.services.emergency import close_emergency_access, open_emergency_access, review_emergency_access
from patients.services.people import (
    add_family_member,
    begin_care,
    change_person,
    end_care,
    majority,
    own_patient,
    phone_of,
    set_phone,
)
from patients.services.sharing import (
    MOST_ATTACHED,
    attach_record,
    detach_record,
    remove_past_grants,
    revoke_share,
    share_kind,
    share_record,
)

__all__ = [
    "MOST_ATTACHED",
    "add_family_member",
    "attach_record",
    "begin_care",
    "change_person",
    "close_emergency_access",
    "detach_record",
    "end_care",
    "majority",
    "open_emergency_access",
    "own_patient",
    "phone_of",
    "remove_past_grants",
    "review_emergency_access",
    "revoke_share",
    "set_phone",
    "share_kind",
    "share_record",
]
