"""The booking: hold, pay, confirm, hold the visit, cancel, expire. By noun; what others call is named here."""

from appointments.services.door import change_status, lock_booking
from appointments.services.ending import call_off, cancel_appointment, give_back, undo_booking, would_come_back
from appointments.services.holds import (
    expire_hold,
    expire_lapsed_holds,
    extend_hold,
    hold_slot,
)
from appointments.services.paying import confirm, settle_booking, start_payment
from appointments.services.terms import save_terms, terms_of
from appointments.services.visits import begin_visit, complete_visit, mark_no_show

__all__ = [
    "begin_visit",
    "call_off",
    "cancel_appointment",
    "change_status",
    "complete_visit",
    "confirm",
    "expire_hold",
    "expire_lapsed_holds",
    "extend_hold",
    "give_back",
    "hold_slot",
    "lock_booking",
    "mark_no_show",
    "save_terms",
    "settle_booking",
    "start_payment",
    "terms_of",
    "undo_booking",
    "would_come_back",
]
