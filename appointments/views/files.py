"""Files for a visit: what the patient's side puts to it, so that its doctor reads them."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from appointments import rules
from appointments.errors import IllegalChange
from appointments.forms import AttachForm
from appointments.models import Appointment
from config.files import CheckedFile
from config.http import require
from patients.errors import QuotaFull, TooManyAttached
from patients.forms import one_by_one, title_of
from patients.models import AttachedRecord, RecordKind, today
from patients.services import About, add_record, attach_record, detach_record, note_listed


def _own(request: HttpRequest, pk: UUID) -> Appointment:
    """An appointment to which the reader may put files. Raises IllegalChange once it is over or called off."""
    visible = Appointment.objects.visible_to(request.user).select_related("doctor", "patient")
    appointment = get_object_or_404(visible, pk=pk)
    require(rules.is_patient_side(request.user, appointment))
    if not rules.can_attach(request.user, appointment):
        raise IllegalChange
    return appointment


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def files(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Put files to a visit: new ones, and some that are in the records."""
    appointment = _own(request, pk)
    posted = request.method == "POST"
    form = AttachForm(appointment, request.POST if posted else None, request.FILES if posted else None)
    if posted and form.is_valid():
        put_files(request, appointment, form.cleaned_data["files"])
        for record in form.cleaned_data.get("records", []):
            attach_record(record, source=appointment.pk, by=request.user)
        return redirect(appointment)
    note_listed(form.offered, by=request.user)
    context = {"appointment": appointment, "form": form}
    return render(request, "appointments/files.html", context, status=422 if form.errors else 200)


def put_files(request: HttpRequest, appointment: Appointment, files: list[tuple[str, CheckedFile]]) -> None:
    """Keep new files in the patient's records and put them to the visit. The visit stands, whatever becomes of them:
    what does not fit is said."""
    for name, file in one_by_one(files):
        about = About(RecordKind.OTHER, title_of(name)[:120], today())
        try:
            record, _new = add_record(
                appointment.patient, file, about, original_name=name, by=request.user, source=appointment.pk
            )
            attach_record(record, source=appointment.pk, by=request.user)
        except (QuotaFull, TooManyAttached) as refusal:
            messages.warning(request, f"{name}: {refusal.message}")


@login_required
@require_POST
def take_file(request: HttpRequest, pk: UUID, attached: int) -> HttpResponse:
    """Take a file from a visit; it stays in the records."""
    appointment = _own(request, pk)
    row = get_object_or_404(AttachedRecord.objects.select_related("record"), pk=attached, source=appointment.pk)
    detach_record(row, by=request.user)
    messages.success(request, _("The doctor no longer gets this file. It stays in the records."))
    return redirect(appointment)
