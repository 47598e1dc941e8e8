"""The booking: one row from the first hold to the end, and the events of its life."""

from appointments.models.booking import (
    HOLD,
    LIVE_HOLDS_AN_ACCOUNT,
    LONGEST_HOLD,
    Appointment,
    AppointmentQuerySet,
)
from appointments.models.cases import Case
from appointments.models.events import AppointmentEvent
from appointments.models.feeds import CalendarFeed
from appointments.models.offers import Offer
from appointments.models.reasons import REASONS, DoctorsReason, PatientsReason
from appointments.models.reminders import Lead, Reminder
from appointments.models.status import OCCUPYING, TRANSITIONS, Status
from appointments.models.terms import CancellationPolicy, Terms
from appointments.models.waits import Wait, WaitingList, WaitOffer

__all__ = [
    "HOLD",
    "LIVE_HOLDS_AN_ACCOUNT",
    "LONGEST_HOLD",
    "OCCUPYING",
    "REASONS",
    "TRANSITIONS",
    "Appointment",
    "AppointmentEvent",
    "AppointmentQuerySet",
    "CalendarFeed",
    "CancellationPolicy",
    "Case",
    "DoctorsReason",
    "Lead",
    "Offer",
    "PatientsReason",
    "Reminder",
    "Status",
    "Terms",
    "Wait",
    "WaitOffer",
    "WaitingList",
]
