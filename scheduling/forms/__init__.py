"""What doctors type about their time, by what it is about."""

from scheduling.forms.departures import ExtraHoursForm, TimeOffForm
from scheduling.forms.visits import VisitTypeFormSet
from scheduling.forms.week import CalendarForm, CopyForm, HoursFormSet

__all__ = ["CalendarForm", "CopyForm", "ExtraHoursForm", "HoursFormSet", "TimeOffForm", "VisitTypeFormSet"]
