"""What the starter set has, and finding a medicine in it. It is loaded once for all tests of this file."""

from typing import Any

import pytest
from django.db import transaction

from prescriptions.models import Caution, Generic, Ingredient, Interaction, Product, ReferenceSet, Severity
from prescriptions.search import find_products
from prescriptions.services import load_starter
from tests.factories.medicines import generics_of
from tests.loop import no_loop_of_the_browser


@pytest.fixture(scope="module")
def starter(django_db_setup: None, django_db_blocker: Any) -> Any:
    """The whole starter set, for the tests of this file alone."""
    with no_loop_of_the_browser(), django_db_blocker.unblock(), transaction.atomic():
        load_starter()
        yield
        transaction.set_rollback(True)


def found(text: str) -> list[str]:
    return [f"{each.brand or each.generic.name} {each.strength}" for each in find_products(text)]


def test_starter_has_the_essential_medicines_with_what_is_known_of_them(starter: None, db: None) -> None:
    assert generics_of("who-eml-23") >= 400
    assert Product.objects.exclude(brand="").count() >= 200
    assert not Generic.objects.filter(ingredients=None).exists()
    paracetamol = Ingredient.objects.get(name="paracetamol")
    assert (paracetamol.max_daily_mg, paracetamol.max_daily_mg_per_kg) == (4000, 75)
    assert "acetaminophen" in paracetamol.also
    amoxiclav = Generic.objects.get(name="amoxicillin + clavulanic acid")
    assert {each.name for each in amoxiclav.ingredients.all()} == {"amoxicillin", "clavulanic acid"}
    assert Ingredient.objects.get(name="warfarin").pregnancy == Caution.AVOID
    assert "penicillin" in Ingredient.objects.get(name="amoxicillin").classes.values_list("code", flat=True)
    pairs = Interaction.objects.filter(
        low__name__in=["warfarin", "ibuprofen"], high__name__in=["warfarin", "ibuprofen"]
    )
    assert pairs.get().severity == Severity.SEVERE
    assert set(ReferenceSet.objects.values_list("kind", "is_starter")) == {
        ("medicines", True),
        ("ingredients", True),
        ("interactions", True),
    }


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("napa", "Napa"),
        ("NAPA 500", "Napa 500 mg"),
        ("parac", "paracetamol"),
        ("acetaminophen", "paracetamol"),
        ("amox clav", "amoxicillin + clavulanic acid"),
        ("amoxycillin", "amoxicillin"),
        ("amoxicilin", "amoxicillin"),
        ("azithromicin", "azithromycin"),
        ("omiprazol", "omeprazole"),
        ("seklo", "Seclo"),
        ("metphormin", "metformin"),
        ("cetrizine", "cetirizine"),
        ("losarten", "losartan"),
        ("নাপা", "Napa"),
        ("নাপা ৫০০", "Napa 500 mg"),
        ("প্যারাসিটামল", "paracetamol"),
        ("orsalin", "Orsaline-N"),
        ("vitamin d3", "colecalciferol"),
        ("insulin", "insulin"),
    ],
)
def test_search_finds_what_was_meant(starter: None, db: None, typed: str, first: str) -> None:
    names = found(typed)
    assert names, typed
    assert names[0].startswith(first), names


@pytest.mark.parametrize("typed", ["", " ", "a", "%", "__", "'; --", "\\", "x" * 5000, "🙂", "zzzzqqqq", "৫"])
def test_search_finds_nothing_in_nothing(starter: None, db: None, typed: str) -> None:
    assert find_products(typed) == []
