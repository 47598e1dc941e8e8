"""Health facts of oneself and of one's family: the page, a form for each row, and the word that there is nothing."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.http import next_path
from patients import services
from patients.errors import AlreadyListed
from patients.forms import FORMS
from patients.models import FACTS, FactKind
from patients.views.whose import whose


class KindConverter:
    """A kind of facts, by its name in addresses."""

    regex = "|".join(FactKind.values)

    def to_python(self, value: str) -> FactKind:
        return FactKind(value)

    def to_url(self, value: FactKind) -> str:
        return str(value)


@never_cache
@login_required
@require_safe
def facts(request: HttpRequest, who: str | UUID) -> HttpResponse:
    """All that is known of the health of one person."""
    patient = whose(request, who)
    if patient._state.adding:
        sections = services.nothing_said()
    else:
        ground, ground_id = services.standing(request.user, patient)
        sections = services.read_facts(patient, by=request.user, ground=ground, ground_id=ground_id)
    context = {"patient": patient, "who": who, "sections": sections, "came_from": _came_from(request)}
    return render(request, "patients/facts.html", context)


def _came_from(request: HttpRequest) -> str:
    """The booking that led here and waits; empty where none did."""
    came_from = next_path(request, otherwise="account")
    return "" if came_from == reverse("account") else came_from


def _to_facts(request: HttpRequest, who: str | UUID) -> HttpResponse:
    came_from = _came_from(request)
    return redirect(reverse("patients:facts", args=[who], query={"next": came_from} if came_from else None))


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def add_fact(request: HttpRequest, who: str | UUID, kind: FactKind) -> HttpResponse:
    patient = whose(request, who)
    form = FORMS[kind](request.POST if request.method == "POST" else None)
    return _answer(request, form, patient, who, kind, save=services.add_fact, done=_("It is on the list."))


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def change_fact(request: HttpRequest, who: str | UUID, kind: FactKind, pk: UUID) -> HttpResponse:
    """Put a row right. To see one is to read the facts, and stands in the trail."""
    patient = whose(request, who)
    if patient._state.adding:
        raise Http404
    fact = get_object_or_404(FACTS[kind], pk=pk, patient=patient)
    fact.patient = patient
    if request.method != "POST":
        services.note_reading(fact, by=request.user)
    form = FORMS[kind](request.POST if request.method == "POST" else None, instance=fact)
    return _answer(request, form, patient, who, kind, save=services.change_fact, done=_("It is changed."))


def _answer(request, form, patient, who, kind, *, save, done: str) -> HttpResponse:
    """The form; once it is right, what it holds is saved and the list shown."""
    status = 422 if form.errors else 200
    if request.method == "POST" and form.is_valid():
        form.instance.patient = patient
        try:
            save(form.instance, by=request.user)
        except AlreadyListed as refusal:
            form.add_error(form.named_by, str(refusal.message))
            status = refusal.status
        else:
            messages.success(request, done)
            return _to_facts(request, who)
    context = {"form": form, "patient": patient, "who": who, "kind": kind, "is_new": form.instance._state.adding}
    context["came_from"] = _came_from(request)
    return render(request, "patients/fact.html", context, status=status)


@login_required
@require_POST
def remove_fact(request: HttpRequest, who: str | UUID, kind: FactKind, pk: UUID) -> HttpResponse:
    """Off the list; sent twice, it is off the list."""
    fact = FACTS[kind].objects.filter(pk=pk, patient=whose(request, who)).first()
    if fact is not None:
        services.remove_fact(fact, by=request.user)
        messages.success(request, _("It is off the list."))
    return _to_facts(request, who)


@login_required
@require_POST
def say_none(request: HttpRequest, who: str | UUID, kind: FactKind) -> HttpResponse:
    """There is nothing of this kind, or nobody has said so after all."""
    patient = whose(request, who)
    if "take_back" in request.POST:
        services.take_none_back(patient, kind, by=request.user)
    else:
        services.say_none(patient, kind, by=request.user)
    messages.success(request, _("Saved."))
    return _to_facts(request, who)
