"""Emergency access: the pages on which an administrator finds a patient, says why, and looks for half an hour."""

from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django.contrib.auth.decorators import login_required, permission_required
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Action, Ground
from accounts.trail import write_trail
from patients.forms import EmergencyAccessForm, FindPatientForm
from patients.models import EmergencyAccess, MedicalRecord, Patient
from patients.services import close_emergency_access, open_emergency_access, read_facts

MOST_FOUND = PAGE_SIZE = 20
may_break_glass = permission_required("patients.break_glass", raise_exception=True)


@never_cache
@login_required
@may_break_glass
@require_safe
def find_patient(request: HttpRequest) -> HttpResponse:
    """Whom is it about? By name, number or address alone; nothing of anybody's health is here."""
    form = FindPatientForm(request.GET if "q" in request.GET else None)
    found = _found(form.cleaned_data["q"]) if form.is_valid() else None
    context = {"form": form, "patients": found, "live": EmergencyAccess.objects.live(request.user).for_list()}
    return render(request, "patients/emergency/find.html", context, status=422 if form.errors else 200)


def _found(text: str) -> list[Patient]:
    by_what = Q(name__icontains=text) | Q(user__email__iexact=text)
    digits = "".join(each for each in text if each.isdigit())
    if len(digits) >= 5:
        by_what |= Q(phone__endswith=str(int(digits)))
    return list(Patient.objects.filter(by_what).select_related("user").order_by("name", "pk")[:MOST_FOUND])


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
@may_break_glass
@reauthentication_required
def break_glass(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Says what follows, asks for the reason, and opens the door. The sign-in must be fresh."""
    patient = get_object_or_404(Patient, pk=patient_id)
    form = EmergencyAccessForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return redirect("patients:emergency", open_emergency_access(patient, by=request.user, **form.cleaned_data).pk)
    context = {"form": form, "patient": patient}
    return render(request, "patients/emergency/open.html", context, status=422 if form.errors else 200)


@never_cache
@login_required
@may_break_glass
@require_safe
def emergency(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What is known of the patient's health, while the door is open, to the one who opened it."""
    access = get_object_or_404(EmergencyAccess.objects.live(request.user).select_related("patient"), pk=pk)
    patient, because = access.patient, {"ground": Ground.BREAK_GLASS, "ground_id": access.pk}
    # One transaction: whoever closes the door waits until all of it is on the trail.
    with transaction.atomic():
        facts = read_facts(patient, by=request.user, **because)
        # What documents are called tells of somebody's health already.
        write_trail(Action.READ, by=request.user, about="patients.records", subject=patient.pk, **because)
        records = MedicalRecord.objects.filter(patient=patient).for_list()
        page = Paginator(records, PAGE_SIZE).get_page(request.GET.get("page"))
        page.object_list = list(page.object_list)
    context = {"access": access, "patient": patient, "sections": facts, "page": page}
    return render(request, "patients/emergency/look.html", context)


@login_required
@may_break_glass
@require_POST
def close_emergency(request: HttpRequest, pk: UUID) -> HttpResponse:
    close_emergency_access(get_object_or_404(EmergencyAccess.objects.filter(by=request.user), pk=pk))
    return redirect("patients:find_patient")
