"""Who one is: names, birth date, whom to call, language and clock; one's own, and those of one's family."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.forms import AccountForm, PreferencesForm
from config.http import require
from patients import rules
from patients.forms import PatientForm
from patients.models import Patient
from patients.services import change_person, own_patient


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def own_profile(request: HttpRequest) -> HttpResponse:
    """One's own profile. Of those who are not treated here the portal keeps the name, the language and the clock."""
    user, data = request.user, request.POST if request.method == "POST" else None
    patient = Patient.objects.filter(user=user).first()
    if not rules.is_treated(user, patient):
        account = AccountForm(data, instance=user)
        return _answer(request, {"account": account}, save=account.save)
    patient = patient or (own_patient(user) if data else Patient(user=user, name=user.name))
    form = PatientForm(
        data, instance=patient, own=True, keeps_birth_date=not rules.may_change_birth_date(user, patient)
    )
    preferences = PreferencesForm(data, instance=user)

    @transaction.atomic
    def save() -> None:
        preferences.save()
        change_person(patient, by=user)

    return _answer(request, {"form": form, "preferences": preferences}, save=save)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def member_profile(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Somebody whom one acts for and who has no account to keep it with."""
    patient = get_object_or_404(Patient.objects.acted_for_by(request.user), pk=pk)
    require(rules.keeps_person(request.user, patient))
    data = request.POST if request.method == "POST" else None
    form = PatientForm(data, instance=patient, own=patient.user_id is not None, under_guardians=patient.is_minor)
    return _answer(request, {"form": form}, save=lambda: change_person(patient, by=request.user), member=patient)


def _answer(request, forms, *, save, member=None) -> HttpResponse:
    """The page of these forms; once all are right, what they hold is saved and the account shown."""
    if request.method == "POST" and all(form.is_valid() for form in forms.values()):
        save()
        messages.success(request, _("Saved."))
        return redirect("account")
    status = 422 if any(form.errors for form in forms.values()) else 200
    context = {"form": None, "preferences": None, "account": None, "member": member} | forms
    return render(request, "patients/profile.html", context, status=status)
