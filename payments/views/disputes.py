"""What a payer has against a payment: said by the payer, answered by the doctor; both read how it went."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from payments import rules, services
from payments.errors import NotDisputable
from payments.forms import AnswerForm, DisputeForm
from payments.models import Charge, Dispute
from payments.views.income import own_doctor

PAGE_SIZE = 20


@never_cache
@require_http_methods(["GET", "POST"])
@login_required
def dispute(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The payer's page of a complaint: to make one, or to see how far it is."""
    charge = get_object_or_404(Charge.objects.visible_to(request.user), pk=pk)
    made = charge.disputes.for_page().order_by("-pk").first()
    may_begin = rules.can_dispute(request.user, charge)
    if made and not may_begin and request.method == "GET":
        return render(request, "payments/dispute.html", {"charge": charge, "dispute": made})
    if not may_begin:
        raise NotDisputable
    form = DisputeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.open_dispute(charge, **form.cleaned_data, by=request.user)
        messages.success(request, _("We have your complaint. You hear from us at each step."))
        return redirect("payments:dispute", charge.pk)
    status = 422 if form.errors else 200
    return render(request, "payments/complain.html", {"charge": charge, "form": form}, status=status)


@login_required
@require_POST
def withdraw_dispute(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The payer takes the complaint back."""
    made = Dispute.objects.for_payer(request.user).filter(charge=pk).order_by("-pk").first()
    if made is None:
        raise Http404
    services.withdraw_dispute(made, by=request.user)
    messages.success(request, _("Your complaint is withdrawn."))
    return redirect(made.charge)


@never_cache
@login_required
@require_safe
def disputes(request: HttpRequest) -> HttpResponse:
    """The complaints about a doctor's payments, those to be answered first."""
    doctor = own_doctor(request)
    rows = doctor.disputes.for_list()
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "payments/disputes.html", {"page": page})


@never_cache
@require_http_methods(["GET", "POST"])
@login_required
def answer_dispute(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The doctor's page of a complaint, where it is answered as long as it is asked."""
    own_doctor(request)
    made = get_object_or_404(Dispute.objects.for_doctor(request.user).for_page(), pk=pk)
    form = AnswerForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        services.answer_dispute(made, answer=form.cleaned_data["answer"], by=request.user)
        messages.success(request, _("Your answer is with the administrators."))
        return redirect("payments:answer_dispute", made.pk)
    status = 422 if form.errors else 200
    return render(request, "payments/answer_dispute.html", {"dispute": made, "form": form}, status=status)
