"""The specialties and symptoms that come with the portal, as data/*.json holds them."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"


class BadReference(Exception):
    """The data files contradict themselves; the message names the row."""


@dataclass(frozen=True, slots=True)
class SpecialtyEntry:
    slug: str
    name_en: str
    name_bn: str
    practitioner_en: str
    practitioner_bn: str
    icon: str
    synonyms: list[str]


@dataclass(frozen=True, slots=True)
class SymptomEntry:
    """`specialties` gives each specialty's weight by its slug, the best to see first."""

    slug: str
    name_en: str
    name_bn: str
    specialties: dict[str, int]
    synonyms: list[str]


@dataclass(frozen=True, slots=True)
class Reference:
    """All of it, the specialties in the order in which people see them.

    Raises BadReference if a slug stands twice, or a symptom names a specialty that is not there.
    """

    specialties: tuple[SpecialtyEntry, ...]
    symptoms: tuple[SymptomEntry, ...]

    def __post_init__(self) -> None:
        _check_unique(entry.slug for entry in self.specialties)
        _check_unique(entry.slug for entry in self.symptoms)
        known = {entry.slug for entry in self.specialties}
        for symptom in self.symptoms:
            if not symptom.specialties:
                raise BadReference(f"{symptom.slug} names no specialty")
            if unknown := sorted(symptom.specialties.keys() - known):
                raise BadReference(f"{symptom.slug} names unknown specialties: {', '.join(unknown)}")


def _check_unique(slugs: Iterable[str]) -> None:
    if twice := sorted(slug for slug, count in Counter(slugs).items() if count > 1):
        raise BadReference(f"twice in the data: {', '.join(twice)}")


def read_reference(folder: Path = DATA) -> Reference:
    """What the files in this folder hold. Raises BadReference; TypeError for a row of another shape."""
    return Reference(
        specialties=tuple(SpecialtyEntry(**row) for row in _rows(folder / "specialties.json")),
        symptoms=tuple(SymptomEntry(**row) for row in _rows(folder / "symptoms.json")),
    )


def _rows(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return rows
