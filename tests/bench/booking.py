"""Bookings over HTTP: how many a second, and what becomes of a crowd at one time.

The client sends prepared requests on kept connections, one process a client; it shares the cores with the server, the
same for every figure of a run.
"""

import http.client
import multiprocessing
import os
import re
import secrets
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment, AppointmentEvent
from appointments.open_times import slots_of
from appointments.services import hold_slot
from config.embedded.postgres import program
from doctors.models import Doctor
from patients.models import Patient
from scheduling.slots import Interval
from tests.bench.figures import milliseconds, report

CLIENTS = 16
BOOKINGS = 3_200
CROWD = 200
BACKEND = "django.contrib.auth.backends.ModelBackend"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: str = ""


def signed_in(user: User) -> dict[str, str]:
    """The cookies of a session made for this user, and a CSRF cookie to go with a form."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = BACKEND
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    token = secrets.token_hex(16)
    cookies = f"{settings.SESSION_COOKIE_NAME}={session.session_key}; {settings.CSRF_COOKIE_NAME}={token}"
    return {"Cookie": cookies, "Host": "localhost", "X-CSRFToken": token}


def hold_request(headers: dict[str, str], doctor: Doctor, start: Any, patient: Patient) -> Request:
    query = urlencode({"start": start.isoformat(), "mode": "video"})
    body = urlencode({"patient": str(patient.pk), "reason": "Fever since yesterday"})
    form = headers | {"Content-Type": "application/x-www-form-urlencoded"}
    return Request("POST", f"/book/{doctor.slug}/?{query}", form, body)


def _client(address: str, requests: Sequence[Request], ready: Any, results: Any) -> None:
    connection_ = http.client.HTTPConnection(address, timeout=60)
    connection_.connect()
    connection_.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    ready.wait()
    answers = []
    for request in requests:
        begin = perf_counter()
        connection_.request(request.method, request.path, request.body or None, request.headers)
        response = connection_.getresponse()
        response.read()
        answers.append((response.status, perf_counter() - begin))
    results.put(answers)


def load(address: str, shares: Sequence[Sequence[Request]]) -> tuple[float, list[tuple[int, float]]]:
    """Send each share on a connection of its own, all at once: seconds in all, (status, seconds) of each request."""
    context = multiprocessing.get_context("fork")
    ready, results = context.Barrier(len(shares) + 1), context.Queue()
    clients = [context.Process(target=_client, args=(address, share, ready, results)) for share in shares]
    for client in clients:
        client.start()
    ready.wait()
    begin = perf_counter()
    answers = [answer for _ in clients for answer in results.get(timeout=300)]
    seconds = perf_counter() - begin
    for client in clients:
        client.join()
    return seconds, answers


@contextmanager
def server():
    """gunicorn with the product's configuration on a free port: the host and port."""
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
            yield f"127.0.0.1:{port}"
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
    sessions = [(patient, signed_in(patient.user)) for patient in patients]
    places = distinct_slots(BOOKINGS)
    # An account keeps two holds at the most; they must not be at the same time.
    holds = [hold_request(headers, *places[i], patient) for i, (patient, headers) in enumerate(sessions)]
    empty = [Request("GET", "/bench/empty/", headers) for _patient, headers in sessions]
    connection.close()
    with server() as address:
        load(address, [[Request("GET", "/live", {"Host": "localhost"})] * 10] * CLIENTS)
        for name, requests, expected in (("empty signed-in page", empty * 4, 200), ("hold", holds, 302)):
            seconds, answers = load(address, [requests[client::CLIENTS] for client in range(CLIENTS)])
            report(
                "over HTTP, 16 clients",
                request=name,
                per_second=round(len(requests) / seconds),
                requests=len(requests),
                statuses=dict(Counter(status for status, _ in answers)),
                expected=expected,
                past_appointments=Appointment.objects.filter(status="completed").count(),
                **milliseconds([taken for _, taken in answers]),
            )
    statements_of_a_hold()


def statements_of_a_hold() -> None:
    """Each statement of one hold, with the database's time for it as the client saw it."""
    patient = Patient.objects.order_by("-pk").select_related("user").first()
    doctor, start = distinct_slots(BOOKINGS + 40)[-1]
    assert patient is not None
    connection.force_debug_cursor = True
    connection.queries_log.clear()
    hold_slot(doctor.pk, start=start, mode="video", patient_id=patient.pk, by=patient.user, reason="Fever")
    for number, query in enumerate(connection.queries, start=1):
        words = re.sub(r"\s+", " ", query["sql"])
        table = re.search(r'(?:FROM|INTO|UPDATE) "(\w+)"', words)
        report(
            "statements of one hold",
            number=number,
            does=words.split(" ", 1)[0] + (f" {table.group(1)}" if table else ""),
            ms=round(float(query["time"]) * 1000, 2),
        )
    connection.force_debug_cursor = False


def crowd() -> None:
    """Two hundred people at one time of one doctor."""
    clean()
    doctor, start = distinct_slots(1)[0]
    patients = Patient.objects.order_by("pk").select_related("user")[:CROWD]
    requests = [[hold_request(signed_in(patient.user), doctor, start, patient)] for patient in patients]
    connection.close()
    with server() as address:
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
    hold_expires_at, hold_extended, cancelled_by, no_show_by, fee, currency, policy, sequence)
SELECT d.id, p.id, p.user_id, r.period, r.period, 'video', 'Fever since yesterday', 'held',
    now() + interval '10 minutes', false, '', '', 500, 'BDT', '{}', 0
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
