"""The composer: a prescription as it is typed, what is known against it, and how the patient will read it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import reswap, retarget

from appointments.models import Appointment
from config.db import PAGE
from config.errors import DomainError
from config.http import require, respond
from doctors.models import Doctor
from prescriptions import rules, services, words
from prescriptions.dosage import quantity, unit_of
from prescriptions.forms import ItemFormSet, PrescriptionForm, ReasonForm, TemplateForm, initial_items
from prescriptions.models import Food, Item, Prescription, Product, Template
from prescriptions.search import find_products

PREFIX = "item"
# For how many unknown medicines at once the page offers others.
MOST_LOOKED_UP = 3


def own_visit(request: HttpRequest, pk: UUID) -> Appointment:
    """A visit of the doctor who asks; a 404 for everybody else, and for a doctor who may not practise now."""
    visits = Appointment.objects.visible_to(request.user).select_related("doctor__user", "patient__user")
    visit = get_object_or_404(visits.fetch_mode(PAGE), pk=pk)
    if not rules.is_practising_doctor_of(request.user, visit):
        raise Http404
    return visit


def draft_of(visit: Appointment) -> Prescription | None:
    return Prescription.objects.drafts().filter(appointment=visit).for_composer().first()


def is_beside_another_page(request: HttpRequest) -> bool:
    """Whether the composer is a piece of another page, the room of a call, that no link may lead away from."""
    here = (request.htmx.current_url_abs_path or "").partition("?")[0] if request.htmx else request.path
    return here != request.path


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """A medicine as it will stand on the paper, and what keeps it from being signed."""

    name: str
    how: str
    note: str
    missing: str


def preview_line(item: Item) -> PreviewLine:
    """In the active language."""
    name = str(item.product or item.written)
    dose = services.dose_of(item)
    if dose is None:
        missing = _("The dose is not understood.") if item.dose else _("A dose is missing.")
        return PreviewLine(name, "", item.note, missing)
    form = item.product.form if item.product else ""
    unit = unit_of(form)
    missing = "" if services.is_complete(item) else _("For how many days is missing.")
    parts = [words.dose_in_words(dose, unit), str(Food(item.food).label) if item.food else ""]
    if item.days and dose.kind != "once":
        parts.append(words.in_days(item.days))
    many = quantity(dose, item.days, form)
    parts.append(words.handed_out(many, unit) if many is not None else "")
    return PreviewLine(name, ", ".join(filter(None, parts)), item.note, missing)


def looked(request: HttpRequest, draft: Prescription | None) -> dict[str, Any]:
    """What is known against the draft, what was not looked at, and how the patient will read it."""
    items = list(draft.items.all()) if draft else []
    is_beside = is_beside_another_page(request)
    if draft is None or not items:
        nothing = {"lines": [], "warnings": [], "severe": [], "moderate": [], "gaps": []}
        return {"draft": draft, "is_beside": is_beside} | nothing
    report = services.check_draft(draft, by=request.user)
    reasons = {each.key: each.reason for each in draft.overrides.all()}
    warnings = [words.warning(each, reasons.get(each.key, "")) for each in report.findings]
    with translation.override(draft.language):
        lines = [preview_line(item) for item in items]
    return {
        "draft": draft,
        "is_beside": is_beside,
        "lines": lines,
        "warnings": warnings,
        "severe": [each for each in warnings if each.finding.severity == "severe"],
        "moderate": [each for each in warnings if each.finding.severity != "severe"],
        "gaps": [words.gap(each) for each in report.unchecked],
    }


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def compose(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The visit's draft, to be typed; htmx saves it after every pause and takes what is known against it."""
    visit = own_visit(request, pk)
    if request.method == "POST":
        return _save(request, visit)
    draft = draft_of(visit)
    form = PrescriptionForm(draft=draft, language=_language_of(visit))
    return _page(request, visit, draft, form, ItemFormSet(prefix=PREFIX, initial=initial_items(draft)))


def _language_of(visit: Appointment) -> str:
    """That of whoever will read it, as far as it is known."""
    reader = visit.patient.user
    return reader.language if reader else translation.get_language()


def _page(
    request: HttpRequest, visit: Appointment, draft: Prescription | None, form: PrescriptionForm, rows: Any, **more: Any
) -> HttpResponse:
    context = looked(request, draft) | {
        "visit": visit,
        "form": form,
        "rows": rows,
        "formsets": [rows],
        "can_write": visit.status in rules.HAPPENS,
        "templates": list(Template.objects.filter(doctor=visit.doctor)),
        "template_form": more.pop("template_form", None) or TemplateForm(),
    }
    if not rows.is_bound:
        # What was refused stands in the rows; what is known is known of what was saved.
        _say_in_rows(rows, context["warnings"], _unlisted(draft))
    status = more.pop("status", 200)
    response = respond(request, "prescriptions/compose.html", partial="composer", **context | more)
    response.status_code = status
    return response


def _unlisted(draft: Prescription | None) -> dict[int, list[Product]]:
    """By the places of the first medicines that are none that is known those that may have been meant."""
    unknown = [item for item in (draft.items.all() if draft else ()) if item.product_id is None]
    return {item.position: find_products(item.written, most=5) for item in unknown[:MOST_LOOKED_UP]}


def _say_in_rows(rows: Any, warnings: list[words.Warned], meant: Mapping[int, list[Product]]) -> None:
    """Give each row that became a medicine what is known against it, and what may have been meant."""
    for place, form in enumerate(rows.kept()):
        form.place = place
        form.warned = [each for each in warnings if place in each.finding.places]
        form.meant = meant.get(place, [])


def _save(request: HttpRequest, visit: Appointment) -> HttpResponse:
    form = PrescriptionForm(request.POST, language=_language_of(visit))
    rows = ItemFormSet(request.POST, prefix=PREFIX)
    problem = ""
    if all([form.is_valid(), rows.is_valid()]):
        taken = request.POST.get("take", "")
        seen, tab = form.cleaned_data["version"], form.cleaned_data["tab"]
        try:
            services.save_draft(visit, form.facts, _with_taken(rows.rows(), taken), seen=seen, tab=tab, by=request.user)
        except DomainError as refusal:
            problem = str(refusal.message)
        else:
            return _saved(request, visit, rows, is_taken=bool(taken))
    if request.htmx:
        context = {"visit": visit, "form": form, "formsets": [rows], "problem": problem, "is_unsaved": True}
        return render(request, "prescriptions/compose.html#checked", context, status=422)
    return _page(request, visit, draft_of(visit), form, rows, problem=problem, status=409 if problem else 422)


def _saved(request: HttpRequest, visit: Appointment, rows: Any, *, is_taken: bool) -> HttpResponse:
    """To htmx what is known now, for beside the form and for its rows; all of it anew where a row was changed here."""
    if not request.htmx:
        return redirect("prescriptions:compose", visit.pk)
    draft = draft_of(visit)
    if is_taken:
        form = PrescriptionForm(draft=draft, language=_language_of(visit))
        response = _page(request, visit, draft, form, ItemFormSet(prefix=PREFIX, initial=initial_items(draft)))
        return reswap(retarget(response, "#rx"), "outerHTML")
    context = looked(request, draft) | {"visit": visit, "rows": rows, "is_new": True}
    _say_in_rows(rows, context["warnings"], {})
    return render(request, "prescriptions/compose.html#checked", context)


def _with_taken(rows: list[dict[str, Any]], taken: str) -> list[dict[str, Any]]:
    """The rows, with what was chosen for one of them by its button: the row's place and the medicine's key."""
    place, _colon, key = taken.partition(":")
    if place.isdigit() and key.isdigit() and int(place) < len(rows):
        row = rows[int(place)]
        found = next((product for product in find_products(row["written"]) if str(product.pk) == key), None)
        if found is not None:
            row |= {"product": found.pk, "written": str(found)}
    return rows


@never_cache
@login_required
@require_safe
def medicines(request: HttpRequest) -> JsonResponse:
    """The medicines that fit what was typed, for the combobox."""
    require(Doctor.objects.filter(user=request.user).exists())
    found = find_products(request.GET.get("q", ""))
    return JsonResponse(
        {
            "found": [
                {
                    "key": product.pk,
                    "value": str(product),
                    "hint": product.generic.name if product.brand else _("generic"),
                }
                for product in found
            ]
        }
    )


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def review(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The draft once more as a whole; for each severe warning the doctor says why to go on in spite of it."""
    visit = own_visit(request, pk)
    draft = draft_of(visit)
    if draft is None:
        return redirect("prescriptions:compose", visit.pk)
    context = looked(request, draft) | {"visit": visit}
    data = request.POST if request.method == "POST" else None
    asked = [
        (each, ReasonForm(data, prefix=each.finding.mark, initial={"reason": each.reason}))
        for each in context["severe"]
    ]
    is_complete = bool(context["lines"]) and not any(line.missing for line in context["lines"])
    is_ready = is_complete and all(each.reason for each in context["severe"])
    context |= {"asked": asked, "is_complete": is_complete, "is_ready": is_ready}
    if request.method == "POST" and all(form.is_valid() for _each, form in asked):
        reasons = {each.finding.key: form.cleaned_data["reason"] for each, form in asked}
        services.give_reasons(draft, [each.finding for each, _form in asked], reasons, by=request.user)
        messages.success(request, _("Your reasons are kept with the prescription."))
        return redirect("prescriptions:review", visit.pk)
    status = 422 if request.method == "POST" else 200
    return render(request, "prescriptions/review.html", context, status=status)


@login_required
@require_POST
def begin(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Add what a template holds, or what was prescribed last time."""
    visit = own_visit(request, pk)
    wanted = request.POST.get("from", "")
    try:
        if wanted == "last":
            source = services.last_prescription(visit)
        else:
            templates = Template.objects.filter(doctor=visit.doctor).prefetch_related("items")
            source = get_object_or_404(templates, pk=_key(wanted))
        services.begin_from(visit, source, language=_language_of(visit), by=request.user)
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
    return redirect("prescriptions:compose", visit.pk)


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


@login_required
@require_POST
def keep_template(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Keep the draft as one of the doctor's templates."""
    visit = own_visit(request, pk)
    draft = draft_of(visit)
    if draft is None:
        raise Http404
    form = TemplateForm(request.POST)
    if form.is_valid():
        try:
            services.keep_template(draft, form.cleaned_data["name"])
        except DomainError as refusal:
            form.add_error("name", str(refusal.message))
        else:
            messages.success(request, _("The template is kept."))
            return redirect("prescriptions:compose", visit.pk)
    own = PrescriptionForm(draft=draft)
    rows = ItemFormSet(prefix=PREFIX, initial=initial_items(draft))
    return _page(request, visit, draft, own, rows, template_form=form, status=422)


@login_required
@require_POST
def remove_template(request: HttpRequest, pk: UUID) -> HttpResponse:
    template = get_object_or_404(Template, pk=pk, doctor__user=request.user)
    template.delete()
    messages.success(request, _("The template is gone."))
    return redirect("prescriptions:templates")


@never_cache
@login_required
@require_safe
def templates(request: HttpRequest) -> HttpResponse:
    """The doctor's own templates."""
    require(Doctor.objects.filter(user=request.user).exists())
    rows = Template.objects.filter(doctor__user=request.user).prefetch_related("items__product__generic")
    return render(request, "prescriptions/templates.html", {"templates": rows.fetch_mode(PAGE)})


@login_required
@require_POST
def discard(request: HttpRequest, pk: UUID) -> HttpResponse:
    visit = own_visit(request, pk)
    services.drop_draft(visit, by=request.user)
    messages.success(request, _("The draft is gone."))
    return redirect("prescriptions:compose", visit.pk)
