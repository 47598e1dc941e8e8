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

__all__ = [
    "add_family_member",
    "begin_care",
    "change_person",
    "end_care",
    "majority",
    "own_patient",
    "phone_of",
    "set_phone",
]
