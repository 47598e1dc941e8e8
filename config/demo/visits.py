"""A year of the demo's visits: held, missed, cancelled and paid back, and those that are still to come."""

import secrets
from dataclasses import replace
from datetime import datetime, timedelta
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
from payments.services import earn_charge
from payments.services.ledger import post_refund_due, post_refund_paid, post_settlement
from scheduling.calendars import read_calendars
from scheduling.models import Calendar
from scheduling.slots import Interval, Slot

YEAR = timedelta(days=365)
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


class Diary:
    """Writes visits into the past and the future, the way the services would have left them."""

    def __init__(self, random: Random, doctors: list[Doctor]) -> None:
        self.random = random
        self.now = timezone.now()
        self.taken: set[tuple[object, datetime]] = set()
        self.numbers = count(1)
        self.payments: list[PaymentAttempt] = []
        self.calendars = {row.doctor_id: row for row in Calendar.objects.filter(doctor__in=doctors)}

    def times(self, doctor: Doctor, window: Interval) -> list[Slot]:
        """What this doctor's hours offer in a window that may lie in the past, without what is booked."""
        calendar = self.calendars[doctor.pk]
        read = read_calendars([calendar], window, Appointment.objects.none())[doctor.pk]
        read.rules = replace(read.rules, notice=timedelta(0), horizon=2 * YEAR)
        return [slot for slot in read.slots(window, window.start) if doctor.fee(mode_of(slot)) is not None]

    def visit(self, doctor: Doctor, patient: Patient, booker: User, slot: Slot, status: Status) -> Appointment | None:
        """One visit and its payment, unless the patient or the doctor is taken then."""
        day = slot.start.date()
        if (doctor.pk, slot.start) in self.taken or (patient.pk, day) in self.taken:
            return None
        self.taken |= {(doctor.pk, slot.start), (patient.pk, day)}
        rules = self.calendars[doctor.pk].rules
        mode = mode_of(slot)
        booked = min(slot.start, self.now) - timedelta(hours=self.random.randint(3, 90))
        appointment = Appointment.objects.create(
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
        self.events(appointment, booked)
        if appointment.fee:
            self.pay(appointment, booked + timedelta(minutes=self.random.randint(2, 9)))
        if status != Status.CANCELLED:
            CareRelationship.objects.create(
                patient=patient,
                doctor=doctor,
                source=appointment.pk,
                visit_at=slot.start,
                valid=DateTimeTZRange(booked, slot.end + settings.CARE_AFTER_VISIT),
            )
        return appointment

    def events(self, appointment: Appointment, booked: datetime) -> None:
        steps = [(Status.HELD, booked), (Status.CONFIRMED, booked + timedelta(minutes=6))]
        match appointment.status:
            case Status.COMPLETED:
                steps += [(Status.IN_PROGRESS, appointment.start), (Status.COMPLETED, appointment.end)]
            case Status.NO_SHOW:
                steps += [(Status.NO_SHOW, appointment.end)]
            case Status.CANCELLED:
                steps += [(Status.CANCELLED, booked + timedelta(hours=2))]
        old = ""
        rows = []
        for new, at in steps:
            by = appointment.booked_by if new in (Status.HELD, Status.CANCELLED) else None
            period = appointment.period if not old else None
            rows.append(AppointmentEvent(appointment=appointment, by=by, old=old, new=new, at=at, period=period))
            old = new
        AppointmentEvent.objects.bulk_create(rows)

    def pay(self, appointment: Appointment, at: datetime) -> None:
        """A settled charge with its ledger; paid back where the visit was cancelled."""
        description, detail = fee_in_words(appointment, appointment.booked_by)
        charge = Charge.objects.create(
            payer=appointment.booked_by,
            payer_phone=str(appointment.patient.phone),
            seller="appointments",
            description=description,
            detail=detail,
            done_path=appointment.get_absolute_url(),
            amount=appointment.fee,
            currency=appointment.currency,
            status=Charge.Status.PAID,
            created_at=at,
            paid_at=at,
            due_at=appointment.hold_expires_at,
            doctor=appointment.doctor,
        )
        number = next(self.numbers)
        attempt = PaymentAttempt.objects.create(
            charge=charge,
            tran_id=f"PDEMO{number:06d}{secrets.token_hex(6).upper()}",
            amount=charge.amount,
            currency=charge.currency,
            status=PaymentAttempt.Status.SETTLED,
            val_id=f"{at:%y%m%d%H%M%S}{secrets.token_hex(7)}",
            bank_tran_id=f"{at:%y%m%d%H%M%S}{secrets.token_hex(8)}",
            card_type=self.random.choice(("BKASH-BKash", "NAGAD-Nagad", "VISA-Dutch Bangla", "MASTER-City Bank")),
            store_amount=(charge.amount * 975 / 1000).quantize(charge.amount),
            created_at=at,
            settled_at=at,
        )
        post_settlement(charge, attempt, at=at)
        self.payments.append(attempt)
        appointment.charge = charge
        appointment.save(update_fields=["charge"])
        if appointment.status == Status.CANCELLED:
            refund = Refund.objects.create(
                charge=charge,
                attempt=attempt,
                amount=charge.amount,
                reason=Refund.Reason.CANCELLED,
                status=Refund.Status.DONE,
                created_at=at + timedelta(hours=2),
                done_at=at + timedelta(days=1),
            )
            post_refund_due(charge, refund, at=at + timedelta(hours=2))
            post_refund_paid(charge, refund, at=refund.done_at)
        elif appointment.status in (Status.COMPLETED, Status.NO_SHOW):
            earn_charge(charge, doctor=appointment.doctor, at=appointment.end)

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


def mode_of(slot: Slot) -> str:
    return Mode.VIDEO if Mode.VIDEO in slot.modes else Mode.IN_PERSON


def write_year(diary: Diary, doctors: list[Doctor], accounts: list[User]) -> int:
    """Past and coming visits of all doctors; how many. Fewer far back, for practices grow."""
    random, now = diary.random, diary.now
    written = 0
    patients = [(user.patient, user) for user in accounts]
    for doctor in doctors:
        past = diary.times(doctor, Interval(now - YEAR, now - timedelta(hours=2)))
        weights = [1 + index * 4 / max(len(past), 1) for index in range(len(past))]
        for slot in sorted({id(slot): slot for slot in random.choices(past, weights, k=9)}.values(), key=start):
            patient, booker = random.choice(patients)
            status = random.choices((Status.COMPLETED, Status.NO_SHOW, Status.CANCELLED), (88, 5, 7))[0]
            written += diary.visit(doctor, patient, booker, slot, status) is not None
        coming = diary.times(doctor, Interval(now + timedelta(hours=2), now + timedelta(days=10)))
        for slot in random.sample(coming, k=min(4, len(coming))):
            patient, booker = random.choice(patients[1:])
            written += diary.visit(doctor, patient, booker, slot, Status.CONFIRMED) is not None
    return written


def write_demo_doctors_day(diary: Diary, doctor: Doctor, accounts: list[User]) -> int:
    """A full day for the demo's own doctor: visits behind and ahead on the local today."""
    midnight = diary.now.astimezone(diary.calendars[doctor.pk].zone).replace(hour=0, minute=0, second=0, microsecond=0)
    written = 0
    today = diary.times(doctor, Interval(midnight, midnight + timedelta(days=1)))
    for slot in today[::2]:
        user = diary.random.choice(accounts[1:])
        status = Status.COMPLETED if slot.end < diary.now else Status.CONFIRMED
        if slot.start > diary.now or slot.end < diary.now:
            written += diary.visit(doctor, user.patient, user, slot, status) is not None
    return written


def write_demo_patients_story(diary: Diary, doctors: list[Doctor], account: User) -> int:
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
            if diary.visit(doctor, family[number % len(family)], account, slot, status):
                written += 1
                break
    return written


def start(slot: Slot) -> datetime:
    return slot.start
