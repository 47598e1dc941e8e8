"""What is found against medicines, and what is said not to have been looked at."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import Ground, TrailEntry, User
from patients.models import Allergy, FactKind, NoneKnown
from prescriptions.dosage import parse
from prescriptions.models import DrugClass, Interaction, ReferenceSet
from prescriptions.safety import (
    Code,
    Gap,
    Harm,
    Line,
    Person,
    Reaction,
    Report,
    Substance,
    Tables,
    Taken,
    check,
)
from prescriptions.services.checking import Asked, Said, check_medicines
from tests.factories.medicines import ingredient, product
from tests.factories.patients import AllergyFactory, MedicationStatementFactory

TODAY = date(2026, 11, 26)
KNOWN: dict[str, Any] = {
    "is_assessed": True,
    "max_daily_mg": Decimal(4000),
    "max_daily_mg_per_kg": Decimal(60),
    "pregnancy": "usual",
    "breastfeeding": "usual",
}
AMOXICILLIN = Substance(1, "amoxicillin", frozenset({"penicillin"}), **KNOWN)
CEFIXIME = Substance(2, "cefixime", frozenset({"cephalosporin"}), **KNOWN)
IBUPROFEN = Substance(3, "ibuprofen", frozenset({"nsaid"}), **KNOWN)
WARFARIN = Substance(4, "warfarin", **KNOWN | {"pregnancy": "avoid", "breastfeeding": "care"})
PARACETAMOL = Substance(5, "paracetamol", **KNOWN)
NOBODY_KNOWS = Substance(6, "newdrug")
CAFFEINE = Substance(7, "caffeine", **KNOWN)

PERSON = Person(
    age_months=400,
    weight_kg=Decimal(60),
    may_be_pregnant=False,
    is_pregnant=None,
    is_breastfeeding=None,
    reactions=(),
    reactions_said=TODAY,
    taken=(),
    taken_said=TODAY,
)
TABLES = Tables(
    pairs={(3, 4): Harm("severe", "Bleeding", "BNF")},
    crosses={"penicillin": frozenset({"cephalosporin"}), "cephalosporin": frozenset({"penicillin"})},
    as_of=date(2026, 11, 1),
    is_starter=False,
    facts_as_of=date(2026, 11, 1),
    facts_are_starter=False,
)


def line(*substances: Substance, place: int = 0, mg: int = 1000) -> Line:
    return Line(
        place, "+".join(each.name for each in substances), substances, {each.pk: Decimal(mg) for each in substances}
    )


def looked(*lines: Line, tables: Tables = TABLES, **person: Any) -> Report:
    numbered = [replace(each, place=place) for place, each in enumerate(lines)]
    return check(numbered, replace(PERSON, **person), tables, today=TODAY)


def found(report: Report) -> list[tuple[str, str]]:
    return [(each.code, each.severity) for each in report.findings]


def gaps(report: Report) -> list[tuple[str, str]]:
    return [(each.gap, each.about) for each in report.unchecked]


PENICILLIN = Reaction("Penicillin", True, classes=frozenset({"penicillin"}))


def test_nothing_against_it_and_all_looked_at_is_the_only_silence() -> None:
    report = looked(line(PARACETAMOL))
    assert (report.findings, report.unchecked) == ((), ())


@pytest.mark.parametrize(
    ("substance", "reaction", "code", "severity"),
    [
        (AMOXICILLIN, Reaction("Amoxicillin", True, substances=frozenset({1})), Code.ALLERGY, "severe"),
        (AMOXICILLIN, PENICILLIN, Code.ALLERGY_CLASS, "severe"),
        (CEFIXIME, PENICILLIN, Code.ALLERGY_CROSS, "moderate"),
    ],
)
def test_allergy_by_substance_family_and_crossing_family(
    substance: Substance, reaction: Reaction, code: Code, severity: str
) -> None:
    assert found(looked(line(substance), reactions=(reaction,))) == [(code, severity)]


def test_allergy_to_something_else_is_no_matter() -> None:
    assert found(looked(line(PARACETAMOL), reactions=(PENICILLIN, Reaction("Prawns", False)))) == []


def test_allergy_in_a_combination_is_found() -> None:
    assert found(looked(line(CAFFEINE, AMOXICILLIN), reactions=(PENICILLIN,))) == [(Code.ALLERGY_CLASS, "severe")]


def test_same_substance_twice_and_taken_already() -> None:
    report = looked(line(PARACETAMOL), line(CAFFEINE, PARACETAMOL), taken=(Taken("Napa", (PARACETAMOL,)),))
    assert found(report) == [
        (Code.DUPLICATE, "severe"),
        (Code.TAKEN_ALREADY, "moderate"),
    ]
    assert report.findings[0].places == (0, 1)


@pytest.mark.parametrize("order", [(IBUPROFEN, WARFARIN), (WARFARIN, IBUPROFEN)])
def test_interaction_in_either_order_and_with_what_is_taken(order: tuple[Substance, Substance]) -> None:
    assert found(looked(line(order[0]), line(order[1]))) == [(Code.INTERACTION, "severe")]
    assert found(looked(line(order[0]), taken=(Taken("as always", (order[1],)),))) == [(Code.INTERACTION, "severe")]


def test_what_is_in_one_product_is_meant_together() -> None:
    assert found(looked(line(IBUPROFEN, WARFARIN))) == []


def test_dose_is_reckoned_over_all_lines_and_by_weight_for_children() -> None:
    assert found(looked(line(PARACETAMOL, mg=4000))) == []
    report = looked(line(PARACETAMOL, mg=3000), line(CAFFEINE, PARACETAMOL, mg=1001))
    assert (Code.DOSE, "severe") in found(report)
    child = {"age_months": 60, "weight_kg": Decimal(18)}
    assert found(looked(line(PARACETAMOL, mg=1080), **child)) == []
    assert found(looked(line(PARACETAMOL, mg=1081), **child)) == [(Code.DOSE, "severe")]
    # A heavy child gets no more than a grown-up.
    assert found(looked(line(PARACETAMOL, mg=4001), age_months=140, weight_kg=Decimal(90))) == [(Code.DOSE, "severe")]


def test_age() -> None:
    young = replace(IBUPROFEN, min_age_months=3)
    assert found(looked(line(young), age_months=2)) == [(Code.AGE, "severe")]
    assert found(looked(line(young), age_months=3)) == []


def test_pregnancy_and_breastfeeding() -> None:
    assert found(looked(line(WARFARIN), is_pregnant=True)) == [(Code.PREGNANCY, "severe")]
    assert found(looked(line(WARFARIN), is_breastfeeding=True)) == [(Code.BREASTFEEDING, "moderate")]
    assert found(looked(line(WARFARIN), is_pregnant=False, is_breastfeeding=False)) == []


def test_the_worst_stands_first_and_each_once() -> None:
    report = looked(line(CEFIXIME), line(IBUPROFEN), line(WARFARIN), reactions=(PENICILLIN, PENICILLIN))
    assert found(report) == [(Code.INTERACTION, "severe"), (Code.ALLERGY_CROSS, "moderate")]


# What was not looked at ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "gap"),
    [
        ({"reactions_said": None}, (Gap.ALLERGIES_SILENT, "")),
        ({"reactions_said": date(2025, 11, 25)}, (Gap.ALLERGIES_STALE, "2025-11-25")),
        ({"taken_said": None}, (Gap.MEDICINES_SILENT, "")),
        ({"taken_said": date(2025, 11, 25)}, (Gap.MEDICINES_STALE, "2025-11-25")),
        ({"reactions": (Reaction("the red one", True),)}, (Gap.ALLERGY_UNKNOWN, "the red one")),
        ({"taken": (Taken("my heart pill"),)}, (Gap.MEDICINE_UNKNOWN, "my heart pill")),
        ({"age_months": None}, (Gap.NO_BIRTH_DATE, "")),
        ({"age_months": 60, "weight_kg": None}, (Gap.NO_WEIGHT, "")),
        ({"may_be_pregnant": True, "is_breastfeeding": False}, (Gap.PREGNANCY_NOT_ASKED, "")),
        ({"may_be_pregnant": True, "is_pregnant": False}, (Gap.BREASTFEEDING_NOT_ASKED, "")),
    ],
)
def test_what_is_missing_of_the_person_is_said(person: dict[str, Any], gap: tuple[str, str]) -> None:
    assert gaps(looked(line(PARACETAMOL), **person)) == [gap]


def test_what_is_missing_of_a_substance_is_said() -> None:
    report = looked(Line(0, "New", (NOBODY_KNOWS,)), is_pregnant=True, is_breastfeeding=True)
    assert gaps(report) == [
        (Gap.INTERACTIONS_UNKNOWN, "newdrug"),
        (Gap.DOSE_LIMIT_UNKNOWN, "newdrug"),
        (Gap.PREGNANCY_UNKNOWN, "newdrug"),
        (Gap.BREASTFEEDING_UNKNOWN, "newdrug"),
    ]
    assert gaps(looked(Line(0, "Syrup", (PARACETAMOL,)))) == [(Gap.DOSE_UNKNOWN, "Syrup")]
    child = {"age_months": 60, "weight_kg": Decimal(18)}
    assert (Gap.AGE_UNKNOWN, "newdrug") in gaps(looked(line(NOBODY_KNOWS), **child))
    assert gaps(looked(line(PARACETAMOL), **child)) == []


@pytest.mark.parametrize(
    ("tables", "gap"),
    [
        (replace(TABLES, is_starter=True), (Gap.STARTER, "")),
        (replace(TABLES, as_of=date(2025, 11, 25)), (Gap.TABLES_OLD, "2025-11-25")),
        (replace(TABLES, as_of=None), (Gap.TABLES_MISSING, "")),
        (replace(TABLES, facts_are_starter=True), (Gap.FACTS_STARTER, "")),
        (replace(TABLES, facts_as_of=date(2025, 11, 25)), (Gap.FACTS_OLD, "2025-11-25")),
        (replace(TABLES, facts_as_of=None), (Gap.FACTS_MISSING, "")),
    ],
)
def test_what_is_missing_of_the_tables_is_said(tables: Tables, gap: tuple[str, str]) -> None:
    assert gaps(looked(line(PARACETAMOL), tables=tables)) == [gap]


def test_what_is_missing_of_the_rows_is_said(tables: None, patient: User, doctor: User) -> None:
    """Interactions were imported in full; what is known of substances never was."""
    assert (Gap.FACTS_MISSING, "") in gaps(of(patient, doctor, "amoxicillin"))
    ReferenceSet.objects.create(kind="ingredients", source="BNF", as_of="2020-01-01")
    assert {(Gap.FACTS_OLD, "2020-01-01"), (Gap.FACTS_STARTER, "")} <= set(gaps(of(patient, doctor, "amoxicillin")))


def test_a_family_that_is_not_known_is_said_to_who_has_an_allergy() -> None:
    unknown = (Gap.FAMILY_UNKNOWN, "newdrug")
    assert unknown in gaps(looked(line(NOBODY_KNOWS), reactions=(PENICILLIN,)))
    assert unknown in gaps(looked(line(NOBODY_KNOWS), reactions=(Reaction("the red one", True),)))
    assert unknown not in gaps(looked(line(NOBODY_KNOWS), reactions=(Reaction("Prawns", False),)))
    assert unknown not in gaps(looked(line(WARFARIN), reactions=(PENICILLIN,)))


# From the rows -----------------------------------------------------------------------------------------------------


@pytest.fixture
def tables(db: None) -> None:
    ReferenceSet.objects.create(kind="interactions", source="BNF", as_of="2026-11-01", is_starter=False)
    penicillins = DrugClass.objects.create(code="penicillin", name="Penicillins", also=["penicillin"])
    cephalosporins = DrugClass.objects.create(code="cephalosporin", name="Cephalosporins", also=["cephalosporins"])
    penicillins.crosses.add(cephalosporins)
    ingredient("amoxicillin", **KNOWN, also=["amoxycillin"]).classes.add(penicillins)
    ingredient("cefixime", **KNOWN).classes.add(cephalosporins)
    low, high = sorted((ingredient("warfarin", **KNOWN), ingredient("ibuprofen", **KNOWN)), key=lambda each: each.pk)
    Interaction.objects.create(low=low, high=high, severity="severe", effect="Bleeding", source="BNF")


def of(patient: User, doctor: User, *names: str, dose: str = "1+0+1", **said: Any) -> Report:
    asked = [Asked(place, product(name), parse(dose)) for place, name in enumerate(names)]
    return check_medicines(asked, patient.patient, Said(**said), by=doctor, ground=Ground.CARE, ground_id="visit")


@pytest.mark.parametrize(
    ("allergy", "medicine", "code"),
    [
        ("Amoxicillin", "amoxicillin", Code.ALLERGY),
        ("amoxycillin syrup", "amoxicillin", Code.ALLERGY),
        ("Penicillin", "amoxicillin", Code.ALLERGY_CLASS),
        ("all penicillin injections", "amoxicillin", Code.ALLERGY_CLASS),
        ("Penicillin", "cefixime", Code.ALLERGY_CROSS),
        ("Moxacil", "amoxicillin", Code.ALLERGY),
    ],
)
def test_what_patients_write_is_understood(
    tables: None, patient: User, doctor: User, allergy: str, medicine: str, code: Code
) -> None:
    product("amoxicillin", brand="Moxacil")
    AllergyFactory(patient=patient.patient, substance=allergy)
    assert code in [each.code for each in of(patient, doctor, medicine).findings]


def test_what_the_patient_takes_counts_by_brand_and_generic(tables: None, patient: User, doctor: User) -> None:
    product("warfarin", brand="Warin")
    MedicationStatementFactory(patient=patient.patient, name="Warin 5 mg")
    MedicationStatementFactory(patient=patient.patient, name="my heart pill")
    report = of(patient, doctor, "ibuprofen")
    assert [(each.code, each.names) for each in report.findings] == [(Code.INTERACTION, ("ibuprofen", "warfarin"))]
    assert (Gap.MEDICINE_UNKNOWN, "my heart pill") in gaps(report)


def test_silence_of_the_patient_is_no_safety(tables: None, patient: User, doctor: User) -> None:
    before = gaps(of(patient, doctor, "amoxicillin"))
    assert {(Gap.ALLERGIES_SILENT, ""), (Gap.MEDICINES_SILENT, "")} <= set(before)
    for kind in (FactKind.ALLERGIES, FactKind.MEDICATIONS):
        NoneKnown.objects.create(patient=patient.patient, kind=kind, said_by=patient)
    assert not {Gap.ALLERGIES_SILENT, Gap.MEDICINES_SILENT} & {
        gap for gap, _about in gaps(of(patient, doctor, "amoxicillin"))
    }


def test_the_look_at_the_facts_stands_in_the_trail_once_a_while(tables: None, patient: User, doctor: User) -> None:
    AllergyFactory(patient=patient.patient, category=Allergy.Category.FOOD, substance="Prawns")
    of(patient, doctor, "amoxicillin")
    of(patient, doctor, "amoxicillin", "ibuprofen")
    entry = TrailEntry.objects.get()
    assert (entry.by, entry.subject, entry.ground, entry.about) == (
        doctor,
        patient.patient.pk,
        Ground.CARE,
        "patients.facts",
    )


def test_check_takes_as_many_queries_for_one_medicine_as_for_twelve(
    tables: None, patient: User, doctor: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    AllergyFactory(patient=patient.patient)
    MedicationStatementFactory(patient=patient.patient, name="ibuprofen")
    names = ["amoxicillin", "cefixime", "warfarin", *(f"drug {letter}" for letter in "abcdefghi")]
    asked = [Asked(place, product(name), parse("1+0+1")) for place, name in enumerate(names)]
    said = {"by": doctor, "ground": Ground.CARE, "ground_id": "visit"}
    check_medicines(asked, patient.patient, Said(), **said)
    for some in (asked[:1], asked):
        with django_assert_num_queries(14):
            check_medicines(some, patient.patient, Said(), **said)
