"""Who looked at one's data, and at that of those whom one acts for; why, in plain words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import Ground, TrailEntry, User
from config.db import PAGE
from patients.models import CareRelationship, Guardianship
from patients.views.whose import ME, whose

PAGE_SIZE = 25
# What is no model's row, by its code.
CODES = {
    "patients.facts": _("health facts"),
    "patients.records": _("records"),
    "prescriptions.medicines": _("prescribed medicines"),
    "prescriptions.orders": _("ordered services"),
}


@dataclass(frozen=True)
class Look:
    """One entry as the patient reads it. `visit_at` is of the visit that it was because of, where it is known."""

    entry: TrailEntry
    who: str
    what: str | Promise
    visit_at: datetime | None


@never_cache
@login_required
@require_safe
def trail(request: HttpRequest, who: str | UUID = ME) -> HttpResponse:
    """What others did with the data of oneself or of a member of the family, the latest first."""
    patient = whose(request, who)
    entries = TrailEntry.objects.none() if patient._state.adding else done_by_others(patient)
    page = Paginator(entries.select_related("by__doctor").fetch_mode(PAGE), PAGE_SIZE).get_page(request.GET.get("page"))
    page.object_list = looks(page.object_list)
    family = Guardianship.objects.current().filter(guardian=request.user).select_related("patient")
    context = {"patient": patient, "page": page, "family": family.order_by("patient__birth_date", "pk")}
    return render(request, "patients/trail.html", context)


def done_by_others(patient):
    """The trail of a patient without what the patient did."""
    entries = TrailEntry.objects.about_patients([patient.pk])
    return entries.exclude(by=patient.user_id) if patient.user_id else entries


def looks(entries: Iterable[TrailEntry]) -> list[Look]:
    """Entries with the names of people and things, and the dates of visits, in one query more."""
    rows = list(entries)
    sources = {row.ground_id for row in rows if row.ground == Ground.CARE and row.ground_id}
    visits = dict(CareRelationship.objects.filter(source__in=sources).values_list("source", "visit_at"))
    dates = {str(source): visit_at for source, visit_at in visits.items()}
    return [Look(row, name_of(row.by, row.ground), thing(row.about), dates.get(row.ground_id)) for row in rows]


def name_of(user: User | None, ground: str) -> str:
    """A doctor is named as a doctor; where nobody did it, it was the portal."""
    if user is None:
        return settings.SITE_NAME
    doctor = getattr(user, "doctor", None) if ground in (Ground.CARE, Ground.SHARE) else None
    return str(doctor or user)


def thing(about: str) -> str | Promise:
    """What a row's `about` is called: a code's own words, or what the model calls one of its rows."""
    if about in CODES:
        return CODES[about]
    try:
        return apps.get_model(about)._meta.verbose_name
    except (LookupError, ValueError):
        return about
