"""Who acts for whom: inviting, answering, stepping down, ending and renewing."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from config.errors import DomainError
from config.http import require
from patients import rules, services
from patients.forms import ConsentForm, GuardianForm
from patients.models import Guardianship, Invitation
from patients.views.whose import whose


def answer_invitation_form(
    request: HttpRequest, template: str, form: Form, send: Callable[[], object], *, back: UUID | None, **context: Any
) -> HttpResponse:
    """The form of an invitation; once it is right, it is sent. `back`: to whose page one returns, else the account."""
    status = 422 if form.errors else 200
    onward = ("patients:member", back) if back else ("account",)
    if request.method == "POST" and form.is_valid():
        try:
            send()
        except DomainError as refusal:
            form.add_error("email", str(refusal.message))
            status = refusal.status
        else:
            # The same words whether or not the address is somebody's account here.
            messages.success(request, _("The invitation is on its way. It can be accepted for seven days."))
            return redirect(*onward)
    return render(request, template, context | {"form": form, "back": back}, status=status)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def invite(request: HttpRequest, who: str | UUID) -> HttpResponse:
    """Ask somebody else to act for a child too, or let somebody act for oneself."""
    patient = whose(request, who)
    require(patient._state.adding or rules.may_invite_guardian(request.user, patient))
    form = GuardianForm(patient, request.POST if request.method == "POST" else None)

    def send() -> None:
        services.invite_guardian(patient, by=request.user, **form.cleaned_data)

    back = None if patient.user_id == request.user.pk else patient.pk
    return answer_invitation_form(request, "patients/invite.html", form, send, patient=patient, back=back)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Ask a grown-up with an account to be allowed to act for them."""
    form = ConsentForm(request.POST if request.method == "POST" else None)

    def send() -> None:
        services.ask_consent(by=request.user, **form.cleaned_data)

    return answer_invitation_form(request, "patients/ask.html", form, send, back=None)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """What a link offers, to the owner of its address alone; agreed to by a button."""
    offer = Invitation.objects.select_related("patient", "invited_by").signed(token)
    if offer is None:
        raise Http404
    if request.method == "POST":
        patient = services.accept_invitation(offer, by=request.user)
        messages.success(request, _("Done. Everybody whom it concerns is told."))
        is_member = offer.purpose == Invitation.Purpose.GUARDIAN
        return redirect("patients:member", patient.pk) if is_member else redirect("account")
    services.check_invitation(offer, by=request.user)
    return render(request, "patients/invitation.html", {"offer": offer, "patient": offer.patient})


@login_required
@require_POST
def withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    offer = get_object_or_404(Invitation.objects.seen_by(request.user), pk=pk)
    services.withdraw_invitation(offer, by=request.user)
    messages.success(request, _("The invitation is withdrawn."))
    return _back(request, offer.patient_id)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """Step down, or end what somebody may do for oneself; says first what follows."""
    bond = get_object_or_404(Guardianship.objects.endable_by(request.user).select_related("patient", "guardian"), pk=pk)
    require(rules.may_end(request.user, bond, bond.patient))
    if request.method == "POST":
        services.end_guardianship(bond, by=request.user)
        messages.success(request, _("It has ended. Everybody whom it concerns is told."))
        return redirect("account")
    context = {"bond": bond, "patient": bond.patient, "steps_down": bond.guardian_id == request.user.pk}
    return render(request, "patients/end.html", context)


@login_required
@require_POST
def renew(request: HttpRequest, pk: int) -> HttpResponse:
    """Let somebody who acted until one came of age go on."""
    own = Guardianship.objects.filter(patient__user=request.user).select_related("patient", "guardian")
    bond = get_object_or_404(own, pk=pk)
    require(rules.may_renew(request.user, bond, bond.patient))
    services.renew_guardianship(bond, by=request.user)
    messages.success(request, _("It goes on. You can end it at any time."))
    return redirect("account")


def _back(request: HttpRequest, patient_id: UUID | None) -> HttpResponse:
    """To the page of the family member, if one acts for them, else to the account."""
    if patient_id and rules.acts_for(request.user, patient_id):
        own = rules.ground_of(request.user, patient_id) == "self"
        return redirect("account") if own else redirect("patients:member", patient_id)
    return redirect("account")
