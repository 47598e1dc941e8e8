"""Bookings over HTTP: how many a second, what a hold asks of the database, and what becomes of a crowd at one time."""

import os
import re
import secrets
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.utils import timezone

from accounts import sessions
from accounts.models import User
from appointments.hold_statements import doctor_and_patients
from appointments.models import Appointment, AppointmentEvent
from appointments.open_times import slots_of
from appointments.services import hold_slot
from config.embedded.postgres import program
from doctors.models import Doctor
from patients.models import Patient
from scheduling.slots import Interval
from tests.bench.driver import Request, Usage, load
from tests.bench.figures import milliseconds, report
from tests.bench.statements import medians, times_of

CLIENTS = 16
BOOKINGS = 3_200
WARM, ROUNDS, SAMPLES = 160, 4, 60
CROWD = 200
BACKEND = settings.AUTHENTICATION_BACKENDS[0]


def signed_in(user: User) -> dict[str, str]:
    """The cookies of a session made for this user, and a CSRF cookie to go with a form."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = BACKEND
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    sessions.begin(session, user)
    session.create()
    token = secrets.token_hex(16)
    cookies = f"{settings.SESSION_COOKIE_NAME}={session.session_key}; {settings.CSRF_COOKIE_NAME}={token}"
    return {"Cookie": cookies, "Host": "localhost", "X-CSRFToken": token}


def hold_request(headers: dict[str, str], doctor: Doctor, start: Any, patient: Patient) -> Request:
    query = urlencode({"start": start.isoformat(), "mode": "video"})
    body = urlencode({"patient": str(patient.pk), "reason": "Fever since yesterday"})
    form = headers | {"Content-Type": "application/x-www-form-urlencoded"}
    return Request("POST", f"/book/{doctor.slug}/?{query}", form, body)


@contextmanager
def server():
    """gunicorn with the product's configuration on a free port: the host and port, and its process."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        fd, port = listener.fileno(), listener.getsockname()[1]
        command = [sys.executable, "-m", "gunicorn", "--config", "config/gunicorn.py", "--bind", f"fd://{fd}"]
        process = subprocess.Popen(
            command,
            pass_fds=(fd,),
            env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.bench.settings", "LOG_LEVEL": "ERROR"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield f"127.0.0.1:{port}", psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait()


def clean() -> None:
    """Take away what an earlier run booked; only rows of these bookings go."""
    held = Appointment.objects.exclude(status="completed")
    AppointmentEvent.objects.filter(appointment__in=held).delete()
    held.delete()


def distinct_slots(count: int) -> list[tuple[Doctor, Any]]:
    """That many open times, of as many doctors as it takes."""
    now = timezone.now()
    found: list[tuple[Doctor, Any]] = []
    for doctor in Doctor.objects.order_by("pk").select_related("calendar").iterator(chunk_size=100):
        window = Interval(now + timedelta(days=2), now + timedelta(days=3))
        found += [(doctor, slot.start) for slot in slots_of([doctor.calendar], window)[doctor.pk]]
        if len(found) >= count:
            return found[:count]
    raise RuntimeError("not enough open times")


def bookings() -> None:
    """Holds a second beside an empty page of the same server and a raw insert of the same row."""
    clean()
    patients = list(Patient.objects.order_by("pk").select_related("user")[: BOOKINGS // 2])
    people = [(patient, signed_in(patient.user)) for patient in patients]
    places = distinct_slots(BOOKINGS)
    # An account keeps two holds at the most; they must not be at the same time.
    asked = [hold_request(headers, *places[i], patient) for i, (patient, headers) in enumerate(people)]
    first, holds = asked[:WARM], asked[WARM:]
    empty = [Request("GET", "/bench/empty/", headers) for _patient, headers in people] * 2
    with server() as (address, process):
        # Every worker has done all that it does a first time only.
        warm = [Request("GET", "/bench/empty/", headers) for _patient, headers in people[:WARM]]
        load(address, [(warm + first)[client::CLIENTS] for client in range(CLIENTS)])
        usage = Usage(process)
        kinds = {"empty signed-in page": Taken(empty, 200), "hold": Taken(holds, 302)}
        # By turns, so that what else the machine does meets both.
        for number in range(ROUNDS):
            for taken in kinds.values():
                part = taken.requests[number::ROUNDS]
                before = usage.so_far()
                seconds, answers = load(address, [part[client::CLIENTS] for client in range(CLIENTS)])
                taken.seconds += seconds
                taken.answers += answers
                taken.usage.update(usage.since(before))
    for name, taken in kinds.items():
        many = len(taken.requests)
        report(
            "over HTTP, 16 clients",
            request=name,
            per_second=round(many / taken.seconds),
            cpu_ms={side: round(seconds / many * 1000, 2) for side, seconds in taken.usage.items()},
            requests=many,
            statuses=dict(Counter(status for status, _ in taken.answers)),
            expected=taken.expected,
            past_appointments=Appointment.objects.filter(status="completed").count(),
            **milliseconds([each for _, each in taken.answers]),
        )
    statements_of_a_hold()


@dataclass
class Taken:
    """Requests of one kind, and what they took: seconds in all, seconds of the processors by side."""

    requests: list[Request]
    expected: int
    seconds: float = 0.0
    answers: list[tuple[int, float]] = field(default_factory=list)
    usage: Counter[str] = field(default_factory=Counter)


def statements_of_a_hold() -> None:
    """Each statement of a hold as its form asks them, the median of some dozens."""
    patients = Patient.objects.order_by("-pk").select_related("user")[:SAMPLES]
    places = distinct_slots(BOOKINGS + SAMPLES)[-SAMPLES:]
    samples = []
    for patient, (doctor, start) in zip(patients, places, strict=True):

        def work(patient: Patient = patient, doctor: Doctor = doctor, start: Any = start) -> None:
            assert patient.user is not None
            doctor_and_patients(doctor.slug, account_id=patient.user.pk)
            hold_slot(doctor.pk, start=start, mode="video", patient_id=patient.pk, by=patient.user, reason="Fever")

        samples.append(times_of(work))
    # The first ones are planned anew by PostgreSQL.
    for (message, statement), milliseconds_taken in medians(samples[SAMPLES // 3 :]).items():
        report("statements of one hold", message=message, statement=statement, ms=milliseconds_taken)


def crowd() -> None:
    """Two hundred people at one time of one doctor."""
    clean()
    doctor, start = distinct_slots(1)[0]
    patients = Patient.objects.order_by("pk").select_related("user")[:CROWD]
    requests = [[hold_request(signed_in(patient.user), doctor, start, patient)] for patient in patients]
    with server() as (address, _process):
        load(address, [[Request("GET", "/live", {"Host": "localhost"})]] * CLIENTS)
        seconds, answers = load(address, requests)
    statuses = Counter(status for status, _ in answers)
    report(
        "200 at one time",
        successes=statuses[302],
        conflicts=statuses[409],
        server_errors=sum(many for status, many in statuses.items() if status >= 500),
        seated=Appointment.objects.filter(doctor=doctor, period__startswith=start).count(),
        seconds=round(seconds, 2),
        **milliseconds([taken for _, taken in answers]),
    )


# The row that a hold inserts, and its event, with nothing looked at: what the constraints alone allow.
RAW = r"""
\set doctor random(1, 10000)
\set slot random(1, 2000000)
BEGIN;
WITH a AS (
INSERT INTO appointments_appointment (doctor_id, patient_id, booked_by_id, period, blocked, mode, reason, status,
    hold_expires_at, hold_extended, cancelled_by, cancel_reason, cancel_words, no_show_by, fee,
    currency, policy, sequence)
SELECT d.id, p.id, p.user_id, r.period, r.period, 'video', 'Fever since yesterday', 'held',
    now() + interval '10 minutes', false, '', '', '', '', 500, 'BDT', '{}', 0
FROM (SELECT id FROM doctors_doctor OFFSET :doctor - 1 LIMIT 1) d,
     (SELECT id, user_id FROM patients_patient OFFSET :doctor - 1 LIMIT 1) p,
     (SELECT tstzrange(t, t + interval '15 minutes') AS period
      FROM (SELECT timestamptz '2030-01-01' + :slot * interval '15 minutes' AS t) s) r
RETURNING id, booked_by_id)
INSERT INTO appointments_appointmentevent (appointment_id, by_id, old, new, code)
SELECT id, booked_by_id, '', 'held', '' FROM a;
COMMIT;
"""


def raw_inserts() -> None:
    """pgbench with the same row, for ten seconds at 16 clients."""
    script = Path(settings.DATA_DIR) / "raw.sql"
    script.write_text(RAW)
    database = connection.settings_dict
    arguments = ["-h", database["HOST"], "-U", database["USER"], "-n", "-c", str(CLIENTS), "-j", "2", "-T", "10"]
    run = subprocess.run(
        [program("pgbench"), *arguments, "-f", script, database["NAME"]], capture_output=True, text=True, check=True
    )
    rate = re.search(r"tps = ([\d.]+)", run.stdout)
    assert rate is not None, run.stdout
    report("raw insert of the same rows by pgbench, 16 clients", per_second=round(float(rate.group(1))))
    clean()


RUNS: dict[str, Callable[[], None]] = {
    "bookings": bookings,
    "crowd": crowd,
    "raw": raw_inserts,
}
