"""A doctor's open times: a full page, a week of it as a fragment, and the strips of many doctors at once."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from appointments.forms import TimesForm
from appointments.kinds import FOLLOW_UP, kinds_for
from appointments.kinds import chosen as chosen_visit
from appointments.listings import part_of_day
from appointments.open_times import days_window, slots_of
from config.http import respond
from doctors.models import Doctor, Mode, Part
from scheduling.models import Calendar
from scheduling.slots import Slot
from scheduling.visits import OfferedVisit

WEEK = 7
STRIP_DAYS = 3
STRIP_TIMES = 3
CARDS = 20


@dataclass(slots=True)
class Day:
    """A day of a doctor's calendar on the viewer's clock, with its times by part of the day."""

    date: date
    parts: list[tuple[Part, list[Slot]]]

    @property
    def slots(self) -> list[Slot]:
        return [slot for _part, slots in self.parts for slot in slots]

    @property
    def open_count(self) -> int:
        return sum(slot.free for slot in self.slots)


def days_of(slots: list[Slot], first: date, count: int, mode: str) -> list[Day]:
    """The slots of one mode sorted into the viewer's days, empty days kept."""
    zone = timezone.get_current_timezone()
    days = [Day(first + timedelta(days=offset), [(part, []) for part in Part]) for offset in range(count)]
    for slot in slots:
        offset = (slot.start.astimezone(zone).date() - first).days
        if mode in slot.modes and 0 <= offset < count:
            # Where the doctor sits matters to those who come.
            shown = slot if mode == Mode.IN_PERSON else replace(slot, place=None)
            dict(days[offset].parts)[part_of_day(slot.start, zone)].append(shown)
    return days


def calendar_of(doctor: Doctor) -> Calendar | None:
    return getattr(doctor, "calendar", None)


def other_zone(doctor: Doctor) -> str:
    """The doctor's time zone where the viewer's clock is another, to be named beside every time; else empty."""
    calendar = calendar_of(doctor)
    zone = calendar.time_zone if calendar else ""
    return zone if zone != timezone.get_current_timezone_name() else ""


@require_safe
def times(request: HttpRequest, slug: str) -> HttpResponse:
    """Seven days of a doctor's times, from the day asked for."""
    doctor = get_object_or_404(Doctor.objects.public().for_cards().select_related("calendar"), slug=slug)
    form = TimesForm(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    modes = doctor.modes
    if not modes:
        raise Http404
    mode = wanted.get("mode") if wanted.get("mode") in modes else modes[0]
    calendar = calendar_of(doctor)
    kind = wanted.get("type", "")
    kinds, without_follow_up = [], False
    if calendar is not None:
        kinds, without_follow_up = kinds_for(request.user, doctor, calendar, now=timezone.now())
    found = chosen_visit(kinds, kind)
    visit = found or (kinds[0] if kinds else None)
    context = {
        "doctor": doctor,
        "mode": Mode(mode),
        "modes": [Mode(each) for each in modes],
        "kinds": [(each, each.fees.get(mode)) for each in kinds],
        "visit": visit,
        "no_follow_up": kind == FOLLOW_UP and without_follow_up,
        "fee": visit.fees.get(mode) if visit else doctor.fee(mode),
        "places": list(doctor.places.all()) if mode == Mode.IN_PERSON else [],
        "other_zone": other_zone(doctor),
    }
    if calendar is None or visit is None:
        return respond(request, "appointments/times.html", partial="panel", **context, week=[], shown=None)

    today = timezone.localdate()
    last = today + timedelta(days=calendar.horizon_days)
    chosen = min(max(wanted.get("day") or wanted.get("week") or today, today), last)
    first = today + timedelta(days=(chosen - today).days // WEEK * WEEK)
    slots = slots_of([calendar], days_window(first, WEEK), rules={doctor.pk: visit.rules})[doctor.pk]
    days = days_of(slots, first, WEEK, mode)
    shown = days[(chosen - first).days]
    if not wanted.get("day") and not shown.open_count:
        # Nobody asked for this very day: open at the first that has a time.
        shown = next((day for day in days if day.open_count), shown)
    following = first + timedelta(days=WEEK)
    return respond(
        request,
        "appointments/times.html",
        partial="panel",
        **context,
        week=[
            {
                "date": day.date,
                "open": day.open_count,
                "chosen": day is shown,
                "href": _address(doctor, mode, visit, day=day.date),
            }
            for day in days
        ],
        shown=shown,
        any_open=any(day.open_count for day in days),
        earlier=_address(doctor, mode, visit, week=first - timedelta(days=WEEK)) if first > today else "",
        later=_address(doctor, mode, visit, week=following) if following <= last else "",
        # Search knows the usual visit's times.
        next_open=_next_open(doctor, mode) if visit.type_id is None else None,
    )


def _address(doctor: Doctor, mode: str, visit: OfferedVisit, **days: date) -> str:
    kind = {"type": visit.type_id} if visit.type_id else {}
    return f"{reverse('appointments:times', args=[doctor.slug])}?{urlencode({'mode': mode} | kind | days)}"


def _next_open(doctor: Doctor, mode: str) -> datetime | None:
    """The first open time by this mode, as search last knew it."""
    listing = getattr(doctor, "listing", None)
    first = listing.next_open_by(mode) if listing else None
    return first if first and first > timezone.now() else None


@require_safe
def strips(request: HttpRequest) -> HttpResponse:
    """The next open times of the doctors on a page of cards, in one answer of out-of-band fragments."""
    asked = request.GET.get("doctors", "").split(",")[:CARDS]
    ids = [int(each) for each in asked if each.isascii() and each.isdigit() and len(each) < 12]
    mode = request.GET.get("mode", "")
    doctors = list(Doctor.objects.public().filter(pk__in=ids).select_related("calendar", "listing"))
    calendars = [calendar for doctor in doctors if (calendar := calendar_of(doctor))]
    today = timezone.localdate()
    by_doctor = slots_of(calendars, days_window(today, STRIP_DAYS))
    cards = [_strip(doctor, by_doctor.get(doctor.pk, []), today, mode) for doctor in doctors]
    return render(request, "appointments/strips.html", {"cards": cards})


def _strip(doctor: Doctor, slots: list[Slot], today: date, mode: str) -> dict[str, object]:
    """Three days of one doctor, a few times in each."""
    chosen = mode if mode in doctor.modes else (doctor.modes or [Mode.VIDEO])[0]
    columns = []
    for day in days_of(slots, today, STRIP_DAYS, chosen):
        free = [slot for slot in day.slots if slot.free]
        columns.append({"date": day.date, "slots": free[:STRIP_TIMES], "more": len(free) - len(free[:STRIP_TIMES])})
    return {
        "doctor": doctor,
        "mode": chosen,
        "columns": columns,
        "any": any(column["slots"] for column in columns),
        "next_open": _next_open(doctor, chosen),
    }
