"""Reminders with a million visits ahead, and a hundred times that come free at once with a hundred who wait."""

import itertools
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Barrier
from zoneinfo import ZoneInfo

import time_machine
from django.core.mail import EmailMessage
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from accounts import services as accounts
from accounts.models import Channel, Delivery, Kind, Notification
from appointments.freed_times import offer_open_times
from appointments.models import (
    Appointment,
    AppointmentEvent,
    Lead,
    Reminder,
    Status,
    Wait,
    WaitingList,
    WaitOffer,
)
from appointments.reminders import BATCH, remind
from appointments.services import cancel_appointment
from doctors.models import Doctor
from patients.models import Patient
from tests.bench.data import DOCTORS, PEOPLE, analyze
from tests.bench.figures import milliseconds, report, timed

AHEAD = 1_000_000
FAMILIES = 200_000
DAYS = 30
DHAKA = ZoneInfo("Asia/Dhaka")

# More patients than the doctors' ten thousand: one has some five visits in the month, and seldom two on a day.
MORE_PATIENTS = """
INSERT INTO accounts_user (password, is_superuser, email, name, role, time_zone, language, is_staff, is_active,
                           date_joined, choices, has_push, mobile)
SELECT '!', false, 'more' || n || '@bench.example', 'Patient ' || n, 'patient', 'Asia/Dhaka', 'en', false, true, now(),
       '{}', false, ''
FROM generate_series(1, %(more)s) n;

INSERT INTO patients_patient (user_id, name, sex, phone, blood_group, emergency_name, emergency_relation,
                              emergency_phone)
SELECT id, name, 'female', '+8801712345678', '', '', '', '' FROM accounts_user WHERE email LIKE 'more%%';
"""

# Visit i is doctor i %% doctors's; each doctor's visits of a day are an hour or so apart, from nine to five in Dhaka.
VISITS = """
WITH doctors AS (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM doctors_doctor),
     patients AS (SELECT id, user_id, row_number() OVER (ORDER BY id) - 1 AS place FROM patients_patient
                  WHERE user_id IS NOT NULL LIMIT %(families)s),
     spread AS (SELECT i %% %(doctors)s AS doctor, i %% %(families)s AS family,
                       (i / %(doctors)s + 3 * (i / %(families)s)) %% %(days)s AS day
                FROM generate_series(0, %(visits)s - 1) i),
     placed AS (SELECT *, (row_number() OVER (PARTITION BY doctor, day ORDER BY family) * 5 + doctor * 7) %% 32 AS slot
                FROM spread)
INSERT INTO appointments_appointment (doctor_id, patient_id, booked_by_id, period, blocked, mode, reason, status,
                                      hold_extended, cancelled_by, cancel_reason, cancel_words, no_show_by, fee,
                                      currency, policy, sequence, created_at)
SELECT d.id, p.id, p.user_id, tstzrange(s.start, s.start + interval '15 minutes'),
       tstzrange(s.start, s.start + interval '15 minutes'), 'video', '', 'confirmed', false, '', '', '', '', 500, 'BDT',
       '{}', 0, now() - interval '60 days'
FROM placed v JOIN doctors d ON d.place = v.doctor JOIN patients p ON p.place = v.family
CROSS JOIN LATERAL (SELECT %(from)s + v.day * interval '1 day' + v.slot * interval '15 minutes' AS start) s
"""

# What it would be to write the reminders down beforehand, three for each visit.
BEFOREHAND = """
DROP TABLE IF EXISTS bench_beforehand;
CREATE TABLE bench_beforehand (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, appointment_id uuid NOT NULL,
    sequence smallint NOT NULL, lead varchar(4) NOT NULL, due_at timestamptz NOT NULL, told_at timestamptz,
    UNIQUE (appointment_id, sequence, lead));
INSERT INTO bench_beforehand (appointment_id, sequence, lead, due_at)
SELECT a.id, 0, l.lead, lower(a.period) - l.before
FROM appointments_appointment a, (VALUES ('day', interval '24 hours'), ('hour', interval '1 hour'),
                                         ('soon', interval '10 minutes')) l(lead, before)
WHERE a.status = 'confirmed';
CREATE INDEX ON bench_beforehand (due_at) WHERE told_at IS NULL;
UPDATE bench_beforehand SET told_at = due_at WHERE due_at <= %(now)s;
VACUUM ANALYZE bench_beforehand;
"""
FIND_BEFOREHAND = """
SELECT r.id, a.id FROM bench_beforehand r JOIN appointments_appointment a ON a.id = r.appointment_id
WHERE r.told_at IS NULL AND r.due_at <= %s AND r.sequence = a.sequence AND a.status = 'confirmed'
ORDER BY r.due_at LIMIT 200 FOR UPDATE OF r SKIP LOCKED
"""
WRITE_BEFOREHAND = """
INSERT INTO bench_beforehand (appointment_id, sequence, lead, due_at)
SELECT gen_random_uuid(), 0, lead, now() FROM unnest(ARRAY['day', 'hour', 'soon']) lead
"""


def tomorrow(hour: int, minute: int = 0) -> datetime:
    midnight = timezone.now().astimezone(DHAKA).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=1, hours=hour, minutes=minute)


def load_visits() -> None:
    """A million confirmed visits of the next month; the exclusion constraints have looked at every one."""
    call_command("load_specialties")
    constraints = [each for each in Appointment._meta.constraints if each.name.endswith("_not_double_booked")]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(PEOPLE, {"count": DOCTORS})
        cursor.execute(MORE_PATIENTS, {"more": FAMILIES - DOCTORS})
    with connection.schema_editor() as editor:
        for constraint in constraints:
            editor.remove_constraint(Appointment, constraint)
    with connection.cursor() as cursor:
        spread = {"visits": AHEAD, "doctors": DOCTORS, "families": FAMILIES, "days": DAYS, "from": tomorrow(9)}
        cursor.execute(VISITS, spread)
    with connection.schema_editor() as editor:
        for constraint in constraints:
            editor.add_constraint(Appointment, constraint)
    analyze()


def sweeps() -> None:
    """What a sweep costs that finds nothing, what one that finds many, and what it is to send what they tell."""
    ahead = Appointment.objects.filter(status=Status.CONFIRMED)
    first = ahead.order_by("period__startswith").values_list("period", flat=True)[0].lower.astimezone(DHAKA)
    # On the third day of the data, in mid-morning, when every sweep has come so far.
    now = first.replace(hour=10, minute=6) + timedelta(days=2)
    with time_machine.travel(now - timedelta(minutes=15)):
        before = {lead: claim_all(lead) for lead in Lead}
    for lead in Lead:
        with time_machine.travel(now - timedelta(minutes=15), tick=False):
            report(
                "reminder sweep, nothing due",
                lead=lead.value,
                visits_ahead=ahead.count(),
                in_the_span_and_told_already=before[lead],
                **milliseconds(timed(lambda lead=lead: look(lead), 30)),
            )
    Delivery.objects.all().delete()
    with time_machine.travel(now, tick=False):
        for lead in Lead:
            found = milliseconds(timed(lambda lead=lead: look(lead), 30))
            report("reminder sweep, finding a batch", lead=lead.value, **found)
        begun = time.perf_counter()
        claimed = sum(claim_all(lead) for lead in Lead)
        took = time.perf_counter() - begun
    messages = Delivery.objects.filter(notification__kind=Kind.VISIT_REMINDER).count()
    report(
        "reminder sweep, claiming",
        visits=claimed,
        messages=messages,
        seconds=round(took, 2),
        visits_per_second=round(claimed / took),
    )
    send(now)
    beforehand(now)
    Delivery.objects.all().delete()
    Reminder.objects.all().delete()


def look(lead: Lead) -> None:
    with transaction.atomic():
        due = Appointment.objects.to_remind(lead, timezone.now()).order_by("period__startswith")
        list(due.select_for_update(no_key=True, skip_locked=True, of=("self",)).values_list("pk")[:BATCH])


def claim_all(lead: Lead) -> int:
    return sum(itertools.takewhile(bool, iter(lambda: remind(lead), None)))


class Nowhere(EmailMessage):
    def send(self, *args: object, **kwargs: object) -> int:
        return 1


def nowhere(delivery: Delivery) -> EmailMessage:
    """The null channel: the mail is written as it would be, and goes nowhere."""
    accounts.email_for(delivery).message()
    return Nowhere()


def send(now: datetime) -> None:
    """All of a delivery but the mail server: locks, words in the reader's language, what became of it."""
    accounts.CHANNELS[Channel.EMAIL] = nowhere
    keys = list(Delivery.objects.order_by("pk").values_list("pk", flat=True)[:2000])
    with time_machine.travel(now, tick=False):
        begun = time.perf_counter()
        for key in keys:
            accounts.deliver(key)
        took = time.perf_counter() - begun
    sent = Delivery.objects.filter(status=Delivery.Status.SENT).count()
    report("reminders to a null channel, one process", messages=sent, messages_per_second=round(sent / took))


def beforehand(now: datetime) -> None:
    """The other way: three rows for each visit from its confirmation on, looked for by when they are due."""
    with connection.cursor() as cursor:
        statements = [each for each in BEFOREHAND.split(";\n") if each.strip()]
        for statement in statements:
            cursor.execute(statement, {"now": now - timedelta(minutes=15)} if "%(now)s" in statement else None)
        cursor.execute("SELECT pg_total_relation_size('bench_beforehand'), pg_relation_size('confirmed_by_start')")
        large, own = cursor.fetchone()

        def find(moment: datetime) -> Callable[[], None]:
            def run() -> None:
                with transaction.atomic():
                    cursor.execute(FIND_BEFOREHAND, [moment])
                    cursor.fetchall()

            return run

        report(
            "baseline: rows beforehand",
            rows=3 * AHEAD,
            megabytes=round(large / 2**20),
            index_of_ours_megabytes=round(own / 2**20),
            nothing_due=milliseconds(timed(find(now - timedelta(minutes=15)), 30)),
            finding_a_batch=milliseconds(timed(find(now), 30)),
            writing_three_at_a_confirmation=milliseconds(timed(lambda: cursor.execute(WRITE_BEFOREHAND), 200)),
        )
        cursor.execute("DROP TABLE bench_beforehand")


# The waiting list -------------------------------------------------------------------------------------------------

TIMES = 100
# As many at one instant as PostgreSQL takes connections, and then the others.
AT_ONCE, WORKERS = 50, 4


def releases() -> None:
    """A hundred visits called off at one instant; a hundred wait. Until the last of them is asked, and that nothing was
    offered twice."""
    doctor = Doctor.objects.order_by("pk")[0]
    start = timezone.now().astimezone(DHAKA).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=28)
    patients = list(Patient.objects.exclude(user=None).select_related("user").order_by("-pk")[: 2 * TIMES])
    days = (timezone.localdate() + timedelta(days=20), timezone.localdate() + timedelta(days=29))
    with empty(doctor):
        visits = [visit_at(doctor, patients[n], start, n) for n in range(TIMES)]
        Wait.objects.bulk_create(
            [Wait(doctor=doctor, patient=each, asked_by=each.user, days=days) for each in patients[TIMES:]]
        )
        WaitingList.objects.create(doctor=doctor)
        barrier = Barrier(AT_ONCE + 1)

        def release(mine: list[Appointment]) -> float:
            connection.ensure_connection()
            barrier.wait()
            for visit in mine:
                cancel_appointment(visit, by=visit.booked_by, side="patient")
            connection.close()
            return time.perf_counter()

        def offer() -> float:
            while WaitOffer.objects.filter(wait__doctor=doctor).count() < TIMES:
                offer_open_times(doctor.pk)
            connection.close()
            return time.perf_counter()

        with ThreadPoolExecutor(AT_ONCE + WORKERS) as threads:
            released = [threads.submit(release, visits[n::AT_ONCE]) for n in range(AT_ONCE)]
            barrier.wait()
            begun = time.perf_counter()
            offered = [threads.submit(offer) for _ in range(WORKERS)]
            last_release = max(each.result() for each in released) - begun
            last_offer = max(each.result() for each in offered) - begun
        starts = list(WaitOffer.objects.filter(wait__doctor=doctor).values_list("start", flat=True))
        asked = set(WaitOffer.objects.filter(wait__doctor=doctor).values_list("wait", flat=True))
        report(
            "times released at one instant",
            times=TIMES,
            at_once=AT_ONCE,
            waiting=TIMES,
            workers=WORKERS,
            last_release_ms=round(last_release * 1000),
            last_offer_ms=round(last_offer * 1000),
            offers=len(starts),
            offered_twice=len(starts) - len(set(starts)),
            asked_twice=len(starts) - len(asked),
        )


def visit_at(doctor: Doctor, patient: Patient, start: datetime, number: int) -> Appointment:
    """A confirmed visit, thirty to a day, a quarter of an hour each."""
    begin = start + timedelta(days=number // 30, minutes=15 * (number % 30))
    period = (begin, begin + timedelta(minutes=15))
    return Appointment.objects.create(
        doctor=doctor,
        patient=patient,
        booked_by=patient.user,
        period=period,
        blocked=period,
        mode="video",
        status=Status.CONFIRMED,
        fee=500,
    )


@contextmanager
def empty(doctor: Doctor) -> Iterator[None]:
    """The measured doctor's days are empty when the block begins, and what was made in it is gone after it."""

    def clear() -> None:
        WaitOffer.objects.filter(wait__doctor=doctor).delete()
        Wait.objects.filter(doctor=doctor).delete()
        WaitingList.objects.filter(doctor=doctor).delete()
        Delivery.objects.all().delete()
        Notification.objects.all().delete()
        AppointmentEvent.objects.filter(appointment__doctor=doctor).delete()
        Appointment.objects.filter(doctor=doctor).delete()

    clear()
    yield
    clear()
