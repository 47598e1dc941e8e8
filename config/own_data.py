"""One's data, from every room: to look through and take away."""

from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls.converters import StringConverter
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.erasure import TIME_TO_THINK, ask_for_erasure, take_back_erasure
from accounts.export import account_sections, trail_section
from accounts.models import Action, Erasure, Ground, User
from accounts.trail import write_trail
from appointments.export import visit_section, wait_section
from config.erasure import what_is_in_the_way
from config.export import Section, as_json, as_pdf
from config.templatetags.portal import day
from doctors.export import application_sections
from patients.erasure import patients_that_end_with
from patients.export import patient_sections
from patients.models import Patient
from payments.export import payment_sections
from prescriptions.export import order_section, prescription_sections
from reviews.export import review_sections
from telehealth.export import consultation_sections

JSON, PDF = "json", "pdf"


class CopyForm(StringConverter):
    """In addresses: the forms in which a copy can be had."""

    regex = f"{JSON}|{PDF}"


class EraseForm(forms.Form):
    understood = forms.BooleanField(
        label=gettext_lazy("I understand that this cannot be undone."),
        error_messages={"required": gettext_lazy("Please tick this if you want to go on.")},
    )


@never_cache
@login_required
@require_safe
def own_data(request: HttpRequest) -> HttpResponse:
    """What can be taken away, of oneself and of everybody for whom one acts."""
    patients = Patient.objects.acted_for_by(request.user).order_by("created_at")
    own = next((patient for patient in patients if patient.user_id == request.user.pk), None)
    family = [patient for patient in patients if patient != own]
    erasure = Erasure.objects.filter(user=request.user, done_at=None).first()
    return render(request, "account/data.html", {"own": own, "family": family, "erasure": erasure})


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
@reauthentication_required
def erase(request: HttpRequest) -> HttpResponse:
    """Says what goes, what stays and what is in the way, and takes the wish when somebody has understood it."""
    patients = patients_that_end_with(request.user)
    in_the_way = what_is_in_the_way(request.user, patients)
    form = EraseForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and not in_the_way and form.is_valid():
        ask_for_erasure(request.user)
        return redirect("own_data")
    context = {
        "form": form,
        "in_the_way": in_the_way,
        "others": [patient for patient in patients if patient.user_id != request.user.pk],
        "days": TIME_TO_THINK.days,
    }
    return render(request, "account/erase.html", context, status=422 if form.errors else 409 if in_the_way else 200)


@login_required
@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """Take the wish back."""
    take_back_erasure(request.user)
    messages.success(request, _("You stay. Nothing was erased."))
    return redirect("own_data")


@never_cache
@login_required
@require_safe
@reauthentication_required
def export_account(request: HttpRequest, form: str) -> HttpResponse:
    """The account, its payments and reviews, the patient that the user is, and what was sent in to practise."""
    user = request.user
    own = Patient.objects.filter(user=user).first()
    of_patient = _of_patient(own, user, Ground.SELF) if own else []
    own_words = [*application_sections(user), *review_sections(user)]
    sections = [*account_sections(user), *of_patient, *own_words, *payment_sections(user)]
    return _answer(sections, form, name=user.name)


@never_cache
@login_required
@require_safe
@reauthentication_required
def export_patient(request: HttpRequest, pk: UUID, form: str) -> HttpResponse:
    """A patient for whom the user acts."""
    patient = get_object_or_404(Patient.objects.acted_for_by(request.user), pk=pk)
    ground = Ground.SELF if patient.user_id == request.user.pk else Ground.GUARDIAN
    return _answer(_of_patient(patient, request.user, ground), form, name=patient.name)


def _of_patient(patient: Patient, user: User, ground: Ground) -> list[Section]:
    """Written to the trail before a word of it is read."""
    write_trail(Action.EXPORTED, by=user, about=patient, subject=patient.pk, ground=ground)
    rooms = [
        visit_section(patient),
        wait_section(patient),
        *consultation_sections(patient),
        *prescription_sections(patient),
        order_section(patient),
    ]
    return [*patient_sections(patient), *rooms, trail_section([patient.pk])]


def _answer(sections: list[Section], form: str, *, name: str) -> HttpResponse:
    today = timezone.localdate()
    body: str | bytes
    if form == PDF:
        intro = _("What is kept of %(name)s on %(day)s. The files of records are in the portal, under Records.")
        body = as_pdf(sections, title=_("Your data"), intro=intro % {"name": name, "day": day(today)})
        content_type = "application/pdf"
    else:
        body, content_type = as_json(sections), "application/json"
    response = HttpResponse(body, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="data-{today.isoformat()}.{form}"'
    return response
