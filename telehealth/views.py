"""The pages of a video visit: the device check, the room, what came of it, and the doctor's queue.

They are whole without JavaScript, the call itself aside; static/js/call/ makes them live.
"""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from allauth.core.internal import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Action, Ground, User
from accounts.trail import write_trail
from appointments.models import Appointment
from config.db import PAGE
from config.headers import for_calls
from config.http import require, respond
from doctors.models import Doctor
from patients.rules import ground_of
from telehealth import closing, consent, rules, services
from telehealth.access import Guest
from telehealth.errors import NotOpen
from telehealth.forms import ChatForm, CloseForm, ConsentForm, LateForm
from telehealth.models import Consultation, JoinEvidence, Outcome, Presence, RoomStatus, Side
from telehealth.room import chat_of, waiting_for
from telehealth.turn import ice_servers

HISTORY = 5
# A test takes a quarter of that; the relay's clock may be two minutes off (telehealth/turn.py).
TEST_LASTS = timedelta(minutes=1)


def own(request: HttpRequest, pk: UUID) -> Guest:
    """Whose room this is, and on which side; a 404 for everybody else, and where there is no room."""
    visits = Appointment.objects.visible_to(request.user).select_related("doctor__user", "patient")
    visit = get_object_or_404(visits.fetch_mode(PAGE), pk=pk)
    side = rules.side_of(request.user, visit) if rules.has_room(visit) else None
    if side is None:
        raise Http404
    return Guest(request.user, side, services.find_room(visit))


def host(request: HttpRequest, pk: UUID) -> Guest:
    """As `own`, for what is the doctor's to do: a 403 on the patient's side."""
    guest = own(request, pk)
    require(guest.side == Side.DOCTOR)
    return guest


def write_reading(guest: Guest) -> None:
    """That somebody looks at the reason and the chat of a visit is written down before they are shown."""
    visit = guest.room.appointment
    is_doctor = guest.side == Side.DOCTOR
    ground = Ground.CARE if is_doctor else ground_of(guest.user, visit.patient_id)
    about, because = guest.room, visit.pk if is_doctor else ""
    write_trail(Action.READ, by=guest.user, about=about, subject=visit.patient_id, ground=ground, ground_id=because)


@never_cache
@login_required
@require_safe
@for_calls
def device(request: HttpRequest) -> HttpResponse:
    """Camera, microphone and speaker, before a visit."""
    return render(request, "telehealth/device.html")


@never_cache
@login_required
@require_safe
def device_ice(request: HttpRequest) -> HttpResponse:
    """The relay for a moment, to test the way to it: for who has a video visit soon, and not again and again."""
    require(rules.has_visit_ahead(request.user))
    if not ratelimit.consume(request, app="allauth.account", action="test_relay", user=request.user, limit_get=True):
        return HttpResponse(status=429, headers={"Retry-After": "600"})
    return _relay(request.user, until=timezone.now() + TEST_LASTS)


def _relay(user: User, *, until: datetime) -> JsonResponse:
    servers, expires_at = ice_servers(user, until=until)
    policy = "relay" if settings.TURN_ONLY else "all"
    return JsonResponse({"ice_servers": servers, "policy": policy, "expires_at": expires_at.isoformat()})


@never_cache
@login_required
@require_safe
@for_calls
def room(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The waiting room and the call; before it opens, when it does; closed, what came of it."""
    guest = own(request, pk)
    if guest.room.status == RoomStatus.CLOSED:
        return redirect("telehealth:summary", pk)
    if not request.htmx:
        write_reading(guest)
    return _room_page(request, guest)


def _room_page(
    request: HttpRequest, guest: Guest, *, agreeing: ConsentForm | None = None, chat: ChatForm | None = None
) -> HttpResponse:
    visit, is_doctor = guest.room.appointment, guest.side == Side.DOCTOR
    has_consented = is_doctor or services.has_consented(guest.room, guest.user)
    seats = {seat.side: seat for seat in Presence.objects.filter(consultation=guest.room.pk)}
    is_waiting = guest.room.status == RoomStatus.WAITING
    response = respond(
        request,
        "telehealth/room.html",
        partial="standing",
        theme="dark",
        room=guest.room,
        visit=visit,
        side=guest.side,
        is_doctor=is_doctor,
        has_consented=has_consented,
        consent_points=consent.POINTS,
        consent_form=agreeing or ConsentForm(initial={"version": consent.VERSION}),
        waiting=waiting_for(guest.room) if is_waiting and not is_doctor else None,
        patient_seat=seats.get(Side.PATIENT),
        doctor_seat=seats.get(Side.DOCTOR),
        can_say_doctor_missed=not is_doctor and closing.can_say_doctor_missed(guest.room),
        can_say_no_show=is_doctor and rules.can_say_no_show(guest.room),
        late_form=LateForm(initial={"minutes": services.late_by(visit.doctor_id)}) if is_doctor else None,
        chat=chat_of(guest.room),
        chat_form=chat or ChatForm(initial={"client_id": uuid4()}),
        history=_earlier(visit) if is_doctor else [],
    )
    response.status_code = 422 if agreeing or chat else 200
    return response


def _earlier(visit: Appointment) -> list[Appointment]:
    """The last visits of this patient with this doctor before this one."""
    earlier = Appointment.objects.filter(patient=visit.patient, doctor=visit.doctor, period__startswith__lt=visit.start)
    return list(earlier.past().for_list().filter(status__in=["completed", "no_show"])[:HISTORY])


@login_required
@require_POST
@for_calls
def agree(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The patient's side agrees to what a video visit is."""
    guest = own(request, pk)
    require(guest.side == Side.PATIENT)
    form = ConsentForm(request.POST)
    if not form.is_valid():
        return _room_page(request, guest, agreeing=form)
    services.give_consent(services.room_of(guest.room.appointment), by=request.user)
    return redirect("telehealth:room", pk)


@never_cache
@login_required
@require_safe
def ice(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The relay's addresses with a password that ends by itself, for who may be in the room while it is open."""
    guest = own(request, pk)
    if not guest.room.is_open:
        raise NotOpen
    return _relay(guest.user, until=guest.room.closes_at)


@login_required
@require_POST
@for_calls
def write(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A message of the chat, without JavaScript."""
    guest = own(request, pk)
    form = ChatForm(request.POST)
    if not form.is_valid():
        return _room_page(request, guest, chat=form)
    room = services.room_of(guest.room.appointment)
    services.write_message(room, **form.cleaned_data, by=request.user, side=guest.side)
    return redirect("telehealth:room", pk)


@login_required
@require_POST
def admit(request: HttpRequest, pk: UUID) -> HttpResponse:
    guest = host(request, pk)
    services.admit(services.room_of(guest.room.appointment), by=request.user)
    return redirect("telehealth:room", pk)


@login_required
@require_POST
def late(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The doctor tells those who wait how much later it gets."""
    guest = host(request, pk)
    form = LateForm(request.POST)
    if form.is_valid():
        services.say_late(guest.room.appointment.doctor_id, minutes=form.cleaned_data["minutes"])
        messages.success(request, _("Those who wait see it now."))
    else:
        messages.error(request, _("Choose one of the times that are offered."))
    return redirect("telehealth:room", pk)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def running_late(request: HttpRequest) -> HttpResponse:
    """The doctor tells everybody who is booked today how much later it gets, whether by video or at the chamber."""
    doctor = Doctor.objects.filter(user=request.user).first()
    require(doctor is not None)
    said = services.late_by(doctor.pk)
    form = LateForm(request.POST if request.method == "POST" else None, initial={"minutes": said})
    if form.is_valid():
        services.say_late(doctor.pk, minutes=form.cleaned_data["minutes"])
        messages.success(request, _("Everybody who is still booked today is told."))
        return redirect("practice_home")
    waiting = Appointment.objects.still_today(doctor.pk).count()
    context = {"form": form, "said": said, "waiting": waiting}
    return render(request, "telehealth/running_late.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def doctor_missed(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The patient's side, which waits, says that the doctor did not come; the evidence has to agree."""
    guest = own(request, pk)
    require(guest.side == Side.PATIENT)
    closing.say_doctor_missed(guest.room, by=request.user)
    messages.success(request, _("We are sorry. All of the fee goes back to you."))
    return redirect("appointments:detail", pk)


@login_required
@require_POST
def close(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The doctor ends the visit: done, or the patient did not come."""
    guest = host(request, pk)
    form = CloseForm(request.POST)
    if not form.is_valid():
        return redirect("telehealth:room", pk)
    outcome = Outcome(form.cleaned_data["outcome"])
    services.close(services.room_of(guest.room.appointment), outcome=outcome, by=request.user)
    return redirect("telehealth:summary", pk)


@never_cache
@login_required
@require_safe
def summary(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What came of a visit, with what was written; while the room is open, the room."""
    guest = own(request, pk)
    if guest.room.status != RoomStatus.CLOSED:
        return redirect("telehealth:room", pk)
    write_reading(guest)
    evidence = JoinEvidence.objects.filter(consultation=guest.room.pk).fetch_mode(PAGE)
    return render(
        request,
        "telehealth/summary.html",
        {
            "room": guest.room,
            "visit": guest.room.appointment,
            "is_doctor": guest.side == Side.DOCTOR,
            "side": guest.side,
            "chat": chat_of(guest.room),
            "evidence": list(evidence) if guest.side == Side.DOCTOR else [],
        },
    )


@never_cache
@login_required
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """Who waits for the doctor, since when, and how well they are connected."""
    doctor = Doctor.objects.filter(user=request.user).first()
    require(doctor is not None)
    rooms = list(Consultation.objects.open().of_doctor(doctor.pk).for_queue())
    return respond(request, "telehealth/queue.html", partial="rows", rooms=rooms, late=services.late_by(doctor.pk))
