"""Writing medicines and interactions in batches: what the starter set, the importer and the demo share."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from prescriptions.models import DrugClass, Generic, Ingredient, Interaction, Product, Severity
from prescriptions.rows import InteractionRow, MedicineRow
from prescriptions.search import heard_of, write_words


@dataclass(slots=True)
class Written:
    """What became of a batch: how many rows are new, how many were there, and which were refused, by their place."""

    added: int = 0
    known: int = 0
    refused: dict[int, str] = field(default_factory=dict)


def write_medicines(rows: Sequence[MedicineRow], *, source: str, imported_in: Any = None) -> Written:
    """Have these products, with their generics and substances; what is there stays, and an import takes it
    into use again.

    A generic that is known with other substances is refused: safety hangs on them. With `imported_in` a product that
    this import has brought already is a duplicate. Atomic together with the caller; takes the same few queries for any
    number of rows.
    """
    done = Written()
    generics = _generics(rows, done)
    products: dict[tuple[int, str, str, str, str], Product] = {}
    places: dict[tuple[int, str, str, str, str], int] = {}
    for place, row in enumerate(rows):
        if place in done.refused:
            continue
        generic = generics[row.generic]
        key = (generic.pk, row.brand, row.strength, row.form, row.manufacturer)
        if key in products:
            done.refused[place] = "duplicate"
            continue
        places[key] = place
        products[key] = Product(
            generic=generic,
            brand=row.brand,
            strength=row.strength,
            form=row.form,
            route=row.route,
            manufacturer=row.manufacturer,
            source=source,
            imported_in=imported_in,
        )
    there = {
        product.key: product
        for product in Product.objects.filter(
            generic__in={key[0] for key in products}, brand__in={key[1] for key in products}
        )
        if product.key in products
    }
    for key, product in there.items():
        if imported_in is not None and product.imported_in_id == imported_in.pk:
            done.refused[places[key]] = "duplicate"
        else:
            done.known += 1
    if imported_in is not None:
        again = [product.pk for key, product in there.items() if places[key] not in done.refused]
        Product.objects.filter(pk__in=again).update(is_active=True, imported_in=imported_in)
    new = [product for key, product in products.items() if key not in there]
    write_words(new, _other_names({product.generic_id for product in new}))
    Product.objects.bulk_create(new)
    done.added = len(new)
    return done


def _generics(rows: Sequence[MedicineRow], done: Written) -> dict[str, Generic]:
    """The generics of these rows by name; new ones are made. Rows that contradict them are refused."""
    names = {row.generic for row in rows}
    generics = {each.name: each for each in Generic.objects.filter(name__in=names)}
    links = Generic.ingredients.through.objects.filter(generic__in=[each.pk for each in generics.values()])
    made_of: dict[int, set[str]] = {}
    for generic, name in links.values_list("generic", "ingredient__name"):
        made_of.setdefault(generic, set()).add(name)
    wanted: dict[str, MedicineRow] = {}
    for place, row in enumerate(rows):
        if row.generic in generics:
            known = made_of.get(generics[row.generic].pk, set())
        else:
            known = set(wanted.setdefault(row.generic, row).ingredients)
        if known != set(row.ingredients):
            done.refused[place] = "other_substances"
    if wanted:
        substances = _ingredients({name for row in wanted.values() for name in row.ingredients})
        new = Generic.objects.bulk_create([_generic(row, substances) for row in wanted.values()])
        link = Generic.ingredients.through
        link.objects.bulk_create(
            [
                link(generic=generic, ingredient=substances[name])
                for generic in new
                for name in wanted[generic.name].ingredients
            ]
        )
        generics |= {generic.name: generic for generic in new}
    return generics


def _generic(row: MedicineRow, substances: Mapping[str, Ingredient]) -> Generic:
    called = (also for name in row.ingredients for also in (name, *substances[name].also))
    return Generic(name=row.generic, listed_in=row.listed_in, heard=heard_of(row.generic, *called))


def _ingredients(names: Iterable[str]) -> dict[str, Ingredient]:
    wanted = set(names)
    Ingredient.objects.bulk_create([Ingredient(name=name) for name in sorted(wanted)], ignore_conflicts=True)
    return {each.name: each for each in Ingredient.objects.filter(name__in=wanted)}


def _other_names(generics: Iterable[int]) -> dict[int, list[str]]:
    """How else the substances of these generics are called, by the generic's key."""
    found: dict[int, list[str]] = {}
    links = Generic.ingredients.through.objects.filter(generic__in=list(generics))
    for generic, name, also in links.values_list("generic", "ingredient__name", "ingredient__also"):
        found.setdefault(generic, []).extend([name, *also])
    return found


def write_interactions(rows: Sequence[InteractionRow], *, imported_in: Any = None) -> Written:
    """Have these pairs; of a class every member is meant, as the classes are now. What is there already is replaced by
    what is worse, and by what is newer where it is as bad. Of a substance that an import names the interactions were
    looked for. Atomic together with the caller."""
    done = Written()
    members = _members({name for row in rows for name in (row.a, row.b)})
    pairs: dict[tuple[int, int], InteractionRow] = {}
    for place, row in enumerate(rows):
        if not members.get(row.a) or not members.get(row.b):
            done.refused[place] = "unknown"
            continue
        for a in members[row.a]:
            for b in members[row.b]:
                low, high = sorted((a, b))
                old = pairs.get((low, high))
                if low != high and (old is None or _is_worse(row.severity, old.severity)):
                    pairs[low, high] = row
    there = {
        (each.low_id, each.high_id): each
        for each in Interaction.objects.filter(
            low__in={low for low, _high in pairs}, high__in={high for _low, high in pairs}
        )
        if (each.low_id, each.high_id) in pairs
    }
    milder = {pair for pair, each in there.items() if _is_worse(each.severity, pairs[pair].severity)}
    rows_to_write = [
        Interaction(
            low_id=low,
            high_id=high,
            severity=row.severity,
            effect=row.effect,
            source=row.source,
            imported_in=imported_in,
        )
        for (low, high), row in pairs.items()
        if (low, high) not in milder
    ]
    Interaction.objects.bulk_create(
        rows_to_write,
        update_conflicts=True,
        unique_fields=["low", "high"],
        update_fields=["severity", "effect", "source", "imported_in"],
    )
    if imported_in is not None:
        named = {pk for pair in pairs for pk in pair}
        Ingredient.objects.filter(pk__in=named, is_assessed=False).update(is_assessed=True)
    done.known, done.added = len(there), len(pairs) - len(there)
    return done


def _is_worse(severity: str, than: str) -> bool:
    return severity == Severity.SEVERE and than != Severity.SEVERE


def _members(names: set[str]) -> dict[str, list[int]]:
    """The substances that a name means: one by its name or another of its names, or all of a class."""
    codes = {name.removeprefix("class:") for name in names if name.startswith("class:")}
    found: dict[str, list[int]] = {}
    links = DrugClass.objects.filter(code__in=codes).values_list("code", "ingredients")
    for code, ingredient in links:
        if ingredient is not None:
            found.setdefault(f"class:{code}", []).append(ingredient)
    plain = names - {f"class:{code}" for code in codes}
    for also, pk in Ingredient.objects.filter(also__overlap=list(plain)).values_list("also", "pk"):
        found |= {name: [pk] for name in also if name in plain}
    return found | {name: [pk] for name, pk in Ingredient.objects.filter(name__in=plain).values_list("name", "pk")}
