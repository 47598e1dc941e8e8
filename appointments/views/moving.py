"""Another time for a visit, and the patient's answer to what the doctor changed."""

from datetime import date, datetime, timedelta
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from appointments import rules, services
from appointments.errors import NotMovable, OfferClosed, PatientBusy, SlotGone
from appointments.forms import AnswerForm, MoveForm, TimesForm
from appointments.kinds import moves_until
from appointments.models import Appointment, Offer
from appointments.open_times import days_window, find_slot_like, other_times, times_nearby
from appointments.views.own import own, side_of
from appointments.views.times import WEEK, days_of, other_zone
from config.errors import DomainError
from config.http import require
from doctors.models import Doctor, Mode
from scheduling.slots import Interval, Slot

# So many other times, and other doctors with so many times each, the page of an offer shows.
TIMES_SHOWN, DOCTORS_SHOWN, TIMES_A_DOCTOR = 6, 5, 3
# How far from the visit's own time other doctors are looked for.
NEARBY = timedelta(days=2)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def reschedule(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Choose among the doctor's open times, look once more, and take one; the old time is kept until then."""
    appointment = own(request, pk)
    side = side_of(request, appointment)
    form = MoveForm(request.POST if request.method == "POST" else request.GET)
    chosen = form.cleaned_data.get("start") if form.is_valid() else None
    if request.method == "POST" and chosen is not None:
        try:
            services.reschedule(
                appointment, start=chosen, sequence=form.cleaned_data["sequence"] or 0, by=request.user, side=side
            )
        except (SlotGone, PatientBusy) as refusal:
            return _times_page(request, appointment, side, refusal=refusal, day=timezone.localdate(chosen))
        messages.success(request, _("The visit has its new time. Both sides are told."))
        return redirect(appointment)
    if not rules.can_move(request.user, appointment):
        raise NotMovable
    if request.method == "GET" and chosen is not None:
        return _confirm_page(request, appointment, side, chosen)
    return _times_page(request, appointment, side)


def _notice(side: str) -> timedelta | None:
    """A doctor needs none of oneself."""
    return timedelta(0) if side == "doctor" else None


def _confirm_page(request: HttpRequest, appointment: Appointment, side: str, start: datetime) -> HttpResponse:
    slot = find_slot_like(
        appointment,
        appointment.doctor,
        start,
        notice=_notice(side),
        until=moves_until(appointment, side=side),
        apart_from=appointment,
    )
    if slot is None:
        return _times_page(request, appointment, side, refusal=SlotGone(), day=timezone.localdate(start))
    context = {
        "appointment": appointment,
        "slot": slot,
        "place": _place(appointment, slot),
        "is_doctor": side == "doctor",
        "other_zone": other_zone(appointment.doctor),
    }
    return render(request, "appointments/move_confirm.html", context)


def _place(appointment: Appointment, slot: Slot):
    return appointment.doctor.places.filter(pk=slot.place).first() if appointment.place_id else None


def _times_page(
    request: HttpRequest,
    appointment: Appointment,
    side: str,
    *,
    refusal: DomainError | None = None,
    day: date | None = None,
) -> HttpResponse:
    """A week of the doctor's open times, at first the week of the visit."""
    form = TimesForm(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    today = timezone.localdate()
    calendar = getattr(appointment.doctor, "calendar", None)
    last = today + timedelta(days=calendar.horizon_days if calendar else 0)
    asked = day or wanted.get("day") or wanted.get("week")
    chosen = min(max(asked or timezone.localdate(appointment.start), today), last)
    first = today + timedelta(days=(chosen - today).days // WEEK * WEEK)
    until = moves_until(appointment, side=side)
    slots = other_times(appointment, days_window(first, WEEK), notice=_notice(side), until=until)
    days = days_of(slots, first, WEEK, appointment.mode)
    shown = days[(chosen - first).days]
    if not wanted.get("day") and not shown.open_count:
        shown = next((day for day in days if day.open_count), shown)
    address = reverse("appointments:reschedule", args=[appointment.pk])
    week = [
        {
            "date": day.date,
            "open": day.open_count,
            "chosen": day is shown,
            "href": f"{address}?{urlencode({'day': day.date})}",
        }
        for day in days
    ]
    step = timedelta(days=WEEK)
    context = {
        "appointment": appointment,
        "refusal": refusal,
        "is_doctor": side == "doctor",
        "week": week,
        "shown": shown,
        "any_open": any(day.open_count for day in days),
        "earlier": f"{address}?{urlencode({'week': first - step})}" if first > today else "",
        "later": f"{address}?{urlencode({'week': first + step})}" if first + step <= last else "",
        "places": {place.pk: place for place in appointment.doctor.places.all()} if appointment.place_id else {},
        "other_zone": other_zone(appointment.doctor),
    }
    return render(request, "appointments/move.html", context, status=refusal.status if refusal else 200)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def offer(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What the doctor changed, and what the patient may do about it; what is chosen is looked up once more."""
    appointment = own(request, pk)
    require(rules.is_patient_side(request.user, appointment))
    refusal = None
    if request.method == "POST":
        form = AnswerForm(request.POST)
        if form.is_valid():
            try:
                return _answer(request, appointment, **form.cleaned_data)
            except (SlotGone, PatientBusy) as said:
                refusal = said
        else:
            refusal = SlotGone(_("Please choose one of the ways on this page."))
    standing = Offer.objects.open().filter(appointment=appointment).first()
    if standing is None:
        raise OfferClosed
    context = {
        "appointment": appointment,
        "offer": standing,
        "refusal": refusal,
        "back": services.would_come_back(appointment, side="patient"),
        "came_from": appointment.events.filter(period__isnull=False).order_by("-pk")[1:2].first(),
    } | _ways(appointment, standing)
    return render(request, "appointments/offer.html", context, status=refusal.status if refusal else 200)


def _answer(
    request: HttpRequest, appointment: Appointment, *, answer: str, doctor: int | None, start: datetime | None
) -> HttpResponse:
    user = request.user
    match answer:
        case "accept":
            services.accept_offer(appointment, by=user)
            messages.success(request, _("Thank you. The visit stands at its new time."))
        case "refund":
            services.decline_offer(appointment, by=user)
            messages.success(request, _("The appointment is cancelled."))
        case _:
            new = services.replace_appointment(appointment, doctor_id=doctor or 0, start=start, by=user)
            messages.success(request, _("You have a visit with another doctor. Nothing more is to be paid."))
            return redirect(new)
    return redirect(appointment)


def _ways(appointment: Appointment, offer: Offer) -> dict[str, object]:
    """Live searches, nothing of them reserved: the next times of the doctor, and of doctors of the same specialty."""
    if offer.kind != Offer.Kind.LEAVE:
        return {}
    now = timezone.now()
    ahead = Interval(now, max(now, appointment.start) + timedelta(days=14))
    own = sorted(other_times(appointment, ahead), key=lambda slot: abs(slot.start - appointment.start))
    near = Interval(max(now, appointment.start - NEARBY), appointment.start + NEARBY)
    doctors = list(Doctor.objects.public().filter(**services.same_specialty(appointment)).for_cards()[:50])
    found = times_nearby(appointment, doctors, near)
    able = [doctor for doctor in doctors if found.get(doctor.pk) and doctor.fee(appointment.mode) is not None]
    able.sort(key=lambda doctor: abs(found[doctor.pk][0].start - appointment.start))
    others = [
        {
            "doctor": doctor,
            "fee": doctor.fee(appointment.mode),
            "times": [(slot, _where(appointment, doctor, slot)) for slot in found[doctor.pk][:TIMES_A_DOCTOR]],
        }
        for doctor in able[:DOCTORS_SHOWN]
    ]
    return {
        "own_times": sorted(own[:TIMES_SHOWN], key=lambda slot: slot.start),
        "others": others if _is_settled(appointment) else [],
    }


def _where(appointment: Appointment, doctor: Doctor, slot: Slot) -> str:
    """The name of the place to which one would come at this time; empty for video."""
    if appointment.mode != Mode.IN_PERSON:
        return ""
    return next((place.name for place in doctor.places.all() if place.pk == slot.place), "")


def _is_settled(appointment: Appointment) -> bool:
    """Whether another doctor can take its money over: it is paid, or costs nothing."""
    return appointment.charge is None or appointment.charge.paid_at is not None
