"""What came of a visit: the doctor's word for one in person, and the word of a side that says it was otherwise."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from appointments import rules, services
from appointments.errors import IllegalChange, NotContestable
from appointments.forms import ContestForm, FinishForm
from appointments.views.own import own, side_of
from config.http import require


@login_required
@require_POST
def finish(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The doctor says of a visit at the chamber that it is done, or that the patient did not come."""
    appointment = own(request, pk)
    require(rules.is_doctor_of(request.user, appointment))
    form = FinishForm(request.POST)
    if not form.is_valid() or not rules.can_finish(request.user, appointment, outcome=form.cleaned_data["outcome"]):
        raise IllegalChange
    if form.cleaned_data["outcome"] == "completed":
        services.complete_visit(appointment, by=request.user)
        messages.success(request, _("The visit is done."))
    else:
        services.mark_no_show(appointment, side="patient", by=request.user)
        messages.success(request, _("Written down: the patient did not come."))
    return redirect(appointment)


@login_required
@require_POST
def ask_to_follow_up(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The doctor asks the patient to book a follow-up: the booking, and what it costs, is the patient's."""
    appointment = own(request, pk)
    require(rules.is_doctor_of(request.user, appointment))
    services.ask_to_follow_up(appointment)
    messages.success(request, _("The patient is asked to book a follow-up."))
    return redirect(appointment)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def contest(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say that it was otherwise; an administrator looks."""
    appointment = own(request, pk)
    side = side_of(request, appointment)
    if not rules.may_contest(appointment, side=side):
        raise NotContestable
    form = ContestForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        services.contest_visit(appointment, side=side, words=form.cleaned_data["words"], by=request.user)
        messages.success(request, _("An administrator looks at it, and writes to both sides."))
        return redirect(appointment)
    context = {"appointment": appointment, "form": form, "is_doctor": side == "doctor"}
    return render(request, "appointments/contest.html", context, status=422 if form.errors else 200)
