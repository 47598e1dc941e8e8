"""Bulk data: ten thousand doctors with their hours, as many patients, and a history of any size."""

import sys

from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from appointments.listings import refresh_listings
from appointments.models import Appointment
from doctors.models import Doctor
from doctors.services import write_documents

DOCTORS = PATIENTS = 10_000
# The doctor who is measured has every fiftieth visit of the history.
SHARE = 50

PEOPLE = """
INSERT INTO accounts_user (password, is_superuser, email, name, role, time_zone, language, is_staff, is_active,
                           date_joined, choices, has_push, mobile)
SELECT '!', false, kind || n || '@bench.example', initcap(kind) || ' ' || (ARRAY['Rahman','Islam','Haque','Chowdhury',
       'Hossain','Ahmed','Khan','Akter','Begum','Das'])[1 + n %% 10] || ' ' || n, kind, 'Asia/Dhaka', 'en', false, true,
       now(), '{}', false, ''
FROM generate_series(1, %(count)s) n, (VALUES ('doctor'), ('patient')) kinds(kind);

INSERT INTO patients_patient (user_id, name, sex, phone, blood_group, emergency_name, emergency_relation,
                              emergency_phone)
SELECT id, name, 'female', '+8801712345678', '', '', '', '' FROM accounts_user WHERE role = 'patient';

INSERT INTO doctors_doctor (user_id, slug, title, name, name_bn, gender, registration_number, languages,
                            practising_since, about, about_bn, photo, photo_small, fee_video, fee_in_person,
                            currency, verified_at, suspension_reason)
SELECT id, 'doctor-' || id, 'Dr.', name, '', CASE WHEN id %% 2 = 0 THEN 'female' ELSE 'male' END, 'B-' || id,
       ARRAY['bn', 'en'], 1990 + id %% 30, '', '', '', '', 300 + id %% 20 * 50,
       CASE WHEN id %% 3 = 0 THEN 900 END, 'BDT', now(), ''
FROM accounts_user WHERE role = 'doctor';

INSERT INTO doctors_doctorspecialty (doctor_id, specialty_id, position)
SELECT d.id, s.id, 0 FROM doctors_doctor d
JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS many FROM specialties_specialty) s
  ON s.place = d.id %% s.many;

INSERT INTO doctors_practiceplace (doctor_id, name, address, district, phone, is_active)
SELECT id, 'Chamber ' || id, 'Road ' || id %% 27,
       (ARRAY['dhaka', 'chattogram', 'sylhet', 'khulna', 'rajshahi'])[1 + id %% 5], '', true
FROM doctors_doctor;

INSERT INTO doctors_qualification (doctor_id, degree, institution) SELECT id, 'MBBS', 'Dhaka Medical College'
FROM doctors_doctor;

INSERT INTO scheduling_calendar (doctor_id, time_zone, slot_minutes, buffer_before_minutes, buffer_after_minutes,
                                 notice_minutes, horizon_days)
SELECT id, 'Asia/Dhaka', 15, 0, 0, 30, 30 FROM doctors_doctor;

INSERT INTO scheduling_weeklyhours (doctor_id, weekday, start, minutes, modes, valid)
SELECT d.id, weekday, '09:00', 480, ARRAY['video'], '(,)' FROM doctors_doctor d, generate_series(0, 6) weekday;
"""

# Visit i is the (i / SHARE)th or so of its doctor, a quarter of an hour before the one before; for one quarter of an
# hour each doctor has another patient, so that nobody is in two places.
HISTORY = """
WITH doctors AS (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM doctors_doctor),
     patients AS (SELECT id, user_id, row_number() OVER (ORDER BY id) - 1 AS place FROM patients_patient),
     visits AS (
         SELECT CASE WHEN i %% %(share)s = 0 THEN 0 ELSE 1 + i %% (%(doctors)s - 1) END AS doctor,
                CASE WHEN i %% %(share)s = 0 THEN i / %(share)s ELSE i / (%(doctors)s - 1) END AS ordinal
         FROM generate_series(0, %(visits)s - 1) i)
INSERT INTO appointments_appointment (doctor_id, patient_id, booked_by_id, period, blocked, mode, reason, status,
                                      hold_extended, cancelled_by, cancel_reason, cancel_words, no_show_by, fee,
                                      currency, policy, sequence)
SELECT d.id, p.id, p.user_id, tstzrange(s.start, s.start + interval '15 minutes'),
       tstzrange(s.start, s.start + interval '15 minutes'), 'video', '', 'completed', false, '', '', '', '',
       500, 'BDT', '{}', 0
FROM visits v JOIN doctors d ON d.place = v.doctor
JOIN patients p ON p.place = (v.doctor + v.ordinal) %% %(doctors)s
CROSS JOIN LATERAL (SELECT date_trunc('hour', now()) - interval '1 day' - v.ordinal * interval '15 minutes' AS start) s
"""


def load_people() -> None:
    """Doctors with calendars, documents and open days, and patients; some minutes, once."""
    call_command("load_specialties")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(PEOPLE, {"count": DOCTORS})
    write_documents()
    ids = list(Doctor.objects.order_by("pk").values_list("pk", flat=True))
    for first in range(0, len(ids), 100):
        refresh_listings(ids[first : first + 100])
        if (first + 100) % 1000 == 0:
            print(f"open days of {first + 100} of {len(ids)} doctors", file=sys.stderr, flush=True)
    analyze()


def load_history(visits: int) -> None:
    """That many past visits; the exclusion constraints are put back after, and so have looked at every row."""
    constraints = [each for each in Appointment._meta.constraints if each.name.endswith("_not_double_booked")]
    with connection.schema_editor() as editor:
        for constraint in constraints:
            editor.remove_constraint(Appointment, constraint)
    with connection.cursor() as cursor:
        cursor.execute(HISTORY, {"visits": visits, "share": SHARE, "doctors": DOCTORS})
    with connection.schema_editor() as editor:
        for constraint in constraints:
            editor.add_constraint(Appointment, constraint)
    analyze()


def analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def refresh_days() -> None:
    """The days go by between runs; search should know of those that are open now, for some at least."""
    today = timezone.now()
    ids = list(Doctor.objects.filter(listing__stale_at__lt=today).order_by("pk").values_list("pk", flat=True))
    for first in range(0, len(ids), 100):
        refresh_listings(ids[first : first + 100])
