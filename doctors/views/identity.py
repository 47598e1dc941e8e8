"""A verified doctor asks for another name or registration number; the public page stays until that is approved."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from doctors import services
from doctors.errors import AlreadyInReview, NumberTaken
from doctors.forms.application import CertificateForm, ClaimForm
from doctors.models import Doctor, Verification, VerificationDraft, VerificationStatus


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def identity(request: HttpRequest) -> HttpResponse:
    """What is verified, what is in review, and a form to ask for something else."""
    doctor = Doctor.objects.filter(user=request.user).first()
    if doctor is None:
        raise PermissionDenied
    if doctor.verified_at is None:
        return redirect("doctors:apply")
    before = Verification.objects.filter(doctor=doctor).for_applicant().order_by("-pk").first()
    if before is not None and before.status == VerificationStatus.PENDING:
        # A form that was open in another window meanwhile is not sent over what is in review.
        return render(request, "doctors/identity.html", {"doctor": doctor, "before": before})
    return _form(request, doctor, before if before is not None and before.may_be_sent_again else None)


def _form(request: HttpRequest, doctor: Doctor, before: Verification | None) -> HttpResponse:
    draft = VerificationDraft.objects.select_related("certificate").filter(user=request.user).first()
    certificate = (draft and draft.certificate) or (before and before.certificate)
    stated = before if before is not None and before.is_open else doctor
    names = ("name", "name_bn", "registration_number")
    initial = {name: getattr(stated, name) for name in names}
    has_one = certificate is not None
    if request.method != "POST":
        form, paper = ClaimForm(doctor=doctor, initial=initial), CertificateForm(has_one=has_one)
        return _page(request, doctor, before, form, paper, certificate)
    form = ClaimForm(request.POST, doctor=doctor, initial=initial)
    paper = CertificateForm(request.POST, request.FILES, has_one=has_one)
    is_fine = form.is_valid()
    if is_fine and all(form.cleaned_data[name] == getattr(doctor, name) for name in names):
        form.add_error(None, _("This is what is verified already. Change the name or the number first."))
        is_fine = False
    if paper.is_valid():
        if checked := paper.cleaned_data["certificate"]:
            # Kept even if the rest is wrong, so that nobody has to choose it twice.
            certificate = services.attach_certificate(request.user, checked, filename=paper.filename)
            paper = CertificateForm(has_one=True)
    else:
        is_fine = False
    if not is_fine:
        return _page(request, doctor, before, form, paper, certificate, status=422)
    try:
        services.send_change(doctor, form.claim(), by=request.user)
    except AlreadyInReview:
        return redirect("doctors:identity")
    except NumberTaken as refusal:
        form.add_error("registration_number", str(refusal.message))
        return _page(request, doctor, before, form, paper, certificate, status=422)
    messages.success(
        request, _("It is in review. Your public page stays as it is until an administrator has checked it.")
    )
    return redirect("doctors:identity")


def _page(request, doctor, before, form, paper, certificate, *, status: int = 200) -> HttpResponse:
    context = {"doctor": doctor, "before": before, "form": form, "paper": paper, "certificate": certificate}
    return render(request, "doctors/identity.html", context, status=status)
