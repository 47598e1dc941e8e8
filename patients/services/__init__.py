"""What patients does, for its own pages and for the rooms above it."""

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
    "detach_record",
    "end_care",
    "majority",
    "own_patient",
    "phone_of",
    "remove_past_grants",
    "revoke_share",
    "set_phone",
    "share_kind",
    "share_record",
]
