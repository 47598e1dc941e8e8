"""What a doctor types about the week."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.db.backends.postgresql.psycopg_any import DateRange
from django.forms import BaseFormSet, formset_factory
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from doctors.models import Doctor, Mode
from scheduling.forms.fields import (
    DATE,
    NO_PLACE,
    TIME,
    lacks_a_place,
    minute,
    near,
    next_day,
    offer_modes_and_places,
)
from scheduling.models import MINUTES_A_DAY, Calendar, Weekday, WeeklyHours
from scheduling.slots import week_minutes
from scheduling.week import Grid, draw, names_of

MOST_ROWS = 70


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
            "daily_cap",
        )


class HoursForm(forms.Form):
    """One stretch of the week. `until` at or before `start` is on the next day."""

    # Without a choice of its own an untouched row would say Monday, and be taken for hours that lack their times.
    weekday = forms.TypedChoiceField(label=_("Day"), choices=[("", _("Choose a day")), *Weekday.choices], coerce=int)
    start = forms.TimeField(label=_("From"), widget=TIME)
    until = forms.TimeField(label=_("Until"), widget=TIME)
    modes = forms.MultipleChoiceField(label=_("How"), choices=Mode, widget=forms.CheckboxSelectMultiple)
    place = forms.TypedChoiceField(label=_("Place"), required=False, empty_value=None)
    first = forms.DateField(label=_("Only from (day)"), widget=DATE, required=False)
    last = forms.DateField(label=_("Only until (day)"), widget=DATE, required=False)

    def __init__(self, *args: Any, doctor: Doctor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.doctor = doctor
        self.places = offer_modes_and_places(self, doctor)

    def clean_first(self) -> date | None:
        return self._near("first")

    def clean_last(self) -> date | None:
        return self._near("last")

    def _near(self, name: str) -> date | None:
        day: date | None = self.cleaned_data[name]
        return near(day) if day else None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("start") is not None and data.get("until") is not None:
            data["start"] = data["start"].replace(second=0, microsecond=0)
            data["minutes"] = (minute(data["until"]) - minute(data["start"])) % MINUTES_A_DAY or MINUTES_A_DAY
            if data["minutes"] < 5:
                self.add_error("until", _("This is shorter than five minutes."))
        if lacks_a_place(data.get("modes", []), data.get("place")):
            self.add_error("place", NO_PLACE)
        first, last = data.get("first"), data.get("last")
        if first and last and last < first:
            self.add_error("last", _("This ends before it begins."))
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
            "first": data.get("first"),
            "last": data.get("last"),
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
            valid=DateRange(data["first"], next_day(data["last"]) if data["last"] else None),
        )

    @property
    def typed(self) -> dict[str, Any]:
        """The hours as another form would take them for its initial values; nothing for a row that says none."""
        data = self.cleaned_data if self.is_bound else self.initial
        names = ("weekday", "start", "until", "modes", "first", "last")
        if any(data.get(name) is None for name in names[:3]) or data.get("DELETE"):
            return {}
        place = data.get("place")
        return {name: data.get(name) for name in names} | {"place": getattr(place, "pk", place)}


class BaseHoursFormSet(BaseFormSet):
    """All of a week: no two stretches may overlap while both hold."""

    def clean(self) -> None:
        if any(self.errors):
            return
        taken: list[tuple[list[tuple[int, int]], date, date]] = []
        for form in self._kept():
            data = form.cleaned_data
            own = week_minutes(data["weekday"], minute(data["start"]), data["minutes"])
            first, last = data["first"] or date.min, data["last"] or date.max
            if any(
                begin < end_ and begin_ < end and first <= last_ and first_ <= last
                for others, first_, last_ in taken
                for begin_, end_ in others
                for begin, end in own
            ):
                form.add_error("start", _("These hours overlap others of the same day."))
            taken.append((own, first, last))

    def _kept(self) -> list[HoursForm]:
        return [form for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]

    def rows(self) -> list[WeeklyHours]:
        return [form.hours() for form in self._kept()]

    def typed(self) -> list[dict[str, Any]]:
        """All rows that say something, as the initial values of another formset."""
        return [typed for form in self.forms if (typed := form.typed)]

    @property
    def grid(self) -> Grid:
        """The picture of what was typed; what cannot be read is left out of it."""
        doctor = self.form_kwargs["doctor"]
        calendar = getattr(doctor, "calendar", None)
        today = timezone.localdate(timezone=calendar.zone if calendar else None)
        return draw(drawn(self._readable(), doctor), today)

    def _readable(self) -> list[dict[str, Any]]:
        if not self.is_bound:
            return self.typed()
        self.is_valid()
        return [form.typed for form in self.forms if hasattr(form, "cleaned_data") and not form.errors and form.typed]


def drawn(rows: Iterable[dict[str, Any]], doctor: Doctor) -> list[dict[str, Any]]:
    """Rows of a week with what a grid shows of them."""
    places = {place.pk: place.name for place in doctor.places.all()}
    found = []
    for row in rows:
        minutes = (minute(row["until"]) - minute(row["start"])) % MINUTES_A_DAY or MINUTES_A_DAY
        where = places.get(row["place"], "")
        label = " \N{MIDDLE DOT} ".join(filter(None, [names_of(row["modes"]), where]))
        found.append(row | {"minutes": minutes, "label": label})
    return found


HoursFormSet = formset_factory(
    HoursForm, formset=BaseHoursFormSet, extra=2, max_num=MOST_ROWS, absolute_max=MOST_ROWS, can_delete=True
)


class CopyForm(forms.Form):
    """The hours of one day, for others."""

    copy_from = forms.TypedChoiceField(label=_("The hours of"), choices=Weekday, coerce=int)
    copy_to = forms.TypedMultipleChoiceField(
        label=_("To"), choices=Weekday, coerce=int, widget=forms.CheckboxSelectMultiple
    )

    def copied(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The rows with those of the chosen days replaced by copies of the one day's."""
        source = self.cleaned_data["copy_from"]
        targets = [day for day in self.cleaned_data["copy_to"] if day != source]
        kept = [row for row in rows if row["weekday"] not in targets]
        copies = [row | {"weekday": day} for day in targets for row in rows if row["weekday"] == source]
        return sorted(kept + copies, key=lambda row: (row["weekday"], row["start"]))
