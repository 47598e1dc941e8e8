"""Doses as a patient reads them."""

from decimal import Decimal

import pytest
from django.utils import translation

from prescriptions.dosage import Unit
from prescriptions.words import counted


@pytest.mark.parametrize(
    ("amount", "unit", "words"),
    [
        ("0.5", Unit.TABLET, "½ tablet"),
        ("1.5", Unit.TABLET, "1½ tablets"),
        ("0.25", Unit.PIECE, "¼ piece"),
        ("10", Unit.TABLET, "10 tablets"),
        ("0.1", Unit.TABLET, "0.1 tablet"),
        ("2.5", Unit.ML, "2.5 mL"),
    ],
)
def test_half_of_a_tablet_is_not_taken_for_five(amount: str, unit: Unit, words: str) -> None:
    assert counted(Decimal(amount), unit) == words


def test_doses_keep_their_digits_in_bangla() -> None:
    with translation.override("bn"):
        assert counted(Decimal("1.5"), Unit.TABLET) == "1½টি ট্যাবলেট"
