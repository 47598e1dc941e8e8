"""The waiting list: joining a doctor's, one's own waits, and leaving."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from appointments.errors import NoFollowUp, TimeIsOpen, TooManyWaits
from appointments.forms import WaitForm
from appointments.kinds import kinds_for, number_of
from appointments.models import Wait, WaitOffer
from appointments.waiting_list import join_waiting_list, leave_waiting_list
from config.db import PAGE
from doctors.models import Doctor
from patients.models import today
from patients.services import own_patient

# The field that a refusal is about; the others are about no field.
BESIDE = {TimeIsOpen: "last", NoFollowUp: "patient"}


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, slug: str) -> HttpResponse:
    """Say for whom, for what, for which days and how; what is open in these days is pointed at instead."""
    doctor = get_object_or_404(Doctor.objects.public().for_cards().select_related("calendar"), slug=slug)
    calendar = getattr(doctor, "calendar", None)
    if calendar is None or not doctor.modes:
        raise Http404
    asked = request.GET.get("mode", "")
    mode = asked if asked in doctor.modes else ""
    kinds, _without_follow_up = kinds_for(request.user, doctor, calendar, now=timezone.now())
    sent = request.POST if request.method == "POST" else None
    form = WaitForm(request.user, doctor, kinds, sent, kind=request.GET.get("type", ""), mode=mode)
    fitting = None
    status = 422 if form.errors else 200
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            join_waiting_list(
                doctor,
                patient=form.chosen or own_patient(request.user),
                days=data["days"],
                visit_type=doctor.visit_types.filter(pk=number_of(data["type"])).first(),
                mode=data["mode"],
                part=data["part"],
                by=request.user,
            )
        except (TimeIsOpen, TooManyWaits, NoFollowUp) as refusal:
            form.add_error(BESIDE.get(type(refusal)), str(refusal.message))
            fitting, status = getattr(refusal, "start", None), refusal.status
        else:
            messages.success(request, _("You are on the waiting list. We write to you as soon as a time is free."))
            return redirect("appointments:waits")
    context = {"doctor": doctor, "form": form, "fitting": fitting, "mode": mode or doctor.modes[0]}
    return render(request, "appointments/join.html", context, status=status)


@never_cache
@login_required
@require_safe
def waits(request: HttpRequest) -> HttpResponse:
    """For whom one waits, and what is offered at this moment."""
    own = Wait.objects.visible_to(request.user).waiting(today())
    offers = WaitOffer.objects.open().filter(wait__in=own).select_related("appointment__doctor", "appointment__patient")
    return render(request, "appointments/waits.html", {"waits": own.for_list(), "offers": offers.fetch_mode(PAGE)})


@login_required
@require_POST
def leave(request: HttpRequest, pk: UUID) -> HttpResponse:
    leave_waiting_list(get_object_or_404(Wait.objects.visible_to(request.user), pk=pk))
    messages.success(request, _("You do not wait for this doctor any more."))
    return redirect("appointments:waits")
