"""Services besides visits: what can be ordered, and an order as both sides see it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from config.errors import DomainError
from config.files import CheckedFile
from config.http import require
from patients.errors import QuotaFull, RecordGone, TooManyAttached
from patients.forms import close_files, one_by_one, title_of
from patients.models import AttachedRecord, Patient, RecordKind, today
from patients.rules import acts_for
from patients.services import About, add_record, attach_record, note_listed
from prescriptions import rules, services
from prescriptions.errors import OtherDraft
from prescriptions.forms import AnswerForm, CertificateForm, DeclineForm, OrderForm, WithdrawForm
from prescriptions.models import OfferedService, Order, seen_lately
from prescriptions.views.certificates import standing_of

PAGE_SIZE = 20


@never_cache
@login_required
@require_safe
def own_orders(request: HttpRequest) -> HttpResponse:
    """One's own orders and those of the family, and what can be ordered of the doctors who have seen them."""
    orders = Order.objects.ordered_for(request.user).for_list().order_by("-placed_at", "-pk")
    page = Paginator(orders, PAGE_SIZE).get_page(request.GET.get("page"))
    family = list(Patient.objects.acted_for_by(request.user).order_by("created_at"))
    context = {"page": page, "family": family, "to_order": orderable(family, request.user)}
    return render(request, "prescriptions/orders/own.html", context)


def orderable(family: list[Patient], user: User) -> list[tuple[Patient, list[OfferedService]]]:
    """What there is for the user to order for each of them, in two queries."""
    pairs = set(seen_lately(family).values_list("patient_id", "doctor_id"))
    doctors = {doctor for _who, doctor in pairs}
    offers = list(OfferedService.objects.to_order(user).filter(doctor__in=doctors).for_list())
    found = [(each, [offer for offer in offers if (each.pk, offer.doctor_id) in pairs]) for each in family]
    return [(patient, offered) for patient, offered in found if offered]


def _whom(user: User, wanted: str) -> Patient:
    """The patient whom the address names, if the user acts for them. Raises Http404."""
    try:
        key = UUID(wanted)
    except ValueError:
        raise Http404 from None
    return get_object_or_404(Patient.objects.acted_for_by(user), pk=key)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def place(request: HttpRequest, offer: int) -> HttpResponse:
    """Order a service of a doctor who has seen the patient."""
    patient = _whom(request.user, request.GET.get("patient", ""))
    offered = get_object_or_404(OfferedService.objects.to_order_for(patient, request.user).for_list(), pk=offer)
    posted = request.method == "POST"
    data, files = (request.POST, request.FILES) if posted else (None, None)
    form = OrderForm(offered, patient, data, files, initial={"repeats": request.GET.get("repeats")})
    if posted and form.is_valid():
        return _placed(request, offered, patient, form.cleaned_data)
    note_listed(form.offered, by=request.user)
    context = {"offered": offered, "patient": patient, "form": form}
    return render(request, "prescriptions/orders/place.html", context, status=422 if form.errors else 200)


def _placed(request: HttpRequest, offered: OfferedService, patient: Patient, data: dict[str, Any]) -> HttpResponse:
    """On to the payment of what a valid form orders; a form that was sent before leads to its order."""
    try:
        order, is_new = services.place_order(
            offered, patient, question=data["question"], repeats=data.get("repeats"), by=request.user
        )
    except DomainError:
        close_files(data["files"])
        raise
    if is_new:
        put_to_order(request, order, data)
        return _to_pay(request, order)
    close_files(data["files"])
    messages.info(request, _("This is ordered already. Here it is."))
    return redirect(order)


def put_to_order(request: HttpRequest, order: Order, data: dict[str, Any]) -> None:
    """Keep new files in the patient's records, and put them to the order with those that were chosen. The order
    stands, whatever becomes of them: what does not fit is said."""
    files: list[tuple[str, CheckedFile]] = data["files"]
    for name, file in one_by_one(files):
        about = About(RecordKind.OTHER, title_of(name)[:120], today())
        try:
            record, _new = add_record(order.patient, file, about, original_name=name, by=request.user, source=order.pk)
            attach_record(record, source=order.pk, by=request.user)
        except (QuotaFull, TooManyAttached) as refusal:
            messages.warning(request, f"{name}: {refusal.message}")
    for record in data.get("records", []):
        try:
            attach_record(record, source=order.pk, by=request.user)
        except (RecordGone, TooManyAttached) as refusal:
            messages.warning(request, f"{record.title}: {refusal.message}")


def _to_pay(request: HttpRequest, order: Order) -> HttpResponse:
    """On to the payment; what is free is with the doctor now."""
    charge = services.pay_order(order, by=request.user)
    return redirect(charge or order)


# One order -----------------------------------------------------------------------------------------------------------


@never_cache
@login_required
@require_safe
def order(request: HttpRequest, pk: UUID) -> HttpResponse:
    """An order as its side sees it; that somebody reads it is written down first."""
    return order_page(request, get_object_or_404(Order.objects.for_page(), pk=pk))


def order_page(request: HttpRequest, order: Order, *, status: int = 200, **forms: Form) -> HttpResponse:
    """The order's page, with a form that came back in the place of an empty one. Takes what `for_page` takes along."""
    user = request.user
    if services.read_order(order, by=user) is None:
        raise Http404
    is_doctor = rules.is_practising_doctor_of_order(user, order)
    is_patient_side = acts_for(user, order.patient_id)
    # A doctor reads what was put to an order until it is closed.
    attached = AttachedRecord.objects.of(order.pk) if is_patient_side or order.is_waiting else ()
    certificate = getattr(order, "certificate", None)
    context = {
        "order": order,
        "is_doctor": is_doctor,
        "is_patient_side": is_patient_side,
        "can_pay": rules.can_pay_order(user, order),
        "can_cancel": rules.can_cancel_order(user, order),
        "can_accept": rules.can_accept(user, order),
        "can_decline": rules.can_decline(user, order),
        "can_fulfil": rules.can_fulfil(user, order),
        "can_withdraw": rules.can_withdraw(user, order),
        "attached": list(attached),
        "answer": getattr(order, "answer", None),
        "certificate": certificate,
        "standing": standing_of(certificate) if certificate else None,
        "refunds": list(order.charge.refunds.all()) if order.charge else [],
        "decline_form": DeclineForm(),
        "answer_form": AnswerForm(),
        "certificate_form": CertificateForm(initial={"first": today(), "last": today()}),
        "withdraw_form": WithdrawForm(),
    }
    return render(request, "prescriptions/orders/order.html", context | forms, status=status)


def _own(request: HttpRequest, pk: UUID) -> Order:
    """One that the user acts on as the patient's side."""
    return get_object_or_404(Order.objects.ordered_for(request.user).for_page(), pk=pk)


def _of_practice(request: HttpRequest, pk: UUID) -> Order:
    """One of the user's practice. Who sees it as the patient's side is told that it is not theirs to do."""
    order = get_object_or_404(Order.objects.visible_to(request.user).for_page(), pk=pk)
    require(rules.is_practising_doctor_of_order(request.user, order))
    return order


@login_required
@require_POST
def pay(request: HttpRequest, pk: UUID) -> HttpResponse:
    """On to the charge, which is opened at the first call."""
    order = _own(request, pk)
    require(rules.pays_order(request.user, order))
    return _to_pay(request, order)


@login_required
@require_POST
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The patient's side calls it off, as long as the doctor has not accepted."""
    order = services.cancel_order(_own(request, pk), by=request.user)
    messages.success(request, _("The order is cancelled."))
    return redirect(order)


@login_required
@require_POST
def accept(request: HttpRequest, pk: UUID) -> HttpResponse:
    order = services.accept_order(_of_practice(request, pk), by=request.user)
    messages.success(request, _("Accepted. The patient is told until when."))
    return redirect(order)


@login_required
@require_POST
def decline(request: HttpRequest, pk: UUID) -> HttpResponse:
    order = _of_practice(request, pk)
    form = DeclineForm(request.POST)
    if not form.is_valid():
        return order_page(request, order, status=422, decline_form=form)
    services.decline_order(order, by=request.user, **form.cleaned_data)
    messages.success(request, _("Declined. The patient is told."))
    return redirect("prescriptions:orders")


@login_required
@require_POST
def answer(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What the reports say."""
    order = _of_practice(request, pk)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return order_page(request, order, status=422, answer_form=form)
    services.answer_order(order, form.cleaned_data["words"], by=request.user)
    messages.success(request, _("Your answer is with the patient."))
    return redirect(order)


@login_required
@require_POST
def certify(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Sign the certificate."""
    order = _of_practice(request, pk)
    form = CertificateForm(request.POST)
    if not form.is_valid():
        return order_page(request, order, status=422, certificate_form=form)
    services.certify_order(order, form.statement, by=request.user)
    messages.success(request, _("The certificate is signed, and with the patient."))
    return redirect(order)


@login_required
@require_POST
def repeat(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Begin the prescription, from the one that is to be repeated, and compose it."""
    order = _of_practice(request, pk)
    try:
        draft = services.begin_repeat(order, language=order.ordered_by.language, by=request.user)
    except OtherDraft as refusal:
        messages.error(request, str(refusal.message))
        assert order.repeats is not None
        return redirect("prescriptions:compose", order.repeats.appointment_id)
    return redirect("prescriptions:compose", draft.appointment_id)


@login_required
@require_POST
def withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take a certificate back."""
    order = _of_practice(request, pk)
    form = WithdrawForm(request.POST)
    if not form.is_valid():
        return order_page(request, order, status=422, withdraw_form=form)
    services.withdraw_certificate(order, words=form.cleaned_data["words"], by=request.user)
    messages.success(request, _("The certificate is taken back. The patient is told."))
    return redirect(order)
