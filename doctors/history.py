"""What changed on a doctor's profile, when and by whom: read from the history that the database keeps."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from doctors.models import Doctor, DoctorSpecialty, PracticePlace, Qualification

# Columns that say nothing to a reader, or stand in the row's name already.
UNTOLD = frozenset({"id", "user", "doctor", "currency", "created_at", "photo_small", "position"})
LONGEST = 160


@dataclass(frozen=True, slots=True)
class Change:
    """One value of one row that became another; `old` is empty for a row that was added, `new` for one that went."""

    at: datetime
    by: str
    row: str | Promise
    field: str | Promise
    old: str
    new: str


def changes_of(doctor: Doctor, *, most: int) -> list[Change]:
    """The last changes of a profile with its degrees, places and specialties, the latest first: six queries.

    The profile as it was first written is not told value by value.
    """
    tables = (
        (Doctor, "pgh_obj_id", _("Profile")),
        (Qualification, "doctor_id", _("Degree")),
        (PracticePlace, "doctor_id", _("Place")),
        (DoctorSpecialty, "doctor_id", _("Specialty")),
    )
    found = []
    for model, key, label in tables:
        events = model.history.rel.related_model.objects.filter(**{key: doctor.pk}).order_by("pgh_id")
        found += list(_changes(model, list(events), label))
    found.sort(key=lambda change: change[0], reverse=True)
    names = _names({by for _at, by, *_rest in found[:most]})
    return [Change(at, names.get(by, ""), *rest) for at, by, *rest in found[:most]]


def _names(ids: set[Any]) -> dict[Any, str]:
    users = User.objects.filter(pk__in=[pk for pk in ids if pk is not None])
    return {user.pk: user.name or user.email for user in users}


def _changes(model: type[models.Model], events: list[Any], label: Any) -> Iterator[tuple[Any, ...]]:
    """(when, by whose id, row, field, old, new) for each value that is not as it was in the version before."""
    before: dict[Any, Any] = {}
    fields = [field for field in model._meta.concrete_fields if field.name not in UNTOLD]
    specialties = _specialty_names(model, events)
    for event in events:
        by = (event.pgh_context or {}).get("user")
        known = before.get(event.id)
        before[event.id] = event
        if event.pgh_label == "insert":
            if model is not Doctor:
                yield event.pgh_created_at, by, label, "", "", _summary(event, specialties)
        elif event.pgh_label == "delete":
            yield event.pgh_created_at, by, label, "", _summary(event, specialties), ""
        elif known is not None:
            for field in fields:
                old, new = getattr(known, field.attname), getattr(event, field.attname)
                if old != new:
                    yield event.pgh_created_at, by, label, field.verbose_name, _shown(field, old), _shown(field, new)


def _specialty_names(model: type[models.Model], events: list[Any]) -> dict[int, str]:
    if model is not DoctorSpecialty:
        return {}
    named = model._meta.get_field("specialty").related_model.objects.in_bulk({event.specialty_id for event in events})
    return {pk: specialty.name for pk, specialty in named.items()}


def _summary(event: Any, specialties: dict[int, str]) -> str:
    """A row in a few words: what a reader would call it."""
    if hasattr(event, "specialty_id"):
        return specialties.get(event.specialty_id, "")
    names = ("degree", "institution", "year", "name", "address")
    return ", ".join(str(getattr(event, name)) for name in names if getattr(event, name, None))


def _shown(field: Any, value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(field, ArrayField):
        choices = dict(field.base_field.flatchoices)
        return ", ".join(str(choices.get(each, each)) for each in value)
    text = str(dict(field.flatchoices).get(value, value)) if field.flatchoices else str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
