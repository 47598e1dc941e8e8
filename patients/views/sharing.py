"""Consent: who may read one's records, and what was shared with a doctor."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Case, Count, Max, Q, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Action, Ground, TrailEntry
from accounts.trail import write_trail
from config.http import require, respond
from doctors.models import Doctor
from patients import services
from patients.forms import ShareForm, ShareKindForm
from patients.models import CareRelationship, MedicalRecord, Patient, PatientGrant, RecordGrant
from patients.views.records import PAGE_SIZE, own

MOST_DOCTORS = 12


@never_cache
@login_required
@require_safe
def shares(request: HttpRequest) -> HttpResponse:
    """Who reads what of one's records and of those one acts for, and until when."""
    people = {person.pk: person for person in Patient.objects.acted_for_by(request.user).order_by("created_at")}
    wide = PatientGrant.objects.live().filter(content_object__in=people).for_list()
    alone = RecordGrant.objects.live().filter(content_object__patient__in=people).for_list()
    grants = sorted([*wide, *alone], key=lambda grant: (grant.user.doctor.name, grant.expires_at))
    by_doctor: dict[Doctor, list[RecordGrant | PatientGrant]] = {}
    for grant in grants:
        grant.person = people[services.subject_of(grant)]
        by_doctor.setdefault(grant.user.doctor, []).append(grant)
    context = {"doctors": list(by_doctor.items()), "people": people}
    return render(request, "patients/records/shares.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def share_record(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Let a doctor read one record."""
    record = own(request, pk)
    form = ShareForm(request.POST if request.method == "POST" else None, initial={"doctor": request.GET.get("doctor")})
    if request.method == "POST" and form.is_valid():
        doctor = form.cleaned_data["doctor"]
        services.share_record(record, doctor, until=form.cleaned_data["until"], by=request.user)
        messages.success(request, _("%(doctor)s can read it now.") % {"doctor": doctor})
        return redirect(record)
    return _share_page(request, form, [record.patient_id], record=record)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def share_kind(request: HttpRequest) -> HttpResponse:
    """Let a doctor read all records of a person, or all of one kind."""
    posted = request.method == "POST"
    form = ShareKindForm(request.user, request.POST if posted else None, initial={"doctor": request.GET.get("doctor")})
    require(bool(form.patients))
    if posted and form.is_valid():
        data = form.cleaned_data
        services.share_kind(form.whose, data["doctor"], kind=data["kind"], until=data["until"], by=request.user)
        messages.success(request, _("%(doctor)s can read them now.") % {"doctor": data["doctor"]})
        return redirect("patients:shares")
    return _share_page(request, form, form.patients)


def _share_page(request: HttpRequest, form: ShareForm, patients: Iterable[Any], **context: Any) -> HttpResponse:
    """The form with the doctors to choose from: those who treat or treated these people first, then by the name."""
    name = request.GET.get("q", "").strip()[:80]
    doctors = Doctor.objects.public()
    treating = CareRelationship.objects.filter(patient__in=list(patients)).values("doctor")
    if name:
        for word in name.split():
            doctors = doctors.filter(Q(name__icontains=word) | Q(name_bn__icontains=word))
    else:
        doctors = doctors.filter(pk__in=treating)
    chosen = request.POST.get("doctor") or request.GET.get("doctor")
    theirs = Case(When(pk__in=treating, then=0), default=1)
    found = list(doctors.order_by(theirs, "name", "pk").for_cards()[:MOST_DOCTORS])
    # Whoever was chosen before stays, whatever is looked for then.
    kept = Doctor.objects.public().filter(slug=chosen).exclude(pk__in=[doctor.pk for doctor in found])
    listed = [*(kept.for_cards() if chosen else []), *found]
    context |= {"form": form, "doctors": listed, "q": name, "chosen": chosen, "is_unknown": bool(name) and not found}
    response = respond(request, "patients/records/share.html", partial="doctors", **context)
    response.status_code = 422 if form.errors else 200
    return response


@login_required
@require_POST
def revoke(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End what was shared, at once."""
    people = list(Patient.objects.acted_for_by(request.user).values_list("pk", flat=True))
    grant = (
        PatientGrant.objects.filter(content_object__in=people, pk=pk).for_list().first()
        or RecordGrant.objects.filter(content_object__patient__in=people, pk=pk).for_list().first()
    )
    if grant is None:
        # Ended in another tab, or by itself, is no mistake; all else is somebody else's.
        ended = TrailEntry.objects.about_patients(people).filter(action=Action.REVOKED, ground_id=str(pk))
        if not ended.exists():
            raise Http404
        messages.info(request, _("This was ended already."))
    else:
        services.revoke_share(grant, by=request.user)
        messages.success(request, _("%(doctor)s can no longer read it.") % {"doctor": grant.user.doctor})
    return redirect("patients:shares")


# A doctor's side -------------------------------------------------------------------------------------------------


@never_cache
@login_required
@require_safe
def shared(request: HttpRequest) -> HttpResponse:
    """The patients who share records with this doctor now."""
    require(Doctor.objects.filter(user=request.user).exists())
    rows = (
        MedicalRecord.objects.shared_with(request.user).values("patient").annotate(count=Count("pk"), last=Max("dated"))
    )
    page = Paginator(rows.order_by("-last", "patient"), PAGE_SIZE).get_page(request.GET.get("page"))
    patients = Patient.objects.in_bulk([row["patient"] for row in page])
    context = {"page": page, "rows": [row | {"patient": patients[row["patient"]]} for row in page]}
    return render(request, "patients/records/shared.html", context)


@never_cache
@login_required
@require_safe
def shared_with_me(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """What one patient shares with this doctor now; htmx gets the list alone, for pages about the patient."""
    doctor = Doctor.objects.filter(user=request.user).first()
    require(doctor is not None)
    treats = CareRelationship.objects.current().filter(doctor=doctor, patient=patient_id).exists()
    with services.held_grants(request.user, patient=patient_id):
        rows = MedicalRecord.objects.shared_with(request.user).filter(patient=patient_id).for_list()
        page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
        page.object_list = list(page.object_list)
        if page.object_list:
            # What documents are called tells of somebody's health already.
            write_trail(Action.READ, by=request.user, about="patients.records", subject=patient_id, ground=Ground.SHARE)
    if not (treats or page.object_list):
        raise Http404
    patient = get_object_or_404(Patient, pk=patient_id)
    return respond(request, "patients/records/shared_with_me.html", partial="rows", page=page, patient=patient)


@never_cache
@login_required
@require_safe
def put_to_visit(request: HttpRequest, source: UUID) -> HttpResponse:
    """What the patient put to one visit, to its doctor while the care for it lasts. The visit's page fetches it."""
    require(Doctor.objects.filter(user=request.user).exists())
    with services.held_grants(request.user, content_object__attachments__source=source):
        rows = list(MedicalRecord.objects.shared_with(request.user).put_to(source).for_list())
        if not rows:
            raise Http404
        patient = rows[0].patient
        write_trail(
            Action.READ,
            by=request.user,
            about="patients.records",
            subject=patient.pk,
            ground=Ground.CARE,
            ground_id=source,
        )
    return respond(request, "patients/records/put_to_visit.html", partial="rows", rows=rows, patient=patient)
