"""Family: whom one books for."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from config.http import next_path
from patients import rules
from patients.forms import FamilyMemberForm
from patients.models import Patient
from patients.services import add_family_member, silences


@never_cache
@login_required
@require_safe
def member(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Somebody whom one acts for: the ways to what concerns them, and who else cares for them."""
    patient = get_object_or_404(Patient.objects.acted_for_by(request.user), pk=pk)
    bonds = patient.guardianships.current().select_related("guardian").order_by("pk")
    context = {
        "patient": patient,
        "bonds": bonds,
        "silences": silences([patient.pk])[patient.pk],
        "keeps_person": rules.keeps_person(request.user, patient),
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
        member = add_family_member(request.user, **form.cleaned_data)
        messages.success(request, _("%(name)s is added.") % {"name": member.name})
        return redirect(onward)
    status = 422 if form.errors else 200
    return render(request, "patients/add_member.html", {"form": form, "next": onward}, status=status)
