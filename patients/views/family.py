"""Family: whom one acts for, and what becomes of a record whose owner has come of age."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from config.http import next_path, require
from patients import rules, services
from patients.forms import AddressForm, FamilyMemberForm
from patients.models import Guardianship, Invitation, Patient
from patients.views.guardians import answer_invitation_form


@never_cache
@login_required
@require_safe
def member(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Somebody whom one acts for: the ways to what concerns them, and who else cares for them."""
    patient = get_object_or_404(Patient.objects.acted_for_by(request.user), pk=pk)
    context = {
        "patient": patient,
        "bonds": Guardianship.objects.over(patient).current(),
        "offers": Invitation.objects.open().filter(patient=patient).order_by("pk"),
        "silences": services.silences([patient.pk])[patient.pk],
        "keeps_person": rules.keeps_person(request.user, patient),
        "may_invite": rules.may_invite_guardian(request.user, patient),
        "may_hand_over": rules.may_hand_over(request.user, patient),
    }
    return render(request, "patients/member.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def add_member(request: HttpRequest) -> HttpResponse:
    """Add a person whom one acts for, and go back to where one was asked for it."""
    form = FamilyMemberForm(request.POST if request.method == "POST" else None)
    onward = next_path(request, otherwise="account")
    if request.method == "POST" and form.is_valid():
        member = services.add_family_member(request.user, **form.cleaned_data)
        messages.success(request, _("%(name)s is added.") % {"name": member.name})
        return redirect(onward)
    status = 422 if form.errors else 200
    return render(request, "patients/add_member.html", {"form": form, "next": onward}, status=status)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def hand_over(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Offer a record to the person whose it is; also by those who acted until that person came of age."""
    patient = get_object_or_404(Patient.objects.to_hand_over_by(request.user), pk=pk)
    require(rules.may_hand_over(request.user, patient))
    form = AddressForm(request.POST if request.method == "POST" else None)

    def send() -> None:
        services.hand_over(patient, email=form.cleaned_data["email"], by=request.user)

    is_current = rules.acts_for(request.user, patient.pk)
    return answer_invitation_form(
        request, "patients/hand_over.html", form, send, patient=patient, back=patient.pk if is_current else None
    )
