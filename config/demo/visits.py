"""A year of the demo's visits: held, missed, cancelled and paid back, and those that are still to come."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from random import Random

from django.conf import settings
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment, AppointmentEvent, Status, Terms
from appointments.services import fee_in_words
from doctors.models import Doctor, Mode
from patients.models import CareRelationship, Patient
from payments.models import Charge, PaymentAttempt, Refund
from payments.sandbox.courier import Courier
from payments.sandbox.faults import Faults
from payments.sandbox.gateway import Gateway, Merchant
from payments.sandbox.store import Store
from payments.services.earnings import commission_percent
from payments.services.ledger import PAISA, earning, post_all, post_refund_due, post_refund_paid, settlement
from scheduling.calendars import read_calendars
from scheduling.models import Calendar, ExtraHours
from scheduling.slots import Interval, Slot

YEAR = timedelta(days=365)
# So many visits of half a year has the demo's doctor beside the day.
PRACTICE = 90
CARDS = ("BKASH-BKash", "NAGAD-Nagad", "VISA-Dutch Bangla", "MASTER-City Bank")
REASONS = (
    "Fever and sore throat for three days, worse at night.",
    "Chest feels tight after climbing stairs. It goes away with rest.",
    "Headache on one side, two or three times a week.",
    "Itchy rash on both arms since last week.",
    "Blood sugar was 9.8 before breakfast yesterday.",
    "Back pain since lifting a sack of rice.",
    "Follow-up: I have the reports of the tests you asked for.",
    "জ্বর আর কাশি চার দিন ধরে।",
    "পেটে ব্যথা, খাওয়ার পরে বাড়ে।",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A visit that is to be written, when it was booked and paid, and how."""

    visit: Appointment
    booked: datetime
    paid: datetime
    card: str

    def steps(self) -> list[AppointmentEvent]:
        steps = [(Status.HELD, self.booked), (Status.CONFIRMED, self.booked + timedelta(minutes=6))]
        match self.visit.status:
            case Status.COMPLETED:
                steps += [(Status.IN_PROGRESS, self.visit.start), (Status.COMPLETED, self.visit.end)]
            case Status.NO_SHOW:
                steps += [(Status.NO_SHOW, self.visit.end)]
            case Status.CANCELLED:
                steps += [(Status.CANCELLED, self.booked + timedelta(hours=2))]
        old = ""
        rows = []
        for new, at in steps:
            by = self.visit.booked_by if new in (Status.HELD, Status.CANCELLED) else None
            period = self.visit.period if not old else None
            rows.append(AppointmentEvent(appointment=self.visit, by=by, old=old, new=new, at=at, period=period))
            old = new
        return rows

    def care(self) -> CareRelationship:
        return CareRelationship(
            patient=self.visit.patient,
            doctor=self.visit.doctor,
            source=self.visit.pk,
            visit_at=self.visit.start,
            valid=DateTimeTZRange(self.booked, self.visit.end + settings.CARE_AFTER_VISIT),
        )

    def charge(self) -> Charge:
        description, detail = fee_in_words(self.visit, self.visit.booked_by)
        return Charge(
            payer=self.visit.booked_by,
            payer_phone=str(self.visit.patient.phone),
            seller="appointments",
            description=description,
            detail=detail,
            done_path=self.visit.get_absolute_url(),
            amount=self.visit.fee,
            currency=self.visit.currency,
            status=Charge.Status.PAID,
            created_at=self.paid,
            paid_at=self.paid,
            due_at=self.visit.hold_expires_at,
            doctor=self.visit.doctor,
        )


class Diary:
    """Enters visits into the past and the future, and writes them the way the services would have left them."""

    def __init__(self, random: Random, doctors: list[Doctor]) -> None:
        self.random = random
        self.now = timezone.now()
        self.taken: set[tuple[object, datetime]] = set()
        self.numbers = count(1)
        self.entries: list[Entry] = []
        self.payments: list[PaymentAttempt] = []
        self.calendars = {row.doctor_id: row for row in Calendar.objects.filter(doctor__in=doctors)}

    def times(self, doctor: Doctor, window: Interval) -> list[Slot]:
        """What this doctor's hours offer in a window that may lie in the past, without what is booked."""
        return self.times_of([doctor], window)[doctor.pk]

    def times_of(self, doctors: list[Doctor], window: Interval) -> dict[int, list[Slot]]:
        """As `times`, of many doctors at once, by their keys."""
        read = read_calendars([self.calendars[each.pk] for each in doctors], window, Appointment.objects.none())
        found = {}
        for doctor in doctors:
            time = read[doctor.pk]
            time.rules = replace(time.rules, notice=timedelta(0), horizon=2 * YEAR)
            slots = time.slots(window, window.start)
            found[doctor.pk] = [slot for slot in slots if doctor.fee(mode_of(slot)) is not None]
        return found

    def enter(self, doctor: Doctor, patient: Patient, booker: User, slot: Slot, status: Status) -> Appointment | None:
        """One visit, which `write` writes, unless the patient or the doctor is taken then."""
        day = slot.start.date()
        if (doctor.pk, slot.start) in self.taken or (patient.pk, day) in self.taken:
            return None
        self.taken |= {(doctor.pk, slot.start), (patient.pk, day)}
        rules = self.calendars[doctor.pk].rules
        mode = mode_of(slot)
        booked = min(slot.start, self.now) - timedelta(hours=self.random.randint(3, 90))
        visit = Appointment(
            doctor=doctor,
            patient=patient,
            booked_by=booker,
            period=DateTimeTZRange(slot.start, slot.end),
            blocked=DateTimeTZRange(slot.start - rules.buffer_before, slot.end + rules.buffer_after),
            mode=mode,
            place_id=slot.place if mode == Mode.IN_PERSON else None,
            reason=self.random.choice(REASONS),
            status=status,
            hold_expires_at=booked + timedelta(minutes=20),
            hold_extended=True,
            cancelled_by="patient" if status == Status.CANCELLED else "",
            no_show_by="patient" if status == Status.NO_SHOW else "",
            fee=doctor.fee(mode),
            currency=doctor.currency,
            policy=Terms.usual().snapshot,
            created_at=booked,
        )
        paid = booked + timedelta(minutes=self.random.randint(2, 9))
        self.entries.append(Entry(visit, booked, paid, self.random.choice(CARDS)))
        return visit

    def write(self) -> None:
        """Write what was entered since the last time, all of it at once."""
        entries, self.entries = self.entries, []
        Appointment.objects.bulk_create(entry.visit for entry in entries)
        AppointmentEvent.objects.bulk_create(step for entry in entries for step in entry.steps())
        CareRelationship.objects.bulk_create(
            entry.care() for entry in entries if entry.visit.status != Status.CANCELLED
        )
        self.pay([entry for entry in entries if entry.visit.fee])

    def pay(self, entries: list[Entry]) -> None:
        """Settled charges with their ledger; paid back where the visit was cancelled."""
        charges = Charge.objects.bulk_create([entry.charge() for entry in entries])
        for entry, charge in zip(entries, charges, strict=True):
            entry.visit.charge = charge
        Appointment.objects.bulk_update([entry.visit for entry in entries], ["charge"], batch_size=200)
        attempts = self.settle(charges, [entry.card for entry in entries])
        earned = []
        for entry, attempt in zip(entries, attempts, strict=True):
            visit = entry.visit
            if visit.status == Status.CANCELLED:
                pay_back(attempt, Refund.Reason.CANCELLED)
            elif visit.status in (Status.COMPLETED, Status.NO_SHOW):
                earned.append((attempt.charge, visit.end))
        earn(earned)

    def settle(self, charges: list[Charge], cards: list[str]) -> list[PaymentAttempt]:
        """How each was paid at the sandbox, at its time, with the lines of the ledger."""
        pairs = zip(charges, cards, strict=True)
        attempts = PaymentAttempt.objects.bulk_create(
            settled(charge, next(self.numbers), card=card) for charge, card in pairs
        )
        self.payments += attempts
        post_all([settlement(each.charge, each, at=each.settled_at) for each in attempts])
        return attempts

    def tell_sandbox(self, folder: Path) -> None:
        """Let the sandbox gateway know of these payments, so that they can be paid back."""
        store = Store(folder)
        merchant = Merchant(settings.SSLCOMMERZ_STORE_ID, settings.SSLCOMMERZ_STORE_PASSWORD, settings.SITE_NAME)
        gateway = Gateway(store, Faults(store), Courier(store, backoff=()), merchant)
        for attempt in self.payments:
            gateway.register_payment(
                {
                    "tran_id": attempt.tran_id,
                    "amount": str(attempt.amount),
                    "currency": attempt.currency,
                    "bank_tran_id": attempt.bank_tran_id,
                    "val_id": attempt.val_id,
                    "paid_at": attempt.settled_at.isoformat(),
                }
            )


def settled(charge: Charge, number: int, *, card: str) -> PaymentAttempt:
    return PaymentAttempt(
        charge=charge,
        tran_id=f"PDEMO{number:06d}{secrets.token_hex(6).upper()}",
        amount=charge.amount,
        currency=charge.currency,
        status=PaymentAttempt.Status.SETTLED,
        val_id=f"{charge.paid_at:%y%m%d%H%M%S}{secrets.token_hex(7)}",
        bank_tran_id=f"{charge.paid_at:%y%m%d%H%M%S}{secrets.token_hex(8)}",
        card_type=card,
        store_amount=(charge.amount * 975 / 1000).quantize(charge.amount),
        created_at=charge.paid_at,
        settled_at=charge.paid_at,
    )


def earn(charges: Iterable[tuple[Charge, datetime]]) -> None:
    """What doctors earned of these, and when."""
    percent = cache(commission_percent)
    movements = []
    for charge, at in charges:
        commission = (charge.amount * percent(charge.doctor) / 100).quantize(PAISA)
        movements.append(
            earning(charge, doctor_id=charge.doctor_id, amount=charge.amount, commission=commission, at=at)
        )
    post_all(movements)


def pay_back(attempt: PaymentAttempt, reason: Refund.Reason) -> None:
    due, paid = attempt.settled_at + timedelta(hours=2), attempt.settled_at + timedelta(days=1)
    refund = Refund.objects.create(
        charge=attempt.charge,
        attempt=attempt,
        amount=attempt.amount,
        reason=reason,
        status=Refund.Status.DONE,
        created_at=due,
        done_at=paid,
    )
    post_refund_due(attempt.charge, refund, at=due)
    post_refund_paid(attempt.charge, refund, at=paid)


def mode_of(slot: Slot) -> str:
    return Mode.VIDEO if Mode.VIDEO in slot.modes else Mode.IN_PERSON


def enter_year(diary: Diary, doctors: list[Doctor], accounts: list[User]) -> int:
    """Enter past and coming visits of all doctors; how many. Fewer far back, for practices grow."""
    random, now = diary.random, diary.now
    written = 0
    patients = [(user.patient, user) for user in accounts]
    behind = diary.times_of(doctors, Interval(now - YEAR, now - timedelta(hours=2)))
    ahead = diary.times_of(doctors, Interval(now + timedelta(hours=2), now + timedelta(days=10)))
    for doctor in doctors:
        past, coming = behind[doctor.pk], ahead[doctor.pk]
        weights = [1 + index * 4 / max(len(past), 1) for index in range(len(past))]
        for slot in sorted({id(slot): slot for slot in random.choices(past, weights, k=9)}.values(), key=start):
            patient, booker = random.choice(patients)
            status = random.choices((Status.COMPLETED, Status.NO_SHOW, Status.CANCELLED), (88, 5, 7))[0]
            written += diary.enter(doctor, patient, booker, slot, status) is not None
        for slot in random.sample(coming, k=min(4, len(coming))):
            patient, booker = random.choice(patients[1:])
            written += diary.enter(doctor, patient, booker, slot, Status.CONFIRMED) is not None
    return written


def enter_demo_doctors_practice(diary: Diary, doctor: Doctor, accounts: list[User]) -> int:
    """Half a year of a practice that grows, for the demo's own doctor: so that the figures have something to tell."""
    past = diary.times(doctor, Interval(diary.now - YEAR / 2, diary.now - timedelta(days=1)))
    weights = [1 + index * 3 / max(len(past), 1) for index in range(len(past))]
    chosen = {slot.start: slot for slot in diary.random.choices(past, weights, k=PRACTICE)} if past else {}
    written = 0
    for _start, slot in sorted(chosen.items()):
        # Three of four come again and again.
        known = accounts[1 : len(accounts) // 3]
        user = diary.random.choice(known if diary.random.randrange(4) else accounts[1:])
        status = diary.random.choices((Status.COMPLETED, Status.NO_SHOW, Status.CANCELLED), (86, 6, 8))[0]
        written += diary.enter(doctor, user.patient, user, slot, status) is not None
    return written


def enter_demo_doctors_day(diary: Diary, doctor: Doctor, accounts: list[User]) -> int:
    """A full day for the demo's own doctor: visits behind and ahead on the local today."""
    midnight = diary.now.astimezone(diary.calendars[doctor.pk].zone).replace(hour=0, minute=0, second=0, microsecond=0)
    written = 0
    day = Interval(midnight, midnight + timedelta(days=1))
    if not (today := diary.times(doctor, day)):
        # On a day without hours of its own.
        period = DateTimeTZRange(midnight + timedelta(hours=10), midnight + timedelta(hours=21))
        ExtraHours.objects.create(doctor=doctor, period=period, modes=[Mode.VIDEO])
        today = diary.times(doctor, day)
    for slot in today[::2]:
        user = diary.random.choice(accounts[1:])
        status = Status.COMPLETED if slot.end < diary.now else Status.CONFIRMED
        if slot.start > diary.now or slot.end < diary.now:
            written += diary.enter(doctor, user.patient, user, slot, status) is not None
    return written


def enter_demo_patients_story(diary: Diary, doctors: list[Doctor], account: User) -> int:
    """The demo's own patient: a history of her own and her family's, and visits to come."""
    family = [account.patient, *Patient.objects.filter(guardianships__guardian=account).order_by("created_at")]
    written = 0
    for number, days in enumerate((330, 270, 214, 160, 121, 84, 45, 20, 9, -2, -5, -8)):
        doctor = doctors[(number * 7 + 1) % len(doctors)]
        day = diary.now - timedelta(days=days)
        slots = diary.times(doctor, Interval(day, day + timedelta(days=7)))
        for slot in slots:
            if days > 0 and slot.start > diary.now:
                continue
            status = Status.CONFIRMED if days < 0 else Status.CANCELLED if number == 3 else Status.COMPLETED
            if diary.enter(doctor, family[number % len(family)], account, slot, status):
                written += 1
                break
    return written


def start(slot: Slot) -> datetime:
    return slot.start
