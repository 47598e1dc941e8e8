"""What the tests of visits share."""

import pytest

from accounts.models import User
from appointments.models import Appointment
from scheduling.models import Calendar, WeeklyHours
from tests.appointments.visits import at, confirmed, days_from_now
from tests.factories.patients import PatientFactory


@pytest.fixture
def full(doctor: User) -> list[Appointment]:
    """The doctor's only times, tomorrow at ten and at half past, each with a visit."""
    WeeklyHours.objects.filter(doctor=doctor.doctor).exclude(weekday=days_from_now(1).weekday()).delete()
    WeeklyHours.objects.filter(doctor=doctor.doctor).update(start="10:00", minutes=60)
    Calendar.objects.filter(doctor=doctor.doctor).update(slot_minutes=30, horizon_days=6)
    return [confirmed(doctor, PatientFactory().user, at(10, minute)) for minute in (0, 30)]
