"""What departs from the week: extra hours of one day, and time off."""

from datetime import date, datetime, time
from typing import Any

from django import forms
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext_lazy as _

from doctors.models import Doctor, Mode
from scheduling.forms.fields import (
    DATE,
    NO_PLACE,
    TIME,
    SkippedOrTwice,
    instants,
    lacks_a_place,
    midnight,
    near,
    next_day,
    offer_modes_and_places,
)
from scheduling.models import Calendar, ExtraHours

LONGEST_ABSENCE_DAYS = 366


class TimeOffForm(forms.Form):
    """Whole days, or hours of one day, in which a doctor is away; on the doctor's own clock."""

    first = forms.DateField(label=_("First day"), widget=DATE)
    last = forms.DateField(label=_("Last day"), widget=DATE)
    start = forms.TimeField(label=_("From (if not all day)"), widget=TIME, required=False)
    until = forms.TimeField(label=_("Until (if not all day)"), widget=TIME, required=False)

    def __init__(self, calendar: Calendar, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.calendar = calendar

    def clean_first(self) -> date:
        return near(self.cleaned_data["first"])

    def clean_last(self) -> date:
        return near(self.cleaned_data["last"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first, last = data.get("first"), data.get("last")
        if not first or not last or self.errors:
            return data
        start, until = data.get("start"), data.get("until")
        if (start is None) != (until is None):
            self.add_error("until", _("Give both times, or neither for whole days."))
            return data
        begin = midnight(first, self.calendar.zone) if start is None else self._moment(first, start, "start", 0)
        end = midnight(next_day(last), self.calendar.zone) if until is None else self._moment(last, until, "until", -1)
        if begin is None or end is None:
            return data
        if end <= begin:
            self.add_error("last" if last < first else "until", _("This ends before it begins."))
        elif (last - first).days > LONGEST_ABSENCE_DAYS:
            self.add_error("last", _("A year at a time is the most."))
        else:
            data["period"] = DateTimeTZRange(begin, end)
        return data

    def _moment(self, day: date, clock: time, name: str, which: int) -> datetime | None:
        """Of a time that comes twice the first begins an absence and the second ends it: so all of it is meant."""
        found = instants(day, clock, self.calendar.zone)
        if not found:
            self.add_error(name, SkippedOrTwice.skipped)
            return None
        return found[which]


class ExtraHoursForm(forms.Form):
    """Hours that a doctor offers once, on the doctor's own clock. `until` at or before `start` is on the next day."""

    day = forms.DateField(label=_("Day"), widget=DATE)
    start = forms.TimeField(label=_("From"), widget=TIME)
    until = forms.TimeField(label=_("Until"), widget=TIME)
    modes = forms.MultipleChoiceField(label=_("How"), choices=Mode, widget=forms.CheckboxSelectMultiple)
    place = forms.TypedChoiceField(label=_("Place"), required=False, empty_value=None)

    def __init__(self, doctor: Doctor, calendar: Calendar, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.doctor, self.calendar = doctor, calendar
        self.places = offer_modes_and_places(self, doctor)

    def clean_day(self) -> date:
        return near(self.cleaned_data["day"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if lacks_a_place(data.get("modes", []), data.get("place")):
            self.add_error("place", NO_PLACE)
        day, start, until = data.get("day"), data.get("start"), data.get("until")
        if day is None or start is None or until is None:
            return data
        begin = self._moment(day, start, "start")
        end = self._moment(day if until > start else next_day(day), until, "until")
        if begin is not None and end is not None:
            if (end - begin).total_seconds() < 5 * 60:
                self.add_error("until", _("This is shorter than five minutes."))
            else:
                data["period"] = DateTimeTZRange(begin, end)
        return data

    def _moment(self, day: date, clock: time, name: str) -> datetime | None:
        found = instants(day, clock, self.calendar.zone)
        if len(found) == 1:
            return found[0]
        self.add_error(name, SkippedOrTwice.twice if found else SkippedOrTwice.skipped)
        return None

    def hours(self) -> ExtraHours:
        """The row that this form describes, unsaved."""
        data = self.cleaned_data
        return ExtraHours(doctor=self.doctor, period=data["period"], modes=data["modes"], place=data["place"])
