"""What a doctor asks of those who book, with what patients are going to read of it."""

from datetime import datetime, time, timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from appointments.forms import TermsForm
from appointments.models import CancellationPolicy, Terms
from appointments.services import save_terms, terms_of
from appointments.views.practice import own_doctor
from config.http import respond
from doctors.models import Doctor


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def terms(request: HttpRequest) -> HttpResponse:
    """The terms, and beside them what they mean for a visit next week; looking at that saves nothing."""
    doctor = own_doctor(request)
    now = terms_of(doctor)
    data = request.POST if request.method == "POST" else None
    form = TermsForm(data, instance=CancellationPolicy(doctor=doctor, **now.snapshot))
    valid = form.is_valid()
    if valid and "save" in request.POST:
        save_terms(doctor, form.terms)
        messages.success(request, _("Saved. It holds for what is booked from now on."))
        return redirect("appointments:terms")
    context = {"form": form, "doctor": doctor} | _example(doctor, form.terms if valid else now)
    response = respond(request, "appointments/terms.html", partial="preview", **context)
    # A look at what was typed is an answer like any other, also where it makes no sense.
    response.status_code = 422 if form.errors and not request.htmx else 200
    return response


def _example(doctor: Doctor, terms: Terms) -> dict[str, object]:
    """The terms on a visit a week from now at five, for the doctor's fee."""
    fee = next((fee for mode in doctor.modes if (fee := doctor.fee(mode))), None)
    day = timezone.localdate() + timedelta(days=7)
    start = datetime.combine(day, time(17), timezone.get_current_timezone())
    return {
        "terms": terms,
        "fee": fee,
        "start": start,
        "free_until": terms.free_until(start),
        "move_until": terms.move_until(start),
        "back": terms.given_back(fee, start=start, now=start) if fee else None,
    }
