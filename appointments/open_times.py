"""Which times are open: calendars from below, bookings from here."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from django.utils import timezone

from appointments.models import Appointment, AppointmentQuerySet
from doctors.models import Doctor
from scheduling.calendars import DoctorTime, read_calendars
from scheduling.models import Calendar
from scheduling.slots import Interval, Slot, window_of


def days_window(first: date, days: int) -> Interval:
    """From the viewer's midnight of the first day until that after the last."""
    zone = timezone.get_current_timezone()
    begin = datetime.combine(first, time(), zone)
    end = datetime.combine(first + timedelta(days=days), time(), zone)
    return Interval(begin, end)


def slots_of(calendars: Collection[Calendar], window: Interval, now: datetime | None = None) -> dict[int, list[Slot]]:
    """The times of many doctors in a window, taken ones marked, by doctor id: two queries beside the calendars'."""
    now = now or timezone.now()
    times = read_calendars(calendars, window, Appointment.objects.occupying())
    return {doctor_id: time.slots(window, now) for doctor_id, time in times.items()}


def taken(apart_from: Appointment | None = None) -> AppointmentQuerySet:
    """The bookings that keep their time, that one left out whose own time is looked for."""
    taken = Appointment.objects.occupying()
    return taken.exclude(pk=apart_from.pk) if apart_from else taken


def time_of(doctor: Doctor, start: datetime, *, apart_from: Appointment | None = None) -> DoctorTime | None:
    """What decides about this one start; None for a doctor without a calendar."""
    try:
        calendar = doctor.calendar
    except Calendar.DoesNotExist:
        return None
    return read_calendars([calendar], window_of(start), taken(apart_from))[doctor.pk]


def find_open_slot(
    doctor: Doctor,
    start: datetime,
    mode: str,
    *,
    notice: timedelta | None = None,
    apart_from: Appointment | None = None,
) -> Slot | None:
    """The open slot of this doctor at exactly this instant and by this mode, or None: two queries after the calendar.

    `notice` stands in for the doctor's own: a patient whose payment came late has given notice long ago. `apart_from`
    is the booking that looks for another time: its own does not keep it from one beside it.
    """
    doctor_time = time_of(doctor, start, apart_from=apart_from) if mode in doctor.modes else None
    if doctor_time is None:
        return None
    if notice is not None:
        doctor_time.rules = replace(doctor_time.rules, notice=notice)
    return open_slot_by(doctor_time, start, mode, timezone.now())


def open_slot_by(doctor_time: DoctorTime, start: datetime, mode: str, now: datetime) -> Slot | None:
    """The open slot at exactly this instant and by this mode, or None, as far as the doctor's time goes."""
    slot = doctor_time.open_slot(start.astimezone(UTC), now)
    return slot if slot is not None and mode in slot.modes else None


def other_times(appointment: Appointment, window: Interval, *, notice: timedelta | None = None) -> list[Slot]:
    """The open times in a window to which this booking could move: of its doctor, by its mode, its own left out."""
    calendar = Calendar.objects.filter(doctor=appointment.doctor_id).first()
    if calendar is None or appointment.mode not in appointment.doctor.modes:
        return []
    read = read_calendars([calendar], window, taken(appointment))[calendar.doctor_id]
    if notice is not None:
        read.rules = replace(read.rules, notice=notice)
    found = read.slots(window, timezone.now())
    return [slot for slot in found if slot.free and appointment.mode in slot.modes and slot.start != appointment.start]


def times_nearby(appointment: Appointment, doctors: Collection[Doctor], window: Interval) -> dict[int, list[Slot]]:
    """The open times of other doctors by the booking's mode, nearest to its own first, by doctor id: three queries."""
    calendars = Calendar.objects.filter(doctor__in=doctors)
    found = slots_of(list(calendars), window)

    def distance(slot: Slot) -> timedelta:
        return abs(slot.start - appointment.start)

    return {
        doctor_id: sorted((slot for slot in slots if slot.free and appointment.mode in slot.modes), key=distance)
        for doctor_id, slots in found.items()
    }
