"""The bench writes its rows by SQL of its own, which knows nothing of a column that a model has got since."""

from django.core.management import call_command
from django.db import connection

from appointments.models import Appointment
from doctors.models import Doctor
from patients.models import MedicalRecord, Patient
from tests.bench import data, records, reminders, week

MANY = 40


def test_rows_of_the_bench_are_rows_of_the_portal(db: None) -> None:
    call_command("load_specialties")
    with connection.cursor() as cursor:
        cursor.execute(data.PEOPLE, {"count": MANY})
        cursor.execute(data.HISTORY, {"visits": 50, "share": data.SHARE, "doctors": MANY})
        cursor.execute(reminders.MORE_PATIENTS, {"more": 5})
        spread = {"visits": 20, "doctors": MANY, "families": MANY, "days": 3, "from": reminders.tomorrow(9)}
        cursor.execute(reminders.VISITS, spread)
        cursor.execute(records.RECORDS, {"each": 2})
        measured = Doctor.objects.earliest("pk").pk
        Appointment.objects.filter(doctor=measured).delete()
        cursor.execute(week.VISITS, {"past": 5, "coming": 5, "doctor": measured})
    people = MANY + 5
    assert (Doctor.objects.count(), Patient.objects.count()) == (MANY, people)
    assert MedicalRecord.objects.count() == 2 * people
    assert Appointment.objects.filter(doctor=measured).count() == 10
