"""The starter set, and finding a medicine in it."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from prescriptions.models import Generic, Ingredient, Interaction, Product, ReferenceSet
from prescriptions.search import find_products, heard, words_of
from prescriptions.services import load_starter
from prescriptions.services.reference import DATA, BadStarter
from tests.factories.medicines import ingredient, product
from tests.plans import LARGE


def found(text: str) -> list[str]:
    return [f"{each.brand or each.generic.name} {each.strength}" for each in find_products(text)]


# The starter set -------------------------------------------------------------------------------------------------


def test_files_say_where_they_come_from_and_that_they_are_a_starter() -> None:
    for path in DATA.glob("*.csv"):
        head = path.read_text(encoding="utf-8").splitlines()[:4]
        assert head[0].startswith("# source: ")
        assert head[1].startswith("# as of: 20")
        assert "starter set" in head[2]


def test_second_load_changes_nothing(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("load_medicines")
    assert "starter set" in capsys.readouterr().out

    def rows() -> list[Any]:
        return [list(model.objects.order_by("pk").values()) for model in (Product, Generic, Ingredient, Interaction)]

    taken_out = Product.objects.filter(brand="Napa").update(is_active=False)
    before = rows()
    again = load_starter()
    assert (again.medicines_added, taken_out > 0) == (0, True)
    assert rows() == before


def test_what_was_imported_in_full_is_not_touched(db: None) -> None:
    ReferenceSet.objects.create(kind="medicines", source="National register", as_of="2026-10-01", is_starter=False)
    load_starter()
    assert not Product.objects.exists()
    assert ReferenceSet.objects.get(kind="medicines").source == "National register"


def test_a_starter_that_contradicts_itself_is_not_loaded(db: None, tmp_path: Path) -> None:
    shutil.copytree(DATA, tmp_path, dirs_exist_ok=True)
    with (tmp_path / "medicines.csv").open("a") as file:
        file.write("paracetamol,paracetamol|caffeine,,,1 g,tablet,\n")
    with pytest.raises(BadStarter, match="other_substances"):
        load_starter(tmp_path)


# Search ----------------------------------------------------------------------------------------------------------


def test_search_leaves_out_what_is_not_in_use(db: None) -> None:
    product("paracetamol", brand="Napa")
    assert found("napa") == ["Napa 500 mg"]
    Product.objects.update(is_active=False)
    assert found("napa") == []
    assert found("nappa") == []


@pytest.mark.parametrize(("typed", "queries"), [("napa", 2), ("nappah", 6)])
@pytest.mark.parametrize("rows", [1, 3])
def test_search_takes_as_many_queries_for_one_as_for_three(
    db: None, django_assert_num_queries: DjangoAssertNumQueries, typed: str, queries: int, rows: int
) -> None:
    for number in range(rows):
        product("paracetamol", brand="Napa", strength=f"{number} mg")
    with django_assert_num_queries(queries):
        assert len(found(typed)) == rows


def test_search_goes_by_the_indexes(db: None) -> None:
    product("paracetamol", brand="Napa")
    with CaptureQueriesContext(connection) as captured:
        find_products("nappah")
    plans = []
    with connection.cursor() as cursor:
        # As if the tables were large: nobody would read them whole.
        for table in ("prescriptions_product", "prescriptions_generic"):
            cursor.execute(LARGE, [table])
        cursor.execute("SET LOCAL enable_seqscan = off")
        for query in captured:
            if "prescriptions_product product" in query["sql"]:
                cursor.execute(f"EXPLAIN {query['sql']}")
                plans.append(" ".join(line for (line,) in cursor.fetchall()))
    begins, sounds = plans
    assert "products_by_words" in begins, begins
    assert [index in sounds for index in ("products_by_sound", "generics_by_sound")] == [True, True], sounds


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("nappa", "Napa 500 mg"),
        ("nappa tablet", "Napa 500 mg"),
        ("tab nappa 500 mg", "Napa 500 mg"),
        ("nappa 250", None),
        ("tablat", None),
        ("parasitamol", "paracetamol 500 mg"),
        ("acetaminofen", "paracetamol 500 mg"),
        ("metphormin", "Comet 500 mg"),
        ("tab", "Tabex 500 mg"),
    ],
)
def test_names_are_heard_and_forms_and_numbers_are_meant(db: None, typed: str, first: str | None) -> None:
    """A generic's name in all its spellings finds its products, whatever they are called."""
    ingredient("paracetamol", also=["acetaminophen"])
    for generic, brand in (("paracetamol", "Napa"), ("paracetamol", ""), ("metformin", "Comet"), ("cytisine", "Tabex")):
        product(generic, brand=brand)
    assert found(typed)[:1] == ([first] if first else [])


def test_what_begins_so_is_found_among_more_than_are_looked_at(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the many tablets only some are looked at; one whose name begins so, or its generic's, is seen all the same."""
    for number in range(4):
        product("paracetamol", brand=f"Brand {number}")
    product("cytisine", brand="Tabex")
    product("tabernanthine", brand="Zeta")
    monkeypatch.setattr("prescriptions.search.MOST_LOOKED_AT", 1)
    assert {"Tabex 500 mg", "Zeta 500 mg"} <= set(found("tab"))


def test_spellings_of_one_sound_are_one() -> None:
    assert heard("amoxycillin") == heard("amoksisilin")
    assert heard("cephradine") == heard("sefradine")
    assert heard("seclo") == heard("seklo")
    assert words_of("Napa", "paracetamol", "500 mg", "500 mg") == " napa paracetamol 500 mg"


# What the database forbids ---------------------------------------------------------------------------------------


def test_a_pair_is_there_once_and_not_backwards(db: None) -> None:
    low, high = sorted((ingredient("warfarin"), ingredient("ibuprofen")), key=lambda each: each.pk)
    facts = {"severity": "severe", "effect": "Bleeding", "source": "BNF"}
    Interaction.objects.create(low=low, high=high, **facts)
    for wrong in ({"low": low, "high": high}, {"low": high, "high": low}, {"low": low, "high": low}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Interaction.objects.create(**wrong, **facts)


def test_a_product_is_there_once(db: None) -> None:
    napa = product("paracetamol", brand="Napa")
    napa.pk = None
    with pytest.raises(IntegrityError, match="product_not_twice"), transaction.atomic():
        napa.save(force_insert=True)
