"""A doctor's home after 50 000 visits, and a patient's after 300: time and queries, inside one process."""

from collections.abc import Callable

from django.db import connection, transaction
from django.test import Client

from accounts.models import User
from appointments.models import Appointment
from doctors.models import Doctor
from tests.bench.booking import signed_in
from tests.bench.figures import milliseconds, report, timed
from tests.bench.pages import queries_of

VISITS, PATIENTS, OWN = 50_000, 5_000, 300

# A quarter of an hour each, 32 a day, back from yesterday: more than four years. Of eight one is cancelled or missed;
# each that took place was earned, and each tenth of them reviewed.
HISTORY = """
CREATE TEMP TABLE visit ON COMMIT DROP AS
SELECT uuidv7() AS id, n, p.id AS patient, p.user_id AS booker, s.start,
       CASE n %% 16 WHEN 3 THEN 'no_show' WHEN 11 THEN 'cancelled' ELSE 'completed' END AS status
FROM generate_series(0, %(visits)s - 1) n
JOIN (SELECT id, user_id, row_number() OVER (ORDER BY id) - 1 AS place FROM patients_patient) p
  ON p.place = n * 7 %% %(patients)s
CROSS JOIN LATERAL (
    SELECT (date_trunc('day', now() AT TIME ZONE 'Asia/Dhaka') - (1 + n / 32) * interval '1 day' + interval '9 hours'
            + n %% 32 * interval '15 minutes') AT TIME ZONE 'Asia/Dhaka' AS start) s;

INSERT INTO appointments_appointment (id, doctor_id, patient_id, booked_by_id, period, blocked, mode, reason, status,
                                      hold_extended, cancelled_by, cancel_reason, cancel_words, no_show_by, fee,
                                      currency, policy, sequence)
SELECT id, %(doctor)s, patient, booker, tstzrange(start, start + interval '15 minutes'),
       tstzrange(start, start + interval '15 minutes'), 'video', '', status, false,
       CASE status WHEN 'cancelled' THEN 'patient' ELSE '' END, '', '',
       CASE status WHEN 'no_show' THEN 'patient' ELSE '' END, 500, 'BDT', '{}', 0
FROM visit;

INSERT INTO payments_charge (id, payer_id, payer_phone, seller, description, detail, done_path, amount, currency,
                             status, paid_at, created_at, at_desk)
SELECT id, booker, '', 'bench', 'Consultation fee', '', '/', 500, 'BDT', 'paid', start, start, false
FROM visit WHERE status = 'completed';

INSERT INTO payments_journal (id, kind, charge_id, cause, at)
SELECT id, 'earning', id, replace(id::text, '-', ''), start FROM visit WHERE status = 'completed';

INSERT INTO payments_ledgerentry (journal_id, at, account, doctor_id, amount, currency)
SELECT id, start, account, CASE WHEN account <> 'deposit' THEN %(doctor)s END, amount, 'BDT'
FROM visit, (VALUES ('deposit', 500), ('doctor', -450), ('commission', -50)) lines(account, amount)
WHERE status = 'completed';

INSERT INTO reviews_review (id, appointment_id, doctor_id, author_id, stars, text, signed_as, speaks_of_health, status,
                            posted_at, reply, note)
SELECT gen_random_uuid(), id, %(doctor)s, booker, 1 + n %% 5, 'Clear answers.', '', false, 'published',
       start + interval '5 hours', '', ''
FROM visit WHERE status = 'completed' AND n %% 10 = 0;
"""

# A visit a day of one patient, each with another doctor.
OF_A_PATIENT = """
INSERT INTO appointments_appointment (doctor_id, patient_id, booked_by_id, period, blocked, mode, reason, status,
                                      hold_extended, cancelled_by, cancel_reason, cancel_words, no_show_by, fee,
                                      currency, policy, sequence)
SELECT d.id, p.id, p.user_id, tstzrange(s.start, s.start + interval '15 minutes'),
       tstzrange(s.start, s.start + interval '15 minutes'), 'video', '', 'completed', false, '', '', '', '', 500, 'BDT',
       '{}', 0
FROM patients_patient p, (SELECT id, row_number() OVER (ORDER BY id) AS place FROM doctors_doctor LIMIT %(visits)s) d
CROSS JOIN LATERAL (SELECT now() - d.place * interval '1 day' AS start) s
WHERE p.user_id = %(user)s;
"""


def homes() -> None:
    """Everything is taken back at the end."""
    doctor = Doctor.objects.order_by("-pk").select_related("user")[0]
    patient = User.objects.filter(patient__isnull=False).order_by("-pk")[0]
    with transaction.atomic():
        Appointment.objects.filter(doctor=doctor).delete()
        _measure("doctor", doctor.user, visits=0)
        with connection.cursor() as cursor:
            for table in ("payments_journal", "payments_ledgerentry"):
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(HISTORY, {"visits": VISITS, "patients": PATIENTS, "doctor": doctor.pk})
            cursor.execute(OF_A_PATIENT, {"user": patient.pk, "visits": OWN})
            cursor.execute("ANALYZE")
        _measure("doctor", doctor.user, visits=VISITS)
        _measure("patient", patient, visits=OWN)
        transaction.set_rollback(True)


def _measure(of: str, user: User, *, visits: int) -> None:
    client = Client(headers=signed_in(user))
    weeks, months = "/practice/today/", "/practice/today/?by=month"
    pages = {"by week": weeks, "by month": months} if of == "doctor" else {"": "/"}
    for page, path in pages.items():
        work = _looks(client, path)
        size = len(client.get(path).content)
        times = milliseconds(timed(work, 40))
        report("home", of=of, page=page, visits=visits, queries=queries_of(work), bytes=size, **times)
    if visits:
        _queries(client, next(reversed(pages.values())))


def _queries(client: Client, path: str) -> None:
    """The queries that take longest, one line each."""
    connection.force_debug_cursor = True
    connection.queries_log.clear()
    client.get(path)
    for query in sorted(connection.queries, key=lambda each: -float(each["time"]))[:5]:
        report("home, a query", ms=round(float(query["time"]) * 1000, 1), sql=query["sql"][:120])
    connection.force_debug_cursor = False


def _looks(client: Client, path: str) -> Callable[[], None]:
    def work() -> None:
        response = client.get(path)
        assert response.status_code == 200, (path, response.status_code)

    return work
