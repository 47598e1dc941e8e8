"""Doctors' calendars, hours and absences."""

from datetime import time

import factory
from factory.django import DjangoModelFactory

from doctors.models import Mode
from scheduling.models import Calendar, ExtraHours, TimeOff, VisitKind, VisitType, WeeklyHours
from tests.factories.doctors import DoctorFactory


class CalendarFactory(DjangoModelFactory[Calendar]):
    """Quarters of an hour on Dhaka's clock, booked from 30 days to 30 minutes before."""

    class Meta:
        model = Calendar

    doctor = factory.SubFactory(DoctorFactory)


class WeeklyHoursFactory(DjangoModelFactory[WeeklyHours]):
    """Video visits from 09:00 to 17:00; each further row is for the next day of the week."""

    class Meta:
        model = WeeklyHours

    doctor = factory.SubFactory(DoctorFactory)
    weekday = factory.Sequence(lambda n: n % 7)
    start = time(9)
    minutes = 8 * 60
    modes = factory.LazyFunction(lambda: [Mode.VIDEO])


class ExtraHoursFactory(DjangoModelFactory[ExtraHours]):
    """Video visits once; `period` must be given."""

    class Meta:
        model = ExtraHours

    doctor = factory.SubFactory(DoctorFactory)
    modes = factory.LazyFunction(lambda: [Mode.VIDEO])


class TimeOffFactory(DjangoModelFactory[TimeOff]):
    """`period` must be given."""

    class Meta:
        model = TimeOff

    doctor = factory.SubFactory(DoctorFactory)


class VisitTypeFactory(DjangoModelFactory[VisitType]):
    """A short visit of five minutes, for the doctor's usual fee."""

    class Meta:
        model = VisitType

    doctor = factory.SubFactory(DoctorFactory)
    kind = VisitKind.SHORT
    minutes = 5
    position = factory.Sequence(lambda n: n)
