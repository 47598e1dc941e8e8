"""What administrators look at: the demo's way from search to booking, its calls, and the figures of its year."""

from collections import Counter
from datetime import date, timedelta
from random import Random
from uuid import UUID

from appointments.figures import HELD, holds_by_day
from appointments.models import Appointment, AppointmentEvent, Status
from appointments.models.booking import HOLD
from config.days import DAY, today
from config.figures import count_days
from doctors.models import DailySteps, Mode, Step
from telehealth.models import Consultation, JoinEvidence, Outcome, Side

YEAR = timedelta(days=365)
# So many look at a doctor's page for one who holds a time, and open results for one who looks at a page.
PAGES, RESULTS = (3, 7), (2, 4)
LOST_IN = 25
# What a hold has of the visit that was booked later; and whose lists it stays out of, as they are shown around.
COPIED = ("doctor_id", "patient_id", "booked_by", "period", "blocked", "mode", "place_id", "fee", "currency", "policy")
OWN = "patient@example.com"

Event = JoinEvidence.Event


def write_figures(random: Random) -> int:
    """Count the year; how many figures there are."""
    last = today()
    _let_go(random)
    _steps(random, last - YEAR, last)
    _calls(random)
    return sum(count for _month, count in count_days(last - YEAR, last))


def _let_go(random: Random) -> None:
    """Of every third visit that took place, somebody had held the time a day before it was booked, and not paid."""
    visits = Appointment.objects.filter(status=Status.COMPLETED).exclude(booked_by__email=OWN).order_by("period", "pk")
    holds = []
    for visit in visits.select_related("booked_by")[::3]:
        held = visit.created_at - timedelta(hours=random.randint(5, 40))
        hold = Appointment(
            **{name: getattr(visit, name) for name in COPIED},
            status=Status.EXPIRED,
            created_at=held,
            hold_expires_at=held + HOLD,
        )
        holds.append(hold)
    Appointment.objects.bulk_create(holds)
    AppointmentEvent.objects.bulk_create(
        AppointmentEvent(appointment=hold, by=by, old=old, new=new, at=at, period=period)
        for hold in holds
        for old, new, at, by, period in (
            ("", Status.HELD, hold.created_at, hold.booked_by, hold.period),
            (Status.HELD, Status.EXPIRED, hold.hold_expires_at, None, None),
        )
    )


def _steps(random: Random, first: date, last: date) -> None:
    holds: Counter[date] = Counter()
    for day, of, count in holds_by_day(first, last):
        if of == HELD:
            holds[day] = count
    rows = []
    for number in range((last - first).days + 1):
        day = first + number * DAY
        pages = sum(random.randint(*PAGES) for _ in range(holds[day])) + random.randint(1, 6)
        searches = sum(random.randint(*RESULTS) for _ in range(pages))
        rows += [
            DailySteps(day=day, step=step, count=count)
            for step, count in ((Step.PROFILE, pages), (Step.SEARCH, searches))
        ]
    DailySteps.objects.bulk_create(rows)


def _calls(random: Random) -> None:
    """Who came to the video visits that took place, and when they went; of some the connection was lost."""
    visits = Appointment.objects.filter(mode=Mode.VIDEO, status=Status.COMPLETED, consultation=None)
    visits = list(visits.select_related("doctor", "booked_by").order_by("period", "pk"))
    Consultation.objects.bulk_create(
        Consultation(appointment=visit, admitted_at=visit.start, closed_at=visit.end, outcome=Outcome.COMPLETED)
        for visit in visits
    )
    JoinEvidence.objects.bulk_create(
        row for number, visit in enumerate(visits) for row in _evidence(random, visit, number)
    )


def _evidence(random: Random, visit: Appointment, number: int) -> list[JoinEvidence]:
    doctor, patient = (Side.DOCTOR, visit.doctor.user_id), (Side.PATIENT, visit.booked_by_id)
    gone = Event.LOST if number % LOST_IN == 7 else Event.LEFT
    minutes = int((visit.end - visit.start).total_seconds() // 60)
    steps = [
        (doctor, Event.JOINED, -random.randint(1, 4)),
        (patient, Event.JOINED, -random.randint(0, 8)),
        (doctor, Event.ADMITTED, 0),
        (patient, gone, minutes - 1),
    ]
    return [
        JoinEvidence(
            consultation_id=visit.pk,
            user_id=user_id,
            side=side,
            event=event,
            at=visit.start + timedelta(minutes=minute),
            connection=UUID(int=random.getrandbits(128)),
        )
        for (side, user_id), event, minute in steps
    ]
