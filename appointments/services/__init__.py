"""The booking: hold, pay, confirm, hold the visit, cancel, expire. By noun; what others call is named here."""

from appointments.services.cases import contest_visit, decide_case, open_case
from appointments.services.door import change_status, lock_booking
from appointments.services.ending import call_off, cancel_appointment, give_back, undo_booking, would_come_back
from appointments.services.holds import (
    expire_hold,
    expire_lapsed_holds,
    extend_hold,
    hold_slot,
)
from appointments.services.leave import LeaveOutcome, covered_by, end_leave, lay_leave
from appointments.services.moving import reschedule
from appointments.services.offers import accept_offer, claim_offers, decline_offer, end_offer
from appointments.services.paying import confirm, fee_in_words, pay_later, settle_booking, start_payment
from appointments.services.replacing import replace_appointment, same_specialty
from appointments.services.terms import save_terms, terms_of
from appointments.services.visits import ask_to_follow_up, begin_visit, complete_visit, mark_no_show

__all__ = [
    "LeaveOutcome",
    "accept_offer",
    "ask_to_follow_up",
    "begin_visit",
    "call_off",
    "cancel_appointment",
    "change_status",
    "claim_offers",
    "complete_visit",
    "confirm",
    "contest_visit",
    "covered_by",
    "decide_case",
    "decline_offer",
    "end_leave",
    "end_offer",
    "expire_hold",
    "expire_lapsed_holds",
    "extend_hold",
    "fee_in_words",
    "give_back",
    "hold_slot",
    "lay_leave",
    "lock_booking",
    "mark_no_show",
    "open_case",
    "pay_later",
    "replace_appointment",
    "reschedule",
    "same_specialty",
    "save_terms",
    "settle_booking",
    "start_payment",
    "terms_of",
    "undo_booking",
    "would_come_back",
]
