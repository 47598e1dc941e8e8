"""The note of a visit: a page of its own, and a piece of the pages of the visit."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django_htmx.http import reswap, retarget

from accounts.models import Ground
from appointments.models import Appointment
from appointments.rules import is_doctor_of
from config.db import PAGE
from config.http import require, respond
from patients.services import held_grants
from prescriptions import rules, services
from prescriptions.errors import NoteChanged, NoteClosed
from prescriptions.forms import NoteForm
from prescriptions.models import VisitNote


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def note(request: HttpRequest, pk: UUID) -> HttpResponse:
    """To the doctor of the visit the note to write in; to others what of it is theirs to read."""
    visits = Appointment.objects.select_related("doctor__user", "patient").fetch_mode(PAGE)
    visit = get_object_or_404(visits, pk=pk)
    with held_grants(request.user, patient=visit.patient_id):
        reading = rules.reading_of_note(request.user, visit)
        if reading is None:
            raise Http404
        if request.method == "GET":
            why = {"ground": reading.ground, "ground_id": reading.ground_id}
            kept = services.read_note(visit, reading.parts, by=request.user, **why)
    if request.method == "POST":
        require(is_doctor_of(request.user, visit))
        return _save(request, visit)
    if rules.can_write_note(request.user, visit):
        return _page(request, visit, NoteForm(note=kept), kept)
    parts = [
        (NoteForm.base_fields[part].label, kept.words[part]) for part in reading.parts if kept and kept.words[part]
    ]
    is_lent = reading.ground == Ground.SHARE
    context = {"visit": visit, "parts": parts, "note": kept, "is_lent": is_lent}
    return respond(request, "prescriptions/note_read.html", partial="note", **context)


def _page(request: HttpRequest, visit: Appointment, form: NoteForm, kept: VisitNote | None, **more) -> HttpResponse:
    return respond(request, "prescriptions/note.html", partial="note", visit=visit, form=form, note=kept, **more)


def _save(request: HttpRequest, visit: Appointment) -> HttpResponse:
    """What was typed, saved; or the form again, with what was typed, where it cannot be."""
    if not rules.can_write_note(request.user, visit):
        raise NoteClosed
    form = NoteForm(request.POST)
    kept, is_overtaken = None, False
    if form.is_valid():
        facts = {"seen": form.cleaned_data["version"], "tab": form.cleaned_data["tab"], "by": request.user}
        try:
            kept = services.save_note(visit, form.words, **facts)
        except NoteChanged as overtaken:
            kept, is_overtaken = overtaken.note, True
            form.put_beside(kept)
        else:
            if request.htmx:
                return render(request, "prescriptions/note.html#saved", {"note": kept, "is_new": True})
            messages.success(request, _("The note is saved."))
            return redirect("prescriptions:note", visit.pk)
    response = _page(request, visit, form, kept, is_overtaken=is_overtaken)
    response.status_code = 422
    return reswap(retarget(response, "#visit-note"), "outerHTML") if request.htmx else response
