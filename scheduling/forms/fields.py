"""Fields and widgets of the doctor's calendar: local days and times, modes and places."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from doctors.models import Doctor, Mode, PracticePlace

TIME = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class NoSuchTime(Exception):
    """The clocks skip this time on that day."""


def minute(clock: time) -> int:
    return clock.hour * 60 + clock.minute


def near(day: date) -> date:
    """The day, if it is of these times. Raises ValidationError: the calendar's own ends are no days to count from."""
    if not 2000 <= day.year <= 2200:
        raise ValidationError(_("Please check the year."))
    return day


def instants(day: date, clock: time, zone: ZoneInfo) -> list[datetime]:
    """When clocks in the zone show this time on this day: once, twice where they are put back, and never where they
    are put forward."""
    walls = (datetime.combine(day, clock.replace(second=0, microsecond=0, fold=fold), zone) for fold in (0, 1))
    found = dict.fromkeys(wall.astimezone(UTC) for wall in walls)
    return [moment for moment in found if moment.astimezone(zone).replace(tzinfo=None, fold=0) == _naive(day, clock)]


def _naive(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock.replace(second=0, microsecond=0, fold=0))


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a day, which need not be at twelve: clocks may be put forward at midnight."""
    wall = datetime.combine(day, time(), zone)
    found = instants(day, time(), zone)
    return found[0] if found else wall.astimezone(UTC)


class SkippedOrTwice:
    """Sentences for a time that a day does not have once."""

    skipped = _("The clocks are put forward on this day: there is no such time. Choose an earlier or a later one.")
    twice = _("The clocks are put back on this day: this time comes twice. Choose an earlier or a later one.")


def places_of(doctor: Doctor) -> dict[str, PracticePlace]:
    """The places where the doctor sees patients now, by key, from what the view has prefetched."""
    return {str(place.pk): place for place in doctor.places.all() if place.is_active}


def offer_modes_and_places(form: forms.Form, doctor: Doctor) -> dict[str, PracticePlace]:
    """Let a form with the fields `modes` and `place` choose among the doctor's own."""
    places = places_of(doctor)
    named = [(pk, place.name) for pk, place in places.items()]
    form.fields["place"].choices = [("", _("No place (video)")), *named]  # type: ignore[attr-defined]
    form.fields["place"].coerce = places.get  # type: ignore[attr-defined]
    form.fields["modes"].choices = [(mode, Mode(mode).label) for mode in doctor.modes]  # type: ignore[attr-defined]
    if len(doctor.modes) == 1:
        form.fields["modes"].initial = doctor.modes
    return places


def lacks_a_place(modes: Iterable[str], place: object) -> bool:
    return Mode.IN_PERSON in modes and not place


NO_PLACE = _("Choose where you see patients in person.")


def next_day(day: date) -> date:
    return day + timedelta(days=1)
