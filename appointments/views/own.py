"""One's appointments: the lists, the one, and what can be done with it."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Action, Ground, Role, User
from accounts.trail import write_trail
from appointments import rules, services
from appointments.errors import LessComesBack
from appointments.forms import CancelForm, ListForm
from appointments.ical import google_link, ical
from appointments.lists import COLUMNS, Side, When, file_rows, page_of
from appointments.models import Appointment, Offer, Status
from appointments.views.booking import steps
from appointments.views.times import other_zone
from config.http import require, respond
from config.spreadsheet import csv_response
from doctors.models import Doctor
from patients.models import AttachedRecord, MedicalRecord
from patients.rules import is_in_care
from patients.services import Section, read_facts, standing
from payments.models import Charge, Refund

ROOM_OPENS_BEFORE = timedelta(minutes=15)
# For so long after a hold ran out its page still looks for money that was under way.
LATE_MONEY = timedelta(minutes=30)


def own(request: HttpRequest, pk: UUID) -> Appointment:
    return get_object_or_404(Appointment.objects.visible_to(request.user).for_detail(), pk=pk)


@never_cache
@login_required
@require_safe
def appointments(request: HttpRequest) -> HttpResponse:
    """Coming, past or cancelled; of the patients one acts for, and of one's own practice unless only the first are
    asked for. What cannot be read of the wishes is left out of them, and said."""
    form = ListForm(request.user, request.GET)
    wanted = form.wanted()
    page = page_of(request.user, wanted, after=form.after())
    is_practice = request.user.role == Role.DOCTOR and wanted.side != Side.PATIENT
    context = {
        "form": form,
        "page": page,
        "wanted": wanted,
        "is_first": not form.after(),
        "as_patient": wanted.side == Side.PATIENT,
        "tabs": [(when, form.address(when=when)) for when in When],
        "next": form.address(page=page.after) if page.after else "",
        "first": form.address(),
        "file": form.file_address() if is_practice else "",
    }
    return respond(request, "appointments/list.html", partial="rows", **context)


@never_cache
@login_required
@require_safe
def appointments_file(request: HttpRequest) -> StreamingHttpResponse:
    """A doctor's list for a spreadsheet, as the page has it; written to the trail before a word of it is read."""
    doctor = Doctor.objects.filter(user=request.user).first()
    if doctor is None:
        raise PermissionDenied
    wanted = ListForm(request.user, request.GET).wanted()
    write_trail(
        Action.EXPORTED, by=request.user, about="appointments.list", ground=Ground.CARE, code=f"csv_{wanted.when}"
    )
    # Read while it is sent, when the request's own clock is gone.
    rows = file_rows(doctor, wanted, timezone.get_current_timezone())
    return csv_response(f"appointments-{wanted.when}", COLUMNS, rows)


@never_cache
@login_required
@require_safe
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Everything about one appointment, as its state wants it: a hold to be paid, a confirmation, what came of it."""
    appointment = own(request, pk)
    user = request.user
    is_doctor, is_patient_side = rules.is_doctor_of(user, appointment), rules.is_patient_side(user, appointment)
    refunds = list(appointment.charge.refunds.all()) if appointment.charge else []
    state = _state(appointment, refunds)
    if request.htmx and request.GET.get("seen") == state:
        # The page looks again by itself; nothing is swapped under a reader's eyes while nothing has changed.
        return HttpResponse(status=204)
    return respond(
        request,
        "appointments/detail.html",
        partial="status",
        appointment=appointment,
        state=state,
        look_again=_look_again(appointment, refunds),
        steps=steps(appointment.fee),
        other_zone=other_zone(appointment.doctor),
        is_paid=appointment.charge is not None and appointment.charge.status == Charge.Status.PAID and not refunds,
        is_over=appointment.end <= timezone.now(),
        may_review=timezone.now() < appointment.end + timedelta(days=settings.REVIEW_WITHIN_DAYS),
        now=timezone.now(),
        room_opens=appointment.start - ROOM_OPENS_BEFORE,
        google_link=google_link(appointment, reader=user),
        is_offered=any(event.code == "offered" for event in appointment.events.all()),
        is_patient_side=is_patient_side,
        is_doctor=is_doctor,
        in_care=is_doctor and is_in_care(user, appointment.patient_id),
        sections=_facts(user, appointment) if is_patient_side else [],
        can_pay=rules.can_pay(user, appointment),
        can_extend=rules.can_extend(user, appointment),
        can_cancel=rules.can_cancel(user, appointment),
        can_move=rules.can_move(user, appointment),
        can_contest=rules.may_contest(appointment, side="patient" if is_patient_side else "doctor"),
        can_finish=rules.can_finish(user, appointment, outcome="completed"),
        can_say_missed=rules.can_finish(user, appointment, outcome="no_show"),
        offer=Offer.objects.open().filter(appointment=appointment).first() if is_patient_side else None,
        can_attach=rules.can_attach(user, appointment),
        attached=_attached(user, appointment),
        refunds=refunds,
        kept=_kept(appointment, refunds),
    )


def _kept(appointment: Appointment, refunds: list[Refund]) -> Decimal:
    """What of the fee did not go back when the patient called the visit off."""
    charge = appointment.charge
    if appointment.cancelled_by != "patient" or charge is None or charge.paid_at is None:
        return Decimal(0)
    own = [refund.amount for refund in refunds if refund.reason == Refund.Reason.CANCELLED]
    return charge.amount - sum(own, Decimal(0)) if appointment.cancel_reason else Decimal(0)


def _facts(user: User, appointment: Appointment) -> list[Section]:
    """What the doctor is going to know, to be looked over before it is booked; that it is looked at is in the trail."""
    if not appointment.is_live_hold:
        return []
    ground, ground_id = standing(user, appointment.patient)
    return read_facts(appointment.patient, by=user, ground=ground, ground_id=ground_id)


def _attached(user: User, appointment: Appointment) -> QuerySet[AttachedRecord] | QuerySet[MedicalRecord]:
    """What was put to the visit, to the patient's side; to the doctor what of it the doctor may read now."""
    if rules.is_patient_side(user, appointment):
        return AttachedRecord.objects.of(appointment.pk)
    return MedicalRecord.objects.shared_with(user).put_to(appointment.pk)


def _state(appointment: Appointment, refunds: list[Refund]) -> str:
    """Stands for all that may change on the page while it is open."""
    until = appointment.hold_expires_at
    hold = f"{until:%H%M%S}" if until and appointment.status == Status.HELD else ""
    facts = (appointment.status, str(appointment.sequence), hold, str(appointment.is_lapsed))
    return ".".join([*facts, *(refund.status for refund in refunds)])


def _look_again(appointment: Appointment, refunds: list[Refund]) -> int:
    """After how many seconds the page asks whether something has changed; 0 for never."""
    charge, status = appointment.charge, appointment.status
    if status == Status.PAYMENT_REVIEW or any(refund.status in Refund.UNDECIDED for refund in refunds):
        return 20
    waiting = charge is not None and charge.status == Charge.Status.OPEN
    until = appointment.hold_expires_at
    recent = until is not None and timezone.now() < until + LATE_MONEY
    return 4 if waiting and recent and status in (Status.HELD, Status.EXPIRED) else 0


@login_required
@require_POST
def extend(request: HttpRequest, pk: UUID) -> HttpResponse:
    appointment = own(request, pk)
    require(rules.is_booker(request.user, appointment))
    services.extend_hold(appointment, by=request.user)
    messages.success(request, _("The time is kept for you ten minutes longer."))
    return redirect(appointment)


@login_required
@require_POST
def pay(request: HttpRequest, pk: UUID) -> HttpResponse:
    """To the payment of a hold; a visit without a fee is confirmed at once."""
    appointment = own(request, pk)
    require(rules.is_booker(request.user, appointment))
    charge = services.start_payment(appointment, by=request.user)
    return redirect(charge or appointment)


@login_required
@require_POST
def pay_at_desk(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Book a visit at the chamber whose fee is paid there."""
    appointment = own(request, pk)
    require(rules.is_booker(request.user, appointment))
    services.pay_later(appointment, by=request.user)
    return redirect(appointment)


def side_of(request: HttpRequest, appointment: Appointment) -> str:
    """On which side the reader acts: the patient's, for whoever is on both."""
    return "patient" if rules.is_patient_side(request.user, appointment) else "doctor"


@login_required
@require_POST
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Call a visit off, for a reason; a time that was only held is let go without one."""
    appointment = own(request, pk)
    side = side_of(request, appointment)
    if appointment.status == Status.HELD:
        services.cancel_appointment(appointment, by=request.user, side=side)
        messages.success(request, _("The time is free again."))
        return redirect(appointment)
    form = CancelForm(side, request.POST)
    if not form.is_valid() and rules.can_cancel(request.user, appointment):
        return _cancel_page(request, appointment, form, status=422)
    data = form.cleaned_data
    try:
        services.cancel_appointment(
            appointment,
            by=request.user,
            side=side,
            reason=data.get("reason", ""),
            words=data.get("words", ""),
            promised=data.get("promised") or Decimal(0),
        )
    except LessComesBack as refusal:
        form.add_error(None, str(refusal.message))
        return _cancel_page(request, appointment, form, status=refusal.status)
    messages.success(request, _("The appointment is cancelled."))
    return redirect(appointment)


@never_cache
@login_required
@require_safe
def confirm_cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Asks why, and says to the paisa what becomes of the money."""
    appointment = own(request, pk)
    if not rules.can_cancel(request.user, appointment):
        return redirect(appointment)
    return _cancel_page(request, appointment, CancelForm(side_of(request, appointment)))


def _cancel_page(
    request: HttpRequest, appointment: Appointment, form: CancelForm, *, status: int = 200
) -> HttpResponse:
    side = side_of(request, appointment)
    charge = appointment.charge
    back = services.would_come_back(appointment, side=side)
    context = {
        "appointment": appointment,
        "form": form,
        "is_doctor": side == "doctor",
        "is_paid": charge is not None and charge.status in (Charge.Status.PAID, Charge.Status.REVIEW),
        "back": back,
        "kept": appointment.fee - back,
        "can_move": rules.can_move(request.user, appointment),
    }
    return render(request, "appointments/cancel.html", context, status=status)


@never_cache
@login_required
@require_safe
def calendar_file(request: HttpRequest, pk: UUID) -> HttpResponse:
    appointment = own(request, pk)
    response = HttpResponse(ical(appointment, reader=request.user), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="appointment.ics"'
    return response
