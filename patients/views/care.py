"""A doctor's own patients: who they are, and what is known of their health while the doctor treats them."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import Ground
from config.http import require, respond
from doctors.models import Doctor
from patients.models import CareRelationship, Patient
from patients.services import read_facts

PAGE_SIZE = 20
LONGEST_SEARCH = 100


@never_cache
@login_required
@require_safe
def patients(request: HttpRequest) -> HttpResponse:
    """Those whom the doctor treats now, by name, with the last and the next visit."""
    require(Doctor.objects.filter(user=request.user).exists())
    q = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST_SEARCH]
    rows = Patient.objects.in_care_of(request.user).named_like(q)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    return respond(request, "patients/own_patients.html", partial="found", page=page, q=q)


@never_cache
@login_required
@require_safe
def patient(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One patient's health facts. That the doctor looks is written down before anything is shown."""
    require(Doctor.objects.filter(user=request.user).exists())
    care = CareRelationship.objects.current().of_user(request.user).filter(patient=pk)
    because = care.select_related("patient").order_by("-visit_at").first()
    if because is None:
        raise Http404
    sections = read_facts(because.patient, by=request.user, ground=Ground.CARE, ground_id=because.source)
    return render(request, "patients/in_care.html", {"patient": because.patient, "sections": sections})
