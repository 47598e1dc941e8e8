"""Which times are open: calendars from below, bookings from here."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from django.utils import timezone

from appointments.models import Appointment
from doctors.models import Doctor
from scheduling.calendars import DoctorTime, read_calendars
from scheduling.models import Calendar
from scheduling.slots import Interval, Rules, Slot, window_of


def days_window(first: date, days: int) -> Interval:
    """From the viewer's midnight of the first day until that after the last."""
    zone = timezone.get_current_timezone()
    begin = datetime.combine(first, time(), zone)
    end = datetime.combine(first + timedelta(days=days), time(), zone)
    return Interval(begin, end)


def times_of(
    calendars: Collection[Calendar],
    window: Interval,
    rules: Mapping[int, Rules] | None = None,
    *,
    apart_from: Appointment | None = None,
) -> dict[int, DoctorTime]:
    """What decides about the times of these doctors, by doctor id: two queries. `rules` as for `read_calendars`.

    `apart_from` is the booking that looks for another time: it neither takes its own nor counts in its day.
    """
    others = Appointment.objects.exclude(pk=apart_from.pk) if apart_from else Appointment.objects.all()
    return read_calendars(calendars, window, others.occupying(), counted=others.counted(), rules=rules)


def slots_of(
    calendars: Collection[Calendar],
    window: Interval,
    now: datetime | None = None,
    rules: Mapping[int, Rules] | None = None,
) -> dict[int, list[Slot]]:
    """The times of many doctors in a window, taken ones marked, by doctor id: two queries beside the calendars'.

    They are those of the usual visit, unless `rules` by doctor id say otherwise.
    """
    now = now or timezone.now()
    times = times_of(calendars, window, rules)
    return {doctor_id: time.slots(window, now) for doctor_id, time in times.items()}


def time_of(
    doctor: Doctor, start: datetime, rules: Rules | None = None, *, apart_from: Appointment | None = None
) -> DoctorTime | None:
    """What decides about this one start; None for a doctor without a calendar. `rules` stand in for the doctor's."""
    try:
        calendar = doctor.calendar
    except Calendar.DoesNotExist:
        return None
    own_rules = {doctor.pk: rules} if rules else None
    return times_of([calendar], window_of(start), own_rules, apart_from=apart_from)[doctor.pk]


def find_open_slot(
    doctor: Doctor,
    start: datetime,
    mode: str,
    *,
    notice: timedelta | None = None,
    rules: Rules | None = None,
    apart_from: Appointment | None = None,
) -> Slot | None:
    """The open slot of this doctor at exactly this instant and by this mode, or None: two queries after the calendar.

    `notice` stands in for the doctor's own: a patient whose payment came late has given notice long ago. `rules` are
    those of a kind of visit that is not the usual one. `apart_from` is the booking that looks for another time: its
    own does not keep it from one beside it.
    """
    doctor_time = time_of(doctor, start, rules, apart_from=apart_from) if mode in doctor.modes else None
    if doctor_time is None:
        return None
    if notice is not None:
        doctor_time.rules = replace(doctor_time.rules, notice=notice)
    return open_slot_by(doctor_time, start, mode, timezone.now())


def find_slot_like(
    appointment: Appointment,
    doctor: Doctor,
    start: datetime,
    *,
    notice: timedelta | None = None,
    until: datetime | None = None,
    apart_from: Appointment | None = None,
) -> Slot | None:
    """The open slot of this doctor at exactly this instant for a visit like that one: by the same mode, as long, and
    with the same pauses around it, whatever the doctor offers by now. None where there is none, or none before `until`.
    """
    calendar = Calendar.objects.filter(doctor=doctor).first()
    if calendar is None or (until is not None and start >= until):
        return None
    rules = rules_like(appointment, calendar)
    return find_open_slot(doctor, start, appointment.mode, notice=notice, rules=rules, apart_from=apart_from)


def rules_like(appointment: Appointment, calendar: Calendar) -> Rules:
    """The calendar's, for a visit as long as that one and with the same pauses around it."""
    return replace(
        calendar.rules,
        slot=appointment.end - appointment.start,
        buffer_before=appointment.start - appointment.blocked.lower,
        buffer_after=appointment.blocked.upper - appointment.end,
    )


def open_slot_by(doctor_time: DoctorTime, start: datetime, mode: str, now: datetime) -> Slot | None:
    """The open slot at exactly this instant and by this mode, or None, as far as the doctor's time goes."""
    slot = doctor_time.open_slot(start.astimezone(UTC), now)
    return slot if slot is not None and mode in slot.modes else None


def other_times(
    appointment: Appointment, window: Interval, *, notice: timedelta | None = None, until: datetime | None = None
) -> list[Slot]:
    """The open times in a window to which this booking could move: of its doctor, by its mode, its own left out; before
    `until`, if it is given."""
    calendar = Calendar.objects.filter(doctor=appointment.doctor_id).first()
    if calendar is None or appointment.mode not in appointment.doctor.modes:
        return []
    rules = {calendar.doctor_id: rules_like(appointment, calendar)}
    read = times_of([calendar], window, rules, apart_from=appointment)[calendar.doctor_id]
    if notice is not None:
        read.rules = replace(read.rules, notice=notice)
    found = read.slots(window, timezone.now())
    return [
        slot
        for slot in found
        if slot.free
        and appointment.mode in slot.modes
        and slot.start != appointment.start
        and (until is None or slot.start < until)
    ]


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
