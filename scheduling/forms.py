"""What a doctor types about the week."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.forms import BaseFormSet, formset_factory
from django.utils.translation import gettext_lazy as _

from doctors.models import Doctor, Mode
from scheduling.models import MINUTES_A_DAY, Calendar, Weekday, WeeklyHours
from scheduling.slots import week_minutes

TIME = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class CalendarForm(forms.ModelForm):
    """The rules by which time is offered."""

    class Meta:
        model = Calendar
        fields = (
            "slot_minutes",
            "buffer_before_minutes",
            "buffer_after_minutes",
            "notice_minutes",
            "horizon_days",
        )


class HoursForm(forms.Form):
    """One stretch of the week. `until` at or before `start` is on the next day."""

    # Without a choice of its own an untouched row would say Monday, and be taken for hours that lack their times.
    weekday = forms.TypedChoiceField(label=_("Day"), choices=[("", _("Choose a day")), *Weekday.choices], coerce=int)
    start = forms.TimeField(label=_("From"), widget=TIME)
    until = forms.TimeField(label=_("Until"), widget=TIME)
    modes = forms.MultipleChoiceField(label=_("How"), choices=Mode, widget=forms.CheckboxSelectMultiple)
    place = forms.TypedChoiceField(label=_("Place"), required=False, empty_value=None)

    def __init__(self, *args: Any, doctor: Doctor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.doctor = doctor
        self.places = {str(place.pk): place for place in doctor.places.all() if place.is_active}
        # From what the view has prefetched: a week has many rows.
        named = [(pk, place.name) for pk, place in self.places.items()]
        self.fields["place"].choices = [("", _("No place (video)")), *named]
        self.fields["place"].coerce = self.places.get
        self.fields["modes"].choices = [(mode, Mode(mode).label) for mode in doctor.modes]
        if len(doctor.modes) == 1:
            self.fields["modes"].initial = doctor.modes

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("start") is not None and data.get("until") is not None:
            data["start"] = data["start"].replace(second=0, microsecond=0)
            data["minutes"] = (minute(data["until"]) - minute(data["start"])) % MINUTES_A_DAY or MINUTES_A_DAY
            if data["minutes"] < 5:
                self.add_error("until", _("This is shorter than five minutes."))
        if Mode.IN_PERSON in data.get("modes", []) and not data.get("place"):
            self.add_error("place", _("Choose where you see patients in person."))
        return data

    @property
    def stretch(self) -> dict[str, Any]:
        """What the row says when it is folded: the hours as stored, or as they came in; nothing for a new row."""
        data = self.cleaned_data if self.is_bound and self.is_valid() else self.initial
        if data.get("weekday") is None:
            return {}
        place = data["place"]
        return {
            "day": Weekday(data["weekday"]).label,
            "start": data["start"],
            "until": data["until"],
            "overnight": data["until"] <= data["start"],
            "modes": [Mode(mode).label for mode in data["modes"]],
            "place": self.places.get(str(place)) if isinstance(place, int) else place,
        }

    def hours(self) -> WeeklyHours:
        """The row that this form describes, unsaved."""
        data = self.cleaned_data
        return WeeklyHours(
            doctor=self.doctor,
            weekday=data["weekday"],
            start=data["start"],
            minutes=data["minutes"],
            modes=data["modes"],
            place=data["place"],
        )


def minute(clock: time) -> int:
    return clock.hour * 60 + clock.minute


class BaseHoursFormSet(BaseFormSet):
    """All of a week: no two stretches may overlap."""

    def clean(self) -> None:
        if any(self.errors):
            return
        kept = [form for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        taken: list[tuple[int, int]] = []
        for form in kept:
            data = form.cleaned_data
            own = week_minutes(data["weekday"], minute(data["start"]), data["minutes"])
            if any(begin < end_ and begin_ < end for begin, end in own for begin_, end_ in taken):
                form.add_error("start", _("These hours overlap others of the same day."))
            taken += own

    def rows(self) -> list[WeeklyHours]:
        return [form.hours() for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]


HoursFormSet = formset_factory(
    HoursForm, formset=BaseHoursFormSet, extra=2, max_num=70, absolute_max=70, can_delete=True
)


def near(day: date) -> date:
    """The day, if it is of these times. Raises ValidationError: the calendar's own ends are no days to count from."""
    if not 2000 <= day.year <= 2200:
        raise ValidationError(_("Please check the year."))
    return day


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
        if not first or not last:
            return data
        start, until = data.get("start"), data.get("until")
        if (start is None) != (until is None):
            self.add_error("until", _("Give both times, or neither for whole days."))
            return data
        begin = self._instant(first, start or time())
        end = self._instant(last + timedelta(days=1), time()) if until is None else self._instant(last, until)
        if end <= begin:
            self.add_error("last" if last < first else "until", _("This ends before it begins."))
        elif (last - first).days > 366:
            self.add_error("last", _("A year at a time is the most."))
        else:
            data["period"] = DateTimeTZRange(begin, end)
        return data

    def _instant(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, self.calendar.zone)
