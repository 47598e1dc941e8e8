"""What a doctor types as a dose, and what follows from it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prescriptions.dosage import COUNTED, BadDose, Dose, DoseKind, mg_of_one, parse, quantity, unit_of
from prescriptions.models import Form

AMOUNTS = st.integers(1, 400).map(lambda quarters: Decimal(quarters) / 4)
DOSES = st.one_of(
    st.lists(st.integers(0, 40).map(lambda quarters: Decimal(quarters) / 4), min_size=2, max_size=6)
    .filter(any)
    .map(lambda amounts: Dose(DoseKind.TIMES, tuple(amounts))),
    st.tuples(AMOUNTS, st.integers(1, 72)).map(lambda each: Dose(DoseKind.EVERY, (each[0],), hours=each[1])),
    st.tuples(AMOUNTS, AMOUNTS).map(lambda each: Dose(DoseKind.NEEDED, (min(each),), most=max(each))),
    AMOUNTS.map(lambda amount: Dose(DoseKind.ONCE, (amount,))),
)


@pytest.mark.parametrize(
    ("typed", "text", "a_day"),
    [
        ("1+0+1", "1+0+1", "2"),
        ("১+০+১", "1+0+1", "2"),
        ("1-0-1", "1+0+1", "2"),
        ("1 – 0 – 1", "1+0+1", "2"),
        (" ½ + 0 + ½ ", "0.5+0+0.5", "1"),
        ("1/2+0+1/2", "0.5+0+0.5", "1"),
        ("5+5+5 mL", "5+5+5", "15"),
        ("1+1+1+1", "1+1+1+1", "4"),
        ("2 every 8 h", "2 every 8 h", "6"),
        ("every 6 hours", "1 every 6 h", "4"),
        ("q12h", "1 every 12 h", "2"),
        ("8 hourly", "1 every 8 h", "3"),
        ("1 tablet every 8 hours", "1 every 8 h", "3"),
        ("1 as needed, max 3", "1 as needed, max 3", "3"),
        ("SOS max 4 a day", "1 as needed, max 4", "4"),
        ("2 puffs when needed max 8 puffs per day", "2 as needed, max 8", "8"),
        ("1 once", "1 once", "1"),
        ("stat", "1 once", "1"),
    ],
)
def test_doses_as_they_are_typed(typed: str, text: str, a_day: str) -> None:
    dose = parse(typed)
    assert (dose.text, dose.a_day) == (text, Decimal(a_day))


@pytest.mark.parametrize(
    "typed",
    [
        *("", "1", "0+0+0", "1+", "1++1", "a+b+c", "1 every h", "every 0 h", "every 99 h", "as needed", "2 sos max 1"),
        *("-1+0+1", "101+0+1", "1 once twice", "1e9+0", "1+0+1; #panic()", "∞ every 8 h", "1+0+1\n2", "x" * 10_000),
    ],
)
def test_what_is_no_dose_is_not_guessed_at(typed: str) -> None:
    with pytest.raises(BadDose):
        parse(typed)


@given(DOSES)
def test_a_dose_reads_back_as_itself(dose: Dose) -> None:
    again = parse(dose.text)
    assert again == dose
    assert again.text == dose.text


@given(st.text(max_size=40))
def test_any_text_is_a_dose_or_none(typed: str) -> None:
    try:
        dose = parse(typed)
    except BadDose:
        return
    assert dose.a_day > 0


@given(DOSES, st.integers(1, 365), st.sampled_from(list(Form)))
def test_what_is_handed_out_is_enough_and_less_than_one_too_many(dose: Dose, days: int, form: Form) -> None:
    many = quantity(dose, days, form)
    if unit_of(form) not in COUNTED:
        assert many is None
        return
    assert many is not None
    assert many == many.to_integral_value()
    taken = dose.a_day if dose.kind == DoseKind.ONCE else dose.a_day * days
    assert many >= taken
    # Of what is taken by the hours the last dose of the last day may count whole.
    spare = dose.amounts[0] if dose.kind == DoseKind.EVERY else Decimal(0)
    assert many < taken + spare + 1


@given(DOSES, st.integers(1, 100), st.integers(1, 100))
def test_more_days_are_never_less(dose: Dose, days: int, more: int) -> None:
    fewer, rest = quantity(dose, days, Form.TABLET), quantity(dose, days + more, Form.TABLET)
    assert fewer is not None
    assert rest is not None
    assert fewer <= rest


@pytest.mark.parametrize(
    ("dose", "days", "form", "many"),
    [
        ("1+0+1", 7, "tablet", 14),
        ("0.5+0+0.5", 7, "tablet", 7),
        ("0.5+0+0", 5, "tablet", 3),
        ("1 every 8 h", 5, "capsule", 15),
        ("1 every 36 h", 4, "tablet", 3),
        ("1 as needed, max 3", 5, "tablet", 15),
        ("2 once", None, "tablet", 2),
        ("1+0+1", None, "tablet", None),
        ("5+5+5", 5, "oral liquid", None),
    ],
)
def test_quantity(dose: str, days: int | None, form: str, many: int | None) -> None:
    assert quantity(parse(dose), days, form) == many


@pytest.mark.parametrize(
    ("strength", "form", "mg"),
    [
        ("500 mg", "tablet", ("500",)),
        ("1 g", "tablet", ("1000",)),
        ("75 mcg", "tablet", ("0.075",)),
        ("500 mg + 125 mg", "tablet", ("500", "125")),
        ("120 mg/5 mL", "oral liquid", ("24",)),
        ("200 mg + 40 mg/5 mL", "oral liquid", ("40", "8")),
        ("100 mcg/dose", "inhaler", ("0.1",)),
        ("100 mcg + 6 mcg", "inhaler", ("0.1", "0.006")),
        ("60 mg iron", "tablet", ("60",)),
        ("1%", "cream", None),
        ("100 000 IU/mL", "oral liquid", None),
        ("500 mg", "oral liquid", None),
        ("500 mg/5 mL", "tablet", None),
        ("1 g", "injection", None),
        ("25 mcg/h", "patch", None),
        ("", "tablet", None),
        ("a lot", "tablet", None),
    ],
)
def test_strength_in_mg_of_one(strength: str, form: str, mg: tuple[str, ...] | None) -> None:
    assert mg_of_one(strength, form) == (None if mg is None else tuple(map(Decimal, mg)))
