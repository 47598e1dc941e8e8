"""The starter set that comes with the portal: data/*.csv, each with its source and the day as of which it is."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import batched
from pathlib import Path
from typing import IO

from django.db import transaction

from config.tables import Refused
from prescriptions.models import DrugClass, Ingredient, Interaction, Product, ReferenceSet
from prescriptions.rows import InteractionRow, MedicineRow, Table
from prescriptions.services.medicines import Written, write_interactions, write_medicines
from specialties.fields import term

DATA = Path(__file__).parent.parent / "data"
BATCH = 2000
STARTER = "starter"


class BadStarter(Exception):
    """A file of the starter set contradicts itself; the message names the row."""


@dataclass(frozen=True, slots=True)
class Loaded:
    medicines: int
    medicines_added: int
    ingredients: int
    interactions: int


@transaction.atomic
def load_starter(folder: Path = DATA) -> Loaded:
    """Bring the starter set into the database, all or nothing; a second run changes nothing.

    Of a kind that an administrator imported in full nothing is touched: the fuller set stays. Raises BadStarter.
    """
    imported = set(ReferenceSet.objects.filter(is_starter=False).values_list("kind", flat=True))
    kinds = ReferenceSet.Kind
    # First, for the search finds a medicine by the other names of its substances too.
    ingredients = _load_classes_and_ingredients(folder, assessed=kinds.INTERACTIONS not in imported)
    medicines = Written()
    if kinds.MEDICINES not in imported:
        with (folder / "medicines.csv").open("rb") as stream:
            table = _begun(stream, "medicines")
            for batch in batched(_medicines(table), BATCH):
                done = write_medicines(batch, source=STARTER)
                _no_refusals(table, done)
                medicines.added += done.added
                medicines.known += done.known
            _remember(kinds.MEDICINES, table.told)
    if kinds.INTERACTIONS not in imported:
        with (folder / "interactions.csv").open("rb") as stream:
            table = _begun(stream, "interactions")
            _no_refusals(table, write_interactions(list(_interactions(table))))
            _remember(kinds.INTERACTIONS, table.told)
    return Loaded(
        medicines=Product.objects.count(),
        medicines_added=medicines.added,
        ingredients=ingredients,
        interactions=Interaction.objects.count(),
    )


def _begun(stream: IO[bytes], kind: str) -> Table:
    table = Table(stream, kind)
    table.begin()
    return table


def _medicines(table: Table) -> Iterator[MedicineRow]:
    for line, _text, row in table.rows():
        if not isinstance(row, MedicineRow):
            raise BadStarter(f"{table.kind}, line {line}: {row}")
        yield row


def _interactions(table: Table) -> Iterator[InteractionRow]:
    for line, _text, row in table.rows():
        if isinstance(row, Refused | MedicineRow):
            raise BadStarter(f"{table.kind}, line {line}: {row}")
        yield row


def _no_refusals(table: Table, done: Written) -> None:
    if done.refused:
        raise BadStarter(f"{table.kind}: {done.refused}")


def _load_classes_and_ingredients(folder: Path, *, assessed: bool) -> int:
    """What is known of substances and their classes; how many substances. An administrator's own stay as they are, and
    unless `assessed` whose interactions were looked for."""
    _told, classes = _plain(folder / "classes.csv")
    DrugClass.objects.bulk_create(
        [DrugClass(code=row["code"], name=row["name"], also=_terms(row["also"])) for row in classes],
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["name", "also"],
    )
    by_code = {each.code: each for each in DrugClass.objects.all()}
    for row in classes:
        by_code[row["code"]].crosses.add(*(by_code[code] for code in row["crosses"].split("|") if code))
    told, rows = _plain(folder / "ingredients.csv")
    Ingredient.objects.bulk_create(
        [
            Ingredient(
                name=term(row["name"]),
                also=_terms(row["also"]),
                pregnancy=row["pregnancy"],
                breastfeeding=row["breastfeeding"],
                min_age_months=int(row["min_age_months"]) if row["min_age_months"] else None,
                max_daily_mg=Decimal(row["max_daily_mg"]) if row["max_daily_mg"] else None,
                max_daily_mg_per_kg=Decimal(row["max_daily_mg_per_kg"]) if row["max_daily_mg_per_kg"] else None,
                is_assessed=row["assessed"] == "yes",
                source=told["source"][:200],
            )
            for row in rows
        ],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=[
            *("also", "pregnancy", "breastfeeding", "min_age_months", "max_daily_mg", "max_daily_mg_per_kg"),
            *(["is_assessed"] if assessed else []),
            "source",
        ],
    )
    by_name = dict(Ingredient.objects.values_list("name", "pk"))
    link = Ingredient.classes.through
    link.objects.bulk_create(
        [
            link(ingredient_id=by_name[term(row["name"])], drugclass_id=by_code[code].pk)
            for row in rows
            for code in row["classes"].split("|")
            if code
        ],
        ignore_conflicts=True,
    )
    _remember(ReferenceSet.Kind.INGREDIENTS, told)
    return len(rows)


def _plain(path: Path) -> tuple[dict[str, str], list[dict[str, str]]]:
    """What a file of ours tells of itself, and its rows."""
    lines = path.read_text(encoding="utf-8").splitlines()
    notes = [line.lstrip("# ").partition(": ") for line in lines if line.startswith("#")]
    told = {name: value for name, _colon, value in reversed(notes)}
    return told, list(csv.DictReader(line for line in lines if not line.startswith("#")))


def _terms(text: str) -> list[str]:
    return [term(each) for each in text.split("|") if each]


def _remember(kind: ReferenceSet.Kind, told: dict[str, str]) -> None:
    facts = {"source": told["source"][:300], "as_of": date.fromisoformat(told["as of"]), "is_starter": True}
    ReferenceSet.objects.update_or_create(kind=kind, defaults=facts)
