"""How a medicine is taken, from what a doctor types to how much the pharmacy hands out. Pure arithmetic.

A dose is typed in one line, `1+0+1`, `1 every 8 h`, `1 as needed, max 3`, `1 once`, in Latin or Bangla digits; it is
kept as `Dose.text` has it, which reads back as the same dose. What an amount counts follows from the form: tablets, mL.
"""

import re
import unicodedata
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum

from prescriptions.models.medicines import Form

MOST_AT_ONCE = Decimal(100)
MOST_DAYS = 365


class DoseKind(StrEnum):
    TIMES = "times"
    EVERY = "every"
    NEEDED = "needed"
    ONCE = "once"


class Unit(StrEnum):
    """What one of the amount is."""

    TABLET = "tablet"
    CAPSULE = "capsule"
    SACHET = "sachet"
    ML = "mL"
    DROP = "drop"
    PUFF = "puff"
    PIECE = "piece"
    UNIT = "unit"
    APPLICATION = "application"


UNIT_OF = {
    **dict.fromkeys([Form.TABLET, Form.SUBLINGUAL, Form.CHEWABLE, Form.DISPERSIBLE, Form.LOZENGE], Unit.TABLET),
    Form.CAPSULE: Unit.CAPSULE,
    Form.SACHET: Unit.SACHET,
    **dict.fromkeys([Form.LIQUID, Form.POWDER, Form.NEBULISER], Unit.ML),
    **dict.fromkeys([Form.EYE_DROPS, Form.EAR_DROPS], Unit.DROP),
    **dict.fromkeys([Form.INHALER, Form.NASAL_SPRAY], Unit.PUFF),
    **dict.fromkeys([Form.SUPPOSITORY, Form.PESSARY, Form.ENEMA, Form.PATCH, Form.RING], Unit.PIECE),
    **dict.fromkeys([Form.INJECTION, Form.INFUSION], Unit.UNIT),
}
# What is handed out by the piece, as many as are taken. Of all else it is said how many packages.
COUNTED = frozenset({Unit.TABLET, Unit.CAPSULE, Unit.SACHET, Unit.PIECE})


def unit_of(form: str) -> Unit:
    return UNIT_OF.get(form, Unit.APPLICATION)


class BadDose(ValueError):
    """What was typed is no dose that is understood."""


@dataclass(frozen=True, slots=True)
class Dose:
    """`amounts`: of each time of the day, or the one amount. `most` is the most in a day of what is taken as needed."""

    kind: DoseKind
    amounts: tuple[Decimal, ...]
    hours: int | None = None
    most: Decimal | None = None

    @property
    def text(self) -> str:
        first = plain(self.amounts[0])
        match self.kind:
            case DoseKind.TIMES:
                return "+".join(plain(amount) for amount in self.amounts)
            case DoseKind.EVERY:
                return f"{first} every {self.hours} h"
            case DoseKind.NEEDED:
                return f"{first} as needed, max {plain(self.most or Decimal(0))}"
            case _:
                return f"{first} once"

    @property
    def a_day(self) -> Decimal:
        """How much in a day; of what is taken as needed the most; of what is taken once that."""
        match self.kind:
            case DoseKind.TIMES:
                return sum(self.amounts, Decimal(0))
            case DoseKind.EVERY:
                return self.amounts[0] * Decimal(24) / Decimal(self.hours or 24)
            case DoseKind.NEEDED:
                return self.most or Decimal(0)
            case _:
                return self.amounts[0]

    def in_all(self, days: int) -> Decimal:
        """How much in so many days, rounded up to a whole one: half a tablet is cut from one."""
        if self.kind == DoseKind.ONCE:
            return self.amounts[0].to_integral_value(ROUND_CEILING)
        if self.kind == DoseKind.EVERY:
            doses = (Decimal(24 * days) / Decimal(self.hours or 24)).to_integral_value(ROUND_CEILING)
            return (self.amounts[0] * doses).to_integral_value(ROUND_CEILING)
        return (self.a_day * days).to_integral_value(ROUND_CEILING)


def plain(amount: Decimal) -> str:
    """Without zeros at the end: 1, 0.5, 2.25."""
    return f"{amount.normalize():f}"


_FRACTIONS = {"½": "0.5", "¼": "0.25", "¾": "0.75", "1/2": "0.5", "1/4": "0.25", "3/4": "0.75"}
_NUMBER = r"\d{1,3}(?:\.\d{1,2})?"
_UNITS = r"(?:\s*(?:tablets?|tabs?|capsules?|caps?|sachets?|ml|drops?|puffs?|pieces?|units?))?"
_TIMES = re.compile(rf"({_NUMBER}(?:\s*[+-]\s*{_NUMBER}){{1,5}}){_UNITS}")
_EVERY = re.compile(
    rf"(?:({_NUMBER}){_UNITS}\s*)?(?:every\s*(\d{{1,2}})\s*(?:h|hours?|hrs?)|q\s*(\d{{1,2}})\s*h|(\d{{1,2}})\s*hourly)"
)
_NEEDED = re.compile(
    rf"(?:({_NUMBER}){_UNITS}\s*)?(?:as needed|when needed|if needed|prn|sos)[\s,]*"
    rf"(?:(?:max|maximum|at most)\.?\s*({_NUMBER}){_UNITS}(?:\s*(?:a|per)?\s*day)?)?"
)
_ONCE = re.compile(rf"({_NUMBER}){_UNITS}\s*(?:once|stat|at once)|(?:once|stat)")


def parse(typed: str) -> Dose:
    """The dose that was typed. Raises BadDose, and never guesses: `as needed` without a maximum is none."""
    text = unicodedata.normalize("NFC", typed)
    for sign, number in _FRACTIONS.items():
        text = text.replace(sign, number)
    text = "".join(str(unicodedata.decimal(c, c)) for c in text).casefold().replace("–", "-").strip(" .")
    if found := _TIMES.fullmatch(text):
        amounts = tuple(_amount(part) for part in re.split(r"\s*[+-]\s*", found[1]))
        if not any(amounts):
            raise BadDose
        return Dose(DoseKind.TIMES, amounts)
    if found := _EVERY.fullmatch(text):
        hours = int(found[2] or found[3] or found[4])
        if not 1 <= hours <= 72:
            raise BadDose
        return Dose(DoseKind.EVERY, (_some(found[1] or "1"),), hours=hours)
    if found := _NEEDED.fullmatch(text):
        amount, most = _some(found[1] or "1"), found[2]
        if most is None or _some(most) < amount:
            raise BadDose
        return Dose(DoseKind.NEEDED, (amount,), most=_some(most))
    if found := _ONCE.fullmatch(text):
        return Dose(DoseKind.ONCE, (_some(found[1] or "1"),))
    raise BadDose


def _amount(text: str) -> Decimal:
    amount = Decimal(text)
    if amount > MOST_AT_ONCE:
        raise BadDose
    return amount


def _some(text: str) -> Decimal:
    amount = _amount(text)
    if not amount:
        raise BadDose
    return amount


def quantity(dose: Dose, days: int | None, form: str) -> Decimal | None:
    """How much the pharmacy hands out; None for what is not counted, or is taken for as long as nobody said."""
    if unit_of(form) not in COUNTED or (days is None and dose.kind != DoseKind.ONCE):
        return None
    return dose.in_all(days or 1)


# Strength --------------------------------------------------------------------------------------------------------

_IN_MG = {"mcg": Decimal("0.001"), "µg": Decimal("0.001"), "mg": Decimal(1), "g": Decimal(1000)}
_PART = re.compile(r"(\d+(?:[ ,]\d{3})*(?:\.\d+)?)\s*(mcg|µg|mg|g)(?: iron| iodine)?")
_WHOLE = re.compile(r"(?P<parts>[^/]+?)(?:/\s*(?P<per>\d+(?:\.\d+)?)?\s*(?P<unit>ml|dose|dispersion))?", re.IGNORECASE)


def mg_of_one(strength: str, form: str) -> tuple[Decimal, ...] | None:
    """Of each substance, in the order of the generic's name, the mg in one of the amount; None where that cannot be
    reckoned: units, percents, patches."""
    found = _WHOLE.fullmatch(strength.strip())
    if found is None or unit_of(form) == Unit.APPLICATION:
        return None
    parts = [_PART.fullmatch(part.strip()) for part in found["parts"].split("+")]
    amounts = [Decimal(part[1].replace(" ", "").replace(",", "")) * _IN_MG[part[2]] for part in parts if part]
    if len(amounts) != len(parts) or not amounts:
        return None
    per = found["unit"].lower() if found["unit"] else ""
    by_volume = unit_of(form) == Unit.ML
    if by_volume != (per == "ml") or (per == "dose") != (unit_of(form) == Unit.PUFF and bool(per)):
        return None
    if form in (Form.INJECTION, Form.INFUSION, Form.PATCH):
        return None
    volume = Decimal(found["per"] or 1)
    return tuple(amount / volume for amount in amounts)
