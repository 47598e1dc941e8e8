"""A doctor's own calendar after 20 000 visits: week, month, agenda, the hours with their grid, the lists."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from appointments.models import Appointment
from doctors.models import Doctor
from patients.models import Patient
from tests.bench.booking import signed_in
from tests.bench.figures import milliseconds, report, timed
from tests.bench.pages import queries_of

PAST, COMING = 20_000, 200

# Every quarter of an hour of the hours from nine to five, back from yesterday and on from tomorrow; each visit of
# another patient.
VISITS = """
WITH patients AS (SELECT id, user_id, row_number() OVER (ORDER BY id) - 1 AS place FROM patients_patient),
     visits AS (
         SELECT n, CASE WHEN n < %(past)s THEN -1 - n / 32 ELSE 1 + (n - %(past)s) / 32 END AS day, n %% 32 AS quarter
         FROM generate_series(0, %(past)s + %(coming)s - 1) n)
INSERT INTO appointments_appointment (doctor_id, patient_id, booked_by_id, period, blocked, mode, reason, status,
                                      hold_extended, cancelled_by, cancel_reason, cancel_words, no_show_by, fee,
                                      currency, policy, sequence)
SELECT %(doctor)s, p.id, p.user_id, tstzrange(s.start, s.start + interval '15 minutes'),
       tstzrange(s.start, s.start + interval '15 minutes'), 'video', '',
       CASE WHEN v.n < %(past)s THEN 'completed' ELSE 'confirmed' END, false, '', '', '', '', 500, 'BDT', '{}', 0
FROM visits v JOIN patients p ON p.place = v.n %% (SELECT count(*) FROM patients)
CROSS JOIN LATERAL (
    SELECT (date_trunc('day', now() AT TIME ZONE 'Asia/Dhaka') + v.day * interval '1 day' + interval '9 hours'
            + v.quarter * interval '15 minutes') AT TIME ZONE 'Asia/Dhaka' AS start) s
"""


def week() -> None:
    """Each page by a test client, in one process: what the server itself takes. The visits are taken back."""
    doctor = Doctor.objects.order_by("-pk").select_related("user")[0]
    with transaction.atomic():
        Appointment.objects.filter(doctor=doctor).delete()
        _measure(doctor, visits=0)
        count = {"past": PAST, "coming": COMING, "doctor": doctor.pk}
        assert Patient.objects.count() >= 32, "nobody is in two places"
        with connection.cursor() as cursor:
            cursor.execute(VISITS, count)
            cursor.execute("ANALYZE appointments_appointment")
        _measure(doctor, visits=PAST + COMING)
        transaction.set_rollback(True)


def _measure(doctor: Doctor, *, visits: int) -> None:
    client = Client(headers=signed_in(doctor.user))
    today = timezone.localdate()
    long_ago = today - timedelta(days=400)
    for page, path in {
        "week": "/practice/calendar/",
        "week, 400 days ago": f"/practice/calendar/?{urlencode({'day': long_ago})}",
        "month": "/practice/calendar/month/",
        "agenda": "/practice/calendar/agenda/",
        "agenda, back from today": "/practice/calendar/agenda/?back=1",
        "hours, with the grid": "/practice/hours/",
        "kinds of visit": "/practice/visit-types/",
        "list, coming": "/appointments/",
        "list, past": "/appointments/?when=past",
    }.items():
        work = _looks(client, path)
        size = len(client.get(path).content)
        times = milliseconds(timed(work, 40))
        report("calendar", page=page, visits=visits, queries=queries_of(work), bytes=size, **times)


def _looks(client: Client, path: str) -> Callable[[], None]:
    def work() -> None:
        response = client.get(path)
        assert response.status_code == 200, (path, response.status_code)

    return work
