"""A doctor's orders: what waits, what is in work, what is done; and which services the doctor offers."""

from enum import StrEnum

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from config.http import require
from doctors.models import Doctor
from prescriptions import services
from prescriptions.forms import OfferForm
from prescriptions.models import OPEN, OfferedService, Order, OrderStatus, Service

PAGE_SIZE = 20


class Tab(StrEnum):
    """What a doctor looks through: the last is all that is closed."""

    PAID = "paid"
    ACCEPTED = "accepted"
    CLOSED = "closed"


@never_cache
@login_required
@require_safe
def orders(request: HttpRequest) -> HttpResponse:
    """A doctor's orders, those first whose time ends first. Whose names stand there is written down first."""
    require(Doctor.objects.filter(user=request.user).exists())
    own = Order.objects.of_practice(request.user)
    counts = own.open().counts()
    wanted = request.GET.get("state", "")
    tab = Tab(wanted) if wanted in list(Tab) else _first_with_any(counts)
    rows = own.exclude(status__in=OPEN).order_by("-closed_at", "-pk")
    if tab != Tab.CLOSED:
        rows = own.filter(status=tab).order_by("due_at", "pk")
    page = Paginator(rows.for_list(), PAGE_SIZE).get_page(request.GET.get("page"))
    page.object_list = list(page.object_list)
    services.note_orders_listed(page.object_list, by=request.user)
    context = {
        "page": page,
        "tab": tab,
        "waiting": counts.get(OrderStatus.PAID, 0),
        "in_work": counts.get(OrderStatus.ACCEPTED, 0),
        "offers_any": OfferedService.objects.filter(doctor__user=request.user).exists(),
    }
    return render(request, "prescriptions/orders/practice.html", context)


def _first_with_any(counts: dict[str, int]) -> Tab:
    return Tab.ACCEPTED if counts.get(OrderStatus.ACCEPTED) and not counts.get(OrderStatus.PAID) else Tab.PAID


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def offers(request: HttpRequest) -> HttpResponse:
    """Which services the doctor offers, and for how much; what is ordered keeps its price."""
    doctor = Doctor.objects.filter(user=request.user).first()
    require(doctor is not None)
    assert doctor is not None
    there = {each.service_id: each for each in OfferedService.objects.filter(doctor=doctor)}
    data = request.POST if request.method == "POST" else None
    forms = [
        OfferForm(service, data, initial=_now(there.get(service.kind)))
        for service in Service.objects.filter(is_offered=True).order_by("kind")
    ]
    if data is not None and all(form.is_valid() for form in forms):
        wanted = {form.service.kind: form.cleaned_data["own_price"] for form in forms if form.is_on}
        services.offer_services(doctor, wanted)
        messages.success(request, _("Saved. It holds for what is ordered from now on."))
        return redirect("prescriptions:offers")
    is_wrong = any(form.errors for form in forms)
    context = {"forms": forms, "is_wrong": is_wrong}
    return render(request, "prescriptions/orders/offers.html", context, status=422 if is_wrong else 200)


def _now(offered: OfferedService | None) -> dict[str, object]:
    return {"is_offered": offered is not None, "own_price": offered.own_price if offered else None}
