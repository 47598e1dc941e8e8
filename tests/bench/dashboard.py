"""The admin's home over a year with five million visits, and counting that year anew."""

import os
from collections.abc import Callable
from datetime import date, timedelta
from time import perf_counter

from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from config.days import DAY, midnight, months, today
from config.figures import SOURCES, count_days, refresh_days
from config.models import DailyFigure, Name
from payments.models import Journal
from scheduling.figures import offered_by_day
from telehealth.models import JoinEvidence
from tests.bench.data import DOCTORS, PEOPLE, analyze
from tests.bench.figures import milliseconds, report, timed
from tests.bench.pages import queries_of

VISITS = int(os.environ.get("VISITS", "5000000"))
# So many are written in one transaction: the database keeps a note of each row until its foreign keys are looked at.
CHUNK = 250_000
# One visit in so many was a call with evidence, and one was paid online.
CALLS, PAID = 20, 10

# In the order of time, as in life: the n-th of a year, each of the next doctor and patient.
VISITS_MADE = """
WITH doctors AS (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM doctors_doctor),
     patients AS (SELECT id, user_id, row_number() OVER (ORDER BY id) - 1 AS place FROM patients_patient)
INSERT INTO appointments_appointment (doctor_id, patient_id, booked_by_id, period, blocked, mode, visit_kind,
                                      visit_label, reason, status, hold_expires_at, hold_extended, cancelled_by,
                                      cancel_reason, cancel_words, no_show_by, fee, currency, policy, sequence,
                                      created_at)
SELECT d.id, p.id, p.user_id, tstzrange(s.start, s.start + interval '15 minutes'),
       tstzrange(s.start, s.start + interval '15 minutes'), 'video', 'new', '', '',
       CASE WHEN n %% 100 < 82 THEN 'completed' WHEN n %% 100 < 87 THEN 'no_show'
            WHEN n %% 100 < 94 THEN 'cancelled' ELSE 'expired' END,
       s.start, false, '', '', '', '', 500, 'BDT', '{}', 0, s.start - n %% 300 * interval '1 hour'
FROM generate_series(%(first)s::bigint, %(last)s::bigint) n
CROSS JOIN LATERAL (SELECT %(begin)s + n * (%(length)s / %(visits)s) AS start) s
JOIN doctors d ON d.place = n * 7 %% %(people)s
JOIN patients p ON p.place = (n * 7 + n / %(people)s) %% %(people)s
"""

REST_MADE = """
INSERT INTO appointments_appointmentevent (appointment_id, at, old, new, code)
SELECT id, lower(period), 'confirmed', 'cancelled', '' FROM appointments_appointment WHERE status = 'cancelled';

CREATE TEMP TABLE call AS
SELECT id, doctor_id, booked_by_id, lower(period) AS start, upper(period) AS over, row_number() OVER () AS n
FROM appointments_appointment WHERE status = 'completed' AND extract(epoch FROM lower(period))::bigint %% %(calls)s = 0;

INSERT INTO telehealth_consultation (appointment_id, version, admitted_at, closed_at, outcome)
SELECT id, 4, start, over, 'completed' FROM call;

INSERT INTO telehealth_joinevidence (consultation_id, user_id, side, event, at, device_class, browser, grade)
SELECT call.id, CASE WHEN side = 'patient' THEN call.booked_by_id ELSE d.user_id END, side,
       CASE WHEN event = 'left' AND call.n %% 30 = 0 THEN 'lost' ELSE event END, start + after, 'phone', '', ''
FROM call JOIN doctors_doctor d ON d.id = call.doctor_id,
     (VALUES ('doctor', 'joined', interval '0'), ('patient', 'joined', interval '1 minute'),
             ('doctor', 'admitted', interval '2 minutes'),
             ('patient', 'left', interval '14 minutes')) evidence(side, event, after);

CREATE TEMP TABLE sale AS
SELECT row_number() OVER () AS n, uuidv7() AS charge, uuidv7() AS settlement, booked_by_id AS payer, created_at AS at
FROM appointments_appointment WHERE extract(epoch FROM lower(period))::bigint %% %(paid)s = 1;

INSERT INTO payments_charge (id, payer_id, payer_phone, seller, description, detail, done_path, amount, currency,
                             status, paid_at, created_at, at_desk)
SELECT charge, payer, '', 'bench', 'Consultation fee', '', '/', 500, 'BDT', 'paid', at, at, false FROM sale;

INSERT INTO payments_journal (id, kind, charge_id, cause, at)
SELECT settlement, 'settlement', charge, 'P' || n, at FROM sale ORDER BY at;

INSERT INTO payments_ledgerentry (journal_id, at, account, amount, currency)
SELECT settlement, at, account, amount, 'BDT' FROM sale,
    (VALUES ('gateway', 487.5), ('gateway_fee', 12.5), ('deposit', -500)) lines(account, amount);

INSERT INTO doctors_dailysteps (day, step, count)
SELECT day::date, step, 40000 FROM generate_series(%(first_day)s::timestamp, %(last_day)s, interval '1 day') day,
    (VALUES ('search'), ('profile')) steps(step);
"""

# The triggers look at each row; the checks of foreign keys stay.
GUARDED = ("payments_journal", "payments_ledgerentry")


def load_dashboard() -> None:
    """Doctors who have been there for a year, and its visits; the indexes are made when all rows are there."""
    call_command("load_specialties")
    end = midnight(today())
    begin = end - timedelta(days=365)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(PEOPLE, {"count": DOCTORS})
        cursor.execute("UPDATE doctors_doctor SET verified_at = %s", [begin - DAY])
    with connection.schema_editor() as editor:
        for index in Appointment._meta.indexes:
            editor.remove_index(Appointment, index)
    facts = {"visits": VISITS, "people": DOCTORS, "begin": begin, "length": end - begin}
    for first in range(0, VISITS, CHUNK):
        with connection.cursor() as cursor:
            cursor.execute(VISITS_MADE, facts | {"first": first, "last": min(first + CHUNK, VISITS) - 1})
    with connection.schema_editor() as editor:
        for index in Appointment._meta.indexes:
            editor.add_index(Appointment, index)
    rest = {"calls": CALLS, "paid": PAID, "first_day": begin, "last_day": end}
    with transaction.atomic(), connection.cursor() as cursor:
        for table in GUARDED:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(REST_MADE, rest)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in GUARDED:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    analyze()


def dashboard() -> None:
    there = {
        "visits": Appointment.objects.count(),
        "evidence": JoinEvidence.objects.count(),
        "journals": Journal.objects.count(),
    }
    report("figures", of="rows in the database", doctors=DOCTORS, **there)
    last = today()
    begun = perf_counter()
    rows = sum(count for _month, count in count_days(last - timedelta(days=364), last))
    report("figures", of="a year counted anew, thirteen months", seconds=round(perf_counter() - begun, 1), rows=rows)
    report("figures", of="the days that go on", seconds=round(min(timed(refresh_days, 2)), 2))
    month = list(months(last - timedelta(days=62), last))[1]
    ends = (month, list(months(month, last))[1] - DAY)
    for name, source in SOURCES.items():
        seconds = min(timed(lambda source=source: list(source(*ends)), 2))
        report("figures", of=f"one month of {name.value}", seconds=round(seconds, 2))
    report("figures", of="one month of offered", seconds=round(min(timed(lambda: list(offered_by_day(*ends)), 1)), 2))
    plain = min(timed(lambda: list(SOURCES[Name.VISITS](last - timedelta(days=364), last)), 1))
    report("figures", of="baseline: the visits of a year, counted by the page itself", seconds=round(plain, 2))
    pages(last)


def pages(last: date) -> None:
    admin = User.objects.create(email=f"admin-{timezone.now():%H%M%S}@bench.example", is_staff=True, is_superuser=True)
    client = Client(headers={"host": "localhost"})
    client.force_login(admin)
    for page, path in {
        "an empty page, signed in": "/bench/empty/",
        "twelve months": "/admin/",
        "one month": f"/admin/?first={last.replace(day=1)}",
        "five years": f"/admin/?first={last - timedelta(days=1780)}",
        "twelve months as CSV": "/admin/figures.csv",
    }.items():
        work = _looks(client, path)
        figures = DailyFigure.objects.count()
        report("admin's home", page=page, figures=figures, queries=queries_of(work), **milliseconds(timed(work, 30)))
    client.logout()
    User.objects.filter(pk=admin.pk).delete()


def _looks(client: Client, path: str) -> Callable[[], None]:
    def work() -> None:
        response = client.get(path)
        assert response.status_code == 200, (path, response.status_code)
        if response.streaming:
            sum(map(len, response))

    return work
