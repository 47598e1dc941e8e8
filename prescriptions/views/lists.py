"""Lists of what was prescribed: to oneself and one's family, by a doctor, and to a patient whom a doctor treats."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.http import require, respond
from doctors.models import Doctor
from patients.models import Patient, today
from prescriptions import rules, services
from prescriptions.models import PrescriptionStatus, SignedPrescription, VisitNote
from prescriptions.models.prescriptions import MOST_DAYS
from prescriptions.search import find_signed
from prescriptions.views.signed import lines_of

PAGE_SIZE = 20
LONGEST_SEARCH = 100


@dataclass(frozen=True, slots=True)
class Course:
    """One medicine of a signed prescription, and until when it is taken."""

    signed: SignedPrescription
    line: dict[str, str]
    until: date

    @property
    def is_running(self) -> bool:
        return self.signed.prescription.status == PrescriptionStatus.SIGNED and self.until >= today()


def courses_of(signed: SignedPrescription) -> list[Course]:
    lines = zip(signed.facts["items"], lines_of(signed.facts), strict=True)
    return [Course(signed, line, signed.last_day(item["days"])) for item, line in lines]


def taken_now(patients: Iterable[Patient]) -> list[Course]:
    """What these patients take on this day, as it was prescribed: by patient, what ends last first."""
    recent = SignedPrescription.objects.that_count(since=today() - timedelta(days=MOST_DAYS))
    of_them = recent.filter(patient__in=list(patients)).for_list()
    running = [course for signed in of_them for course in courses_of(signed) if course.is_running]
    return sorted(running, key=lambda each: (str(each.signed.patient), -each.until.toordinal(), each.line["name"]))


@never_cache
@login_required
@require_safe
def own(request: HttpRequest) -> HttpResponse:
    """One's own prescriptions and those of the family."""
    family = list(Patient.objects.acted_for_by(request.user))
    rows = SignedPrescription.objects.filter(patient__in=family).for_list()
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "today": today(), "taken_now": taken_now(family), "family": family}
    return render(request, "prescriptions/own.html", context)


@never_cache
@login_required
@require_safe
def practice(request: HttpRequest) -> HttpResponse:
    """What the doctor has signed, by patient, code or medicine. Whose names stand there is written down first."""
    require(Doctor.objects.filter(user=request.user).exists())
    q = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST_SEARCH]
    rows = find_signed(SignedPrescription.objects.of_practice(request.user), q).for_list()
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    page.object_list = list(page.object_list)
    services.note_listed(page.object_list, by=request.user)
    context = {"page": page, "q": q, "today": today()}
    return respond(request, "prescriptions/practice.html", partial="found", **context)


@never_cache
@login_required
@require_safe
def history(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Which medicines a patient was prescribed, by whomever, to a doctor who treats the patient now.

    What else stands in the prescriptions of others, and in their notes, is there as far as the patient shares it.
    """
    require(Doctor.objects.filter(user=request.user).exists())
    care = services.read_medicines(pk, by=request.user)
    if care is None:
        raise Http404
    rows = SignedPrescription.objects.filter(patient=pk).for_list()
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    notes = VisitNote.objects.none()
    if rules.consent_of(request.user, pk, rules.SHARES_NOTES):
        notes = VisitNote.objects.of_others(pk, doctor=care.doctor_id)
    context = {
        "patient": care.patient,
        "page": page,
        "entries": [(signed, courses_of(signed)) for signed in page],
        "running": taken_now([care.patient]),
        "doctor": care.doctor_id,
        "shares": rules.consent_of(request.user, pk, rules.SHARES_PRESCRIPTIONS),
        "notes": list(notes[:PAGE_SIZE]),
    }
    return render(request, "prescriptions/history.html", context)
