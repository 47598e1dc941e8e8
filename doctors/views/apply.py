"""Becoming a doctor here: an application in three pages that can be left and taken up again, and where it stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import BaseFormSet, Form
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Action, User
from accounts.trail import write_trail
from config.files import private_url
from config.found import Found
from doctors import services
from doctors.errors import AlreadyInReview, NumberTaken
from doctors.forms.application import CertificateForm, PracticeForm, YouForm, degrees_of
from doctors.forms.profile import DEGREES, DegreeFormSet
from doctors.models import (
    Certificate,
    Doctor,
    Language,
    Purpose,
    Verification,
    VerificationDraft,
    VerificationStatus,
)

DEGREE_ROWS = "degrees"
YOU, PRACTICE, CERTIFICATE = "you", "practice", "certificate"
STEPS = {
    YOU: gettext_lazy("You"),
    PRACTICE: gettext_lazy("Your practice"),
    CERTIFICATE: gettext_lazy("Certificate"),
}


@dataclass
class Applicant:
    """Whoever applies: what was sent already, and what is filled in since."""

    user: User

    @cached_property
    def doctor(self) -> Doctor | None:
        return Doctor.objects.for_documents().filter(user=self.user).first()

    @cached_property
    def verification(self) -> Verification | None:
        """The last one that was sent, of whichever purpose."""
        return Verification.objects.of_user(self.user).for_applicant().order_by("-pk").first()

    @cached_property
    def draft(self) -> VerificationDraft:
        found = VerificationDraft.objects.select_related("certificate").filter(user=self.user).first()
        return found or VerificationDraft(user=self.user)

    @property
    def is_verified(self) -> bool:
        return self.doctor is not None and self.doctor.verified_at is not None

    @property
    def may_write(self) -> bool:
        """Whether it is the applicant's turn."""
        return not self.is_verified and (
            self.verification is None or self.verification.status != VerificationStatus.PENDING
        )

    @property
    def certificate(self) -> Certificate | None:
        """The one that would be sent now."""
        if self.draft.certificate:
            return self.draft.certificate
        before = self.verification
        return before.certificate if before is not None and before.may_be_sent_again else None

    # The pages -----------------------------------------------------------------------------------------------

    def answers(self, page: str) -> QueryDict | None:
        """What was filled in on a page, or sent before, as a browser sends it; None for a page not reached yet."""
        kept: dict[str, list[str]] | None = self.draft.answers.get(page)
        if kept is None and self.doctor is not None:
            kept = sent_you(self.doctor) if page == YOU else sent_practice(self.doctor)
        if kept is None:
            return None
        data = QueryDict(mutable=True)
        for name, values in kept.items():
            data.setlist(name, values)
        return data

    def you(self, data: Mapping[str, Any] | None) -> YouForm:
        return YouForm(data, doctor=self.doctor, initial={"name": self.user.name})

    def practice(self, data: Mapping[str, Any] | None) -> tuple[PracticeForm, BaseFormSet]:
        initial = {"languages": [Language.BANGLA, Language.ENGLISH]}
        return PracticeForm(data, doctor=self.doctor, initial=initial), DegreeFormSet(data, prefix=DEGREE_ROWS)

    def first_open_page(self) -> str:
        """Where to go on."""
        return next((page for page in (YOU, PRACTICE) if self.answers(page) is None), CERTIFICATE)


def sent_you(doctor: Doctor) -> dict[str, list[str]]:
    """What the first page said when it was sent."""
    return {name: [getattr(doctor, name)] for name in YouForm.base_fields}


def sent_practice(doctor: Doctor) -> dict[str, list[str]]:
    """What the second page said when it was sent, or what the profile says since."""
    specialties = [str(row.specialty_id) for row in doctor.doctor_specialties.all()]
    degrees = list(doctor.qualifications.all())
    sent = {
        "specialty": specialties[:1],
        "further": specialties[1:],
        "practising_since": [str(doctor.practising_since)],
        "languages": list(doctor.languages),
        f"{DEGREE_ROWS}-TOTAL_FORMS": [str(len(degrees) + 1)],
        f"{DEGREE_ROWS}-INITIAL_FORMS": ["0"],
    }
    for number, row in enumerate(degrees):
        values = {"degree": row.degree, "institution": row.institution, "year": str(row.year or "")}
        sent |= {f"{DEGREE_ROWS}-{number}-{name}": [value] for name, value in values.items()}
    return sent


def answers_in(request: HttpRequest, form: Form) -> dict[str, list[str]]:
    """What a page's form says, and its rows, for the draft."""
    names = [name for name in request.POST if name in form.fields or name.startswith(f"{DEGREE_ROWS}-")]
    return {name: [str(each) for each in request.POST.getlist(name)] for name in names}


@never_cache
@require_safe
def apply(request: HttpRequest) -> HttpResponse:
    """To visitors what it takes; to others the page that is next for them."""
    if not request.user.is_authenticated:
        found = Found(
            title=_("Practise here"),
            description=_(
                "For doctors: apply with your BMDC registration, set your hours and fees, "
                "and see patients by video or in person."
            ),
            path=reverse("doctors:apply"),
        )
        return render(request, "doctors/apply/landing.html", {"found": found})
    applicant = Applicant(request.user)
    if applicant.is_verified:
        return redirect("doctors:own_profile")
    if applicant.verification is not None and not applicant.draft.answers:
        return redirect("doctors:application_status")
    return redirect("doctors:apply_step", applicant.first_open_page())


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def step(request: HttpRequest, page: str) -> HttpResponse:
    """One page of the application; what is filled in is kept when one goes on to the next."""
    applicant = Applicant(request.user)
    if page not in STEPS:
        raise Http404
    if not applicant.may_write:
        return redirect("doctors:apply" if applicant.is_verified else "doctors:application_status")
    return {YOU: _you, PRACTICE: _practice, CERTIFICATE: _certificate}[page](request, applicant)


def _page(request: HttpRequest, applicant: Applicant, page: str, *, status: int = 200, **context: Any) -> HttpResponse:
    asked = applicant.verification
    steps = {
        "page": page,
        "steps": list(STEPS.values()),
        "step": list(STEPS).index(page) + 1,
        "asked": asked if asked and asked.last_words and asked.may_be_sent_again else None,
    }
    return render(request, f"doctors/apply/{page}.html", steps | context, status=status)


def _you(request: HttpRequest, applicant: Applicant) -> HttpResponse:
    is_sent = request.method == "POST"
    form = applicant.you(request.POST if is_sent else applicant.answers(YOU))
    if is_sent and form.is_valid():
        services.save_draft(request.user, YOU, answers_in(request, form))
        return redirect("doctors:apply_step", PRACTICE)
    return _page(request, applicant, YOU, form=form, status=422 if is_sent else 200)


def _practice(request: HttpRequest, applicant: Applicant) -> HttpResponse:
    is_sent = request.method == "POST"
    form, rows = applicant.practice(request.POST if is_sent else applicant.answers(PRACTICE))
    if is_sent and all([form.is_valid(), rows.is_fine]):
        services.save_draft(request.user, PRACTICE, answers_in(request, form))
        return redirect("doctors:apply_step", CERTIFICATE)
    context = {"form": form, "degree_rows": rows, "formsets": [rows], "suggested_degrees": DEGREES}
    return _page(request, applicant, PRACTICE, status=422 if is_sent else 200, **context)


def _certificate(request: HttpRequest, applicant: Applicant) -> HttpResponse:
    """The paper, and everything else to be looked at once more before it is sent."""
    you, (practice, degrees) = applicant.you(applicant.answers(YOU)), applicant.practice(applicant.answers(PRACTICE))
    for page, is_fine in ((YOU, you.is_valid()), (PRACTICE, practice.is_valid() and degrees.is_fine)):
        if not is_fine:
            return redirect("doctors:apply_step", page)
    is_sent = request.method == "POST"
    has_one = applicant.certificate is not None
    form = (
        CertificateForm(request.POST, request.FILES, has_one=has_one) if is_sent else CertificateForm(has_one=has_one)
    )
    if is_sent and form.is_valid():
        if checked := form.cleaned_data["certificate"]:
            services.attach_certificate(request.user, checked, filename=form.filename)
        if "send" not in request.POST:
            messages.success(request, _("Your certificate is added. Look at everything once more, and send it."))
            return redirect("doctors:apply_step", CERTIFICATE)
        return _send(request, you, practice, degrees)
    context = {"form": form, "you": you, "practice": practice, "certificate": applicant.certificate}
    context["degrees"] = degrees_of([each.cleaned_data for each in degrees.forms])
    return _page(request, applicant, CERTIFICATE, status=422 if is_sent else 200, **context)


def _send(request: HttpRequest, you: YouForm, practice: PracticeForm, degrees: BaseFormSet) -> HttpResponse:
    application = services.Application(
        claim=you.claim(),
        title=you.cleaned_data["title"],
        gender=you.cleaned_data["gender"],
        practising_since=practice.cleaned_data["practising_since"],
        languages=practice.cleaned_data["languages"],
        specialties=practice.chosen_specialties(),
        degrees=degrees_of([each.cleaned_data for each in degrees.forms]),
    )
    try:
        services.send_application(request.user, application)
    except AlreadyInReview:
        # The other window was faster; what it sent is what one sees now.
        pass
    except NumberTaken as refusal:
        messages.error(request, str(refusal.message))
        return redirect("doctors:apply_step", YOU)
    return redirect("doctors:application_status")


@never_cache
@login_required
@require_safe
def application_status(request: HttpRequest) -> HttpResponse:
    """What was sent, where it stands, and what is asked."""
    applicant = Applicant(request.user)
    verification = (
        Verification.objects.of_user(request.user)
        .filter(purpose=Purpose.APPLICATION)
        .for_applicant()
        .order_by("-pk")
        .first()
    )
    if verification is None:
        return redirect("doctors:apply")
    context = {"verification": verification, "doctor": applicant.doctor, "may_write": applicant.may_write}
    return render(request, "doctors/apply/status.html", context)


@never_cache
@login_required
@require_safe
def own_certificate(request: HttpRequest, pk: int) -> HttpResponse:
    """One's own certificate, as it is kept."""
    certificate = get_object_or_404(Certificate, pk=pk, user=request.user)
    write_trail(Action.DOWNLOADED, by=request.user, about=certificate)
    address = private_url(certificate.file, filename=certificate.filename, reader=request.user, inline=True)
    return redirect(address)


@login_required
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back what was sent."""
    verification = get_object_or_404(Verification.objects.of_user(request.user), pk=pk)
    services.withdraw_verification(verification, by=request.user)
    messages.success(request, _("You have taken it back. Nobody looks at it any more."))
    is_change = verification.purpose == Purpose.CHANGE
    return redirect("doctors:identity" if is_change else "doctors:application_status")
