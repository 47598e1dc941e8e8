"""From a chosen time to a hold: why, for whom, and only then who one is."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import User
from appointments.errors import NoFollowUp, PatientBusy, SlotGone, TooManyHolds
from appointments.forms import BookingForm, ChosenTimeForm, VisitForm
from appointments.hold_statements import doctor_and_patients
from appointments.kinds import chosen as chosen_visit
from appointments.kinds import kinds_for, number_of
from appointments.models import Appointment, Status
from appointments.open_times import find_open_slot
from appointments.services import hold_slot
from appointments.views.files import put_files
from appointments.views.times import calendar_of, other_zone
from doctors.models import Doctor, Mode
from patients.forms import close_files
from patients.models import Patient
from patients.services import own_patient, set_phone
from scheduling.slots import Slot
from scheduling.visits import OfferedVisit

# What somebody wrote before going elsewhere (to sign in, to add a child, to choose another time), kept in the session
# for that one doctor until the hold is made: nobody writes twice what troubles them.
DRAFT = "booking_draft"
# For so long the reason of a hold that ran out is offered again.
REMEMBERED_FOR = timedelta(hours=1)


@never_cache
@require_http_methods(["GET", "POST"])
def book(request: HttpRequest, slug: str) -> HttpResponse:
    """The form of one chosen time. A visitor's answers are kept while they sign in or sign up."""
    errand = _errand(request)
    finishes = request.method == "POST" and not errand
    # Finishing shows nothing of the doctor, who is looked up again under the lock; what else the form asks comes along.
    doctor, patients = _found(slug, request.user) if finishes else (_doctor(slug), None)
    chosen = ChosenTimeForm(request.GET)
    if not chosen.is_valid():
        messages.error(request, chosen.errors.get("start", [_("Please choose a time.")])[0])
        return redirect("appointments:times", slug)
    start, mode, kind = (chosen.cleaned_data[name] for name in ("start", "mode", "type"))
    form = _form(request, doctor, patients)
    status = 422 if form.errors else 200
    if finishes and form.is_valid():
        try:
            hold = _hold(form, doctor, start, mode, kind)
        except (PatientBusy, TooManyHolds, NoFollowUp) as refusal:
            form.add_error("patient", str(refusal.message))
            _let_files_go(request, form)
            status = refusal.status
        except SlotGone:
            _let_files_go(request, form)
            return _slot_gone(request, _doctor(slug), start, mode, kind)
        else:
            request.session.pop(DRAFT, None)
            put_files(request, hold, form.cleaned_data["files"])
            return redirect(hold)
    doctor = _doctor(slug) if finishes else doctor
    visit = _visit(request, doctor, kind)
    slot = find_open_slot(doctor, start, mode, rules=visit.rules) if visit else None
    if visit is None or slot is None:
        return _slot_gone(request, doctor, start, mode, kind)
    if errand and request.method == "POST" and VisitForm(request.POST).is_valid():
        _keep(request, doctor)
        if request.user.is_authenticated and any(file.size for file in request.FILES.getlist("files")):
            messages.info(request, _("Please choose your files once more when you are back."))
        return redirect(f"{errand}?{urlencode({'next': request.get_full_path()})}")
    context = _page(doctor, slot, mode, visit) | {"form": form, "here": request.get_full_path()}
    return render(request, "appointments/book.html", context, status=status)


def _let_files_go(request: HttpRequest, form: BookingForm) -> None:
    """Nothing is held for which they would be kept."""
    if files := form.cleaned_data.pop("files"):
        close_files(files)
        messages.info(request, _("Please choose your files once more; they were not kept."))


def _doctor(slug: str) -> Doctor:
    """All that the form's page shows of the doctor."""
    return get_object_or_404(Doctor.objects.public().for_cards().select_related("calendar"), slug=slug)


def _found(slug: str, user: User) -> tuple[Doctor, list[Patient]]:
    """The doctor's key, and whom the user acts for."""
    doctor, patients = doctor_and_patients(slug, account_id=user.pk)
    if doctor is None:
        raise Http404
    return doctor, patients


def _form(request: HttpRequest, doctor: Doctor, patients: list[Patient] | None) -> BookingForm | VisitForm:
    data = request.POST if request.method == "POST" else None
    kept = {} if data else {"reason": _kept(request, doctor)}
    if not request.user.is_authenticated:
        return VisitForm(data, initial=kept)
    files = request.FILES if data is not None else None
    return BookingForm(request.user, data, files, initial=kept, patients=patients)


def _errand(request: HttpRequest) -> str:
    """Where somebody goes before the time can be held: to add a person, to sign in, to sign up; empty for nowhere."""
    if not request.user.is_authenticated:
        return reverse("account_login" if "sign_in" in request.POST else "account_signup")
    return reverse("patients:add_member") if "add_member" in request.POST else ""


def _keep(request: HttpRequest, doctor: Doctor) -> None:
    request.session[DRAFT] = {"doctor": doctor.pk, "reason": request.POST.get("reason", "")[:1000]}


def _kept(request: HttpRequest, doctor: Doctor) -> str:
    """The reason as it was written last: before an errand, or for a time with this doctor that came to nothing."""
    draft = request.session.get(DRAFT, {})
    if draft.get("doctor") == doctor.pk:
        return draft.get("reason", "")
    if not request.user.is_authenticated:
        return ""
    vain = Appointment.objects.filter(
        booked_by=request.user,
        doctor=doctor,
        status__in=[Status.HELD, Status.EXPIRED, Status.CANCELLED],
        created_at__gt=timezone.now() - REMEMBERED_FOR,
    )
    return vain.order_by("-created_at").values_list("reason", flat=True).first() or ""


def _visit(request: HttpRequest, doctor: Doctor, kind: str) -> OfferedVisit | None:
    """The kind of visit that the address names, if this person can book it."""
    calendar = calendar_of(doctor)
    if calendar is None:
        return None
    kinds, _without_follow_up = kinds_for(request.user, doctor, calendar, now=timezone.now())
    return chosen_visit(kinds, kind)


def _hold(form: BookingForm, doctor: Doctor, start: datetime, mode: str, kind: str) -> Appointment:
    """The hold that a valid form asks for; the user's patient and its phone are noted on the way."""
    user, data = form.user, form.cleaned_data
    patient = form.chosen or own_patient(user)
    if data.get("phone"):
        set_phone(own_patient(user), data["phone"])
    return hold_slot(
        doctor.pk,
        start=start,
        mode=mode,
        patient_id=patient.pk,
        by=user,
        reason=data["reason"],
        visit_type=number_of(kind),
    )


def _slot_gone(request: HttpRequest, doctor: Doctor, start: datetime, mode: str, kind: str) -> HttpResponse:
    """The time is somebody's: perhaps this very person's, who came back to the form of a hold that lives.

    A form that was sent and refused is not led there: it may have been for another patient.
    """
    if request.user.is_authenticated and request.method != "POST":
        own = Appointment.objects.live_holds(request.user).filter(doctor=doctor, period__startswith=start, mode=mode)
        if hold := own.first():
            return redirect(hold)
    if request.method == "POST":
        _keep(request, doctor)
    context = {"doctor": doctor, "start": start, "mode": mode, "kind": kind}
    return render(request, "appointments/slot_gone.html", context, status=409)


def _page(doctor: Doctor, slot: Slot, mode: str, visit: OfferedVisit) -> dict[str, object]:
    """What the form's page shows of the time that was chosen."""
    fee = visit.fees.get(mode)
    at = slot.place if mode == Mode.IN_PERSON else None
    return {
        "doctor": doctor,
        "slot": slot,
        "mode": Mode(mode),
        "visit": visit,
        "place": next((place for place in doctor.places.all() if place.pk == at), None),
        "fee": fee,
        "steps": steps(fee),
        "other_zone": other_zone(doctor),
    }


def steps(fee: Decimal | None) -> list[str]:
    """The steps of a booking, in words; where there is no fee there is nothing to pay."""
    return [_("Time"), _("Details"), _("Review"), *([_("Payment")] if fee else [])]
