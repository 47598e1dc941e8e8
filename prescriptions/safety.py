"""Whether medicines go together, and with this person: pure functions over facts that were loaded beforehand.

What is found is a `Finding`; what could not be looked at is said as well (`Unchecked`). No finding and nothing
unchecked is the only silence, and even that speaks of what the tables know.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from hashlib import blake2s
from itertools import combinations

from prescriptions.models.medicines import Caution, Severity

# What the patient said longer ago than that is asked anew; tables that are older say so.
STALE_AFTER = timedelta(days=365)
CHILDREN = 12 * 12


class Code(StrEnum):
    ALLERGY = "allergy"
    ALLERGY_CLASS = "allergy_class"
    ALLERGY_CROSS = "allergy_cross"
    DUPLICATE = "duplicate"
    TAKEN_ALREADY = "taken_already"
    INTERACTION = "interaction"
    DOSE = "dose"
    AGE = "age"
    PREGNANCY = "pregnancy"
    BREASTFEEDING = "breastfeeding"


class Gap(StrEnum):
    """What was not looked at."""

    ALLERGIES_SILENT = "allergies_silent"
    ALLERGIES_STALE = "allergies_stale"
    ALLERGY_UNKNOWN = "allergy_unknown"
    FAMILY_UNKNOWN = "family_unknown"
    MEDICINES_SILENT = "medicines_silent"
    MEDICINES_STALE = "medicines_stale"
    MEDICINE_UNKNOWN = "medicine_unknown"
    INTERACTIONS_UNKNOWN = "interactions_unknown"
    NO_BIRTH_DATE = "no_birth_date"
    AGE_UNKNOWN = "age_unknown"
    NO_WEIGHT = "no_weight"
    DOSE_UNKNOWN = "dose_unknown"
    DOSE_LIMIT_UNKNOWN = "dose_limit_unknown"
    PREGNANCY_NOT_ASKED = "pregnancy_not_asked"
    PREGNANCY_UNKNOWN = "pregnancy_unknown"
    BREASTFEEDING_NOT_ASKED = "breastfeeding_not_asked"
    BREASTFEEDING_UNKNOWN = "breastfeeding_unknown"
    STARTER = "starter"
    TABLES_OLD = "tables_old"
    TABLES_MISSING = "tables_missing"
    FACTS_STARTER = "facts_starter"
    FACTS_OLD = "facts_old"
    FACTS_MISSING = "facts_missing"
    NOT_LISTED = "not_listed"


@dataclass(frozen=True, slots=True)
class Substance:
    pk: int
    name: str
    classes: frozenset[str] = frozenset()
    pregnancy: str = ""
    breastfeeding: str = ""
    min_age_months: int | None = None
    max_daily_mg: Decimal | None = None
    max_daily_mg_per_kg: Decimal | None = None
    is_assessed: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One medicine on the prescription, without substances where it is none that is known.

    `daily_mg`: by a substance's key the mg in a day, as far as it can be told.
    """

    place: int
    label: str
    substances: tuple[Substance, ...]
    daily_mg: Mapping[int, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Taken:
    """A medicine that the patient takes already: with its substances where the name is known."""

    label: str
    substances: tuple[Substance, ...] = ()


@dataclass(frozen=True, slots=True)
class Reaction:
    """An allergy in the patient's words; `substances` and `classes` are what the words mean here, if anything."""

    words: str
    is_medicine: bool
    substances: frozenset[int] = frozenset()
    classes: frozenset[str] = frozenset()

    @property
    def is_understood(self) -> bool:
        return bool(self.substances or self.classes)


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of the patient. None: not known; of what was said: the day it was said last, None for never."""

    age_months: int | None
    weight_kg: Decimal | None
    may_be_pregnant: bool
    is_pregnant: bool | None
    is_breastfeeding: bool | None
    reactions: tuple[Reaction, ...]
    reactions_said: date | None
    taken: tuple[Taken, ...]
    taken_said: date | None


@dataclass(frozen=True, slots=True)
class Harm:
    severity: str
    effect: str
    source: str


@dataclass(frozen=True, slots=True)
class Tables:
    """What is known of pairs, by the two keys in their order; which classes cross; how old and how whole that is.

    The `facts` are those of substances: families, limits, pregnancy and breast-feeding.
    """

    pairs: Mapping[tuple[int, int], Harm]
    crosses: Mapping[str, frozenset[str]]
    as_of: date | None
    is_starter: bool
    facts_as_of: date | None
    facts_are_starter: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """A warning: `names` are what it is about, `effect` words from the tables, `places` lines of the prescription."""

    code: Code
    severity: Severity
    places: tuple[int, ...]
    names: tuple[str, ...]
    effect: str = ""
    source: str = ""

    @property
    def key(self) -> str:
        """The same warning about the same things has the same key, wherever they stand."""
        return ":".join([self.code, *sorted(self.names)])

    @property
    def mark(self) -> str:
        """The key as the name of a field: a reason is for this warning, and not for the one in its place meanwhile."""
        return f"reason-{blake2s(self.key.encode(), digest_size=8).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Unchecked:
    gap: Gap
    about: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    findings: tuple[Finding, ...]
    unchecked: tuple[Unchecked, ...]

    @property
    def severe(self) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if each.severity == Severity.SEVERE)


def check(lines: Sequence[Line], person: Person, tables: Tables, *, today: date) -> Report:
    """All that is known against these medicines for this person, the worst first, and all that was not looked at."""
    findings = [
        *_allergies(lines, person, tables),
        *_twice(lines, person),
        *_interactions(lines, person, tables),
        *_doses(lines, person),
        *_ages(lines, person),
        *_expecting(lines, person),
    ]
    once = {
        each.key: each for each in sorted(findings, key=lambda each: each.severity != Severity.SEVERE, reverse=True)
    }
    ranked = sorted(
        once.values(), key=lambda each: (each.severity != Severity.SEVERE, each.places, list(Code).index(each.code))
    )
    return Report(tuple(ranked), tuple(dict.fromkeys(_gaps(lines, person, tables, today))) if lines else ())


def _allergies(lines: Sequence[Line], person: Person, tables: Tables) -> Iterable[Finding]:
    """To the substance itself or its family: severe. To a family that crosses with it: moderate."""
    for line in lines:
        for reaction in person.reactions:
            crossing = frozenset().union(*(tables.crosses.get(code, frozenset()) for code in reaction.classes))
            for substance in line.substances:
                names = (substance.name, reaction.words)
                if substance.pk in reaction.substances:
                    yield Finding(Code.ALLERGY, Severity.SEVERE, (line.place,), names)
                elif substance.classes & reaction.classes:
                    yield Finding(Code.ALLERGY_CLASS, Severity.SEVERE, (line.place,), names)
                elif substance.classes & crossing:
                    yield Finding(Code.ALLERGY_CROSS, Severity.MODERATE, (line.place,), names)


def _twice(lines: Sequence[Line], person: Person) -> Iterable[Finding]:
    for one, other in combinations(lines, 2):
        for substance in one.substances:
            if any(substance.pk == each.pk for each in other.substances):
                yield Finding(Code.DUPLICATE, Severity.SEVERE, (one.place, other.place), (substance.name,))
    for line in lines:
        for taken in person.taken:
            for substance in line.substances:
                if any(substance.pk == each.pk for each in taken.substances):
                    names = (substance.name, taken.label)
                    yield Finding(Code.TAKEN_ALREADY, Severity.MODERATE, (line.place,), names)


def _interactions(lines: Sequence[Line], person: Person, tables: Tables) -> Iterable[Finding]:
    """Between the lines, and between a line and what the patient takes already. Within one product it is meant."""
    for one, other in combinations(lines, 2):
        yield from _harm(one.substances, other.substances, (one.place, other.place), tables)
    for line in lines:
        for taken in person.taken:
            yield from _harm(line.substances, taken.substances, (line.place,), tables)


def _harm(
    some: Iterable[Substance], others: Sequence[Substance], places: tuple[int, ...], tables: Tables
) -> Iterable[Finding]:
    for one in some:
        for other in others:
            low, high = sorted((one.pk, other.pk))
            harm = tables.pairs.get((low, high))
            if harm is not None:
                names = (one.name, other.name)
                yield Finding(Code.INTERACTION, Severity(harm.severity), places, names, harm.effect, harm.source)


def _doses(lines: Sequence[Line], person: Person) -> Iterable[Finding]:
    """Of each substance all that is taken in a day, from whichever lines."""
    taken: dict[Substance, Decimal] = {}
    places: dict[Substance, list[int]] = {}
    for line in lines:
        for substance in line.substances:
            if substance.pk in line.daily_mg:
                taken[substance] = taken.get(substance, Decimal(0)) + line.daily_mg[substance.pk]
                places.setdefault(substance, []).append(line.place)
    for substance, mg in taken.items():
        most = _most(substance, person)
        if most is not None and mg > most:
            effect = f"{mg.normalize():f} mg > {most.normalize():f} mg"
            yield Finding(Code.DOSE, Severity.SEVERE, tuple(places[substance]), (substance.name,), effect)


def _most(substance: Substance, person: Person) -> Decimal | None:
    """The most in a day: for a child by weight where both are known, and never more than for an adult."""
    is_child = person.age_months is not None and person.age_months < CHILDREN
    if is_child and person.weight_kg is not None and substance.max_daily_mg_per_kg is not None:
        by_weight = substance.max_daily_mg_per_kg * person.weight_kg
        return min(by_weight, substance.max_daily_mg) if substance.max_daily_mg is not None else by_weight
    return substance.max_daily_mg


def _ages(lines: Sequence[Line], person: Person) -> Iterable[Finding]:
    if person.age_months is None:
        return
    for line in lines:
        for substance in line.substances:
            if substance.min_age_months is not None and person.age_months < substance.min_age_months:
                effect = str(substance.min_age_months)
                yield Finding(Code.AGE, Severity.SEVERE, (line.place,), (substance.name,), effect)


def _expecting(lines: Sequence[Line], person: Person) -> Iterable[Finding]:
    states = (
        (Code.PREGNANCY, person.is_pregnant, "pregnancy"),
        (Code.BREASTFEEDING, person.is_breastfeeding, "breastfeeding"),
    )
    severities = {Caution.AVOID: Severity.SEVERE, Caution.CARE: Severity.MODERATE}
    for code, is_so, name in states:
        for line in lines if is_so else ():
            for substance in line.substances:
                caution = getattr(substance, name)
                if caution in severities:
                    yield Finding(code, severities[caution], (line.place,), (substance.name,))


def _gaps(lines: Sequence[Line], person: Person, tables: Tables, today: date) -> Iterable[Unchecked]:
    yield from _dated(tables.as_of, today, Gap.TABLES_MISSING, Gap.TABLES_OLD)
    if tables.is_starter:
        yield Unchecked(Gap.STARTER)
    yield from _dated(tables.facts_as_of, today, Gap.FACTS_MISSING, Gap.FACTS_OLD)
    if tables.facts_are_starter:
        yield Unchecked(Gap.FACTS_STARTER)
    yield from _dated(person.reactions_said, today, Gap.ALLERGIES_SILENT, Gap.ALLERGIES_STALE)
    for reaction in person.reactions:
        if reaction.is_medicine and not reaction.is_understood:
            yield Unchecked(Gap.ALLERGY_UNKNOWN, reaction.words)
    yield from _dated(person.taken_said, today, Gap.MEDICINES_SILENT, Gap.MEDICINES_STALE)
    for taken in person.taken:
        if not taken.substances:
            yield Unchecked(Gap.MEDICINE_UNKNOWN, taken.label)
    if person.age_months is None:
        yield Unchecked(Gap.NO_BIRTH_DATE)
    if person.may_be_pregnant and person.is_pregnant is None:
        yield Unchecked(Gap.PREGNANCY_NOT_ASKED)
    if person.may_be_pregnant and person.is_breastfeeding is None:
        yield Unchecked(Gap.BREASTFEEDING_NOT_ASKED)
    is_child = person.age_months is not None and person.age_months < CHILDREN
    if is_child and person.weight_kg is None:
        yield Unchecked(Gap.NO_WEIGHT)
    for line in lines:
        if not line.substances:
            yield Unchecked(Gap.NOT_LISTED, line.label)
        for substance in line.substances:
            yield from _gaps_of(substance, line, person, is_child)


def _dated(of: date | None, today: date, missing: Gap, old: Gap) -> Iterable[Unchecked]:
    """What was never said or loaded, or too long ago."""
    if of is None:
        yield Unchecked(missing)
    elif today - of > STALE_AFTER:
        yield Unchecked(old, of.isoformat())


def _gaps_of(substance: Substance, line: Line, person: Person, is_child: bool) -> Iterable[Unchecked]:
    if not substance.is_assessed:
        yield Unchecked(Gap.INTERACTIONS_UNKNOWN, substance.name)
        if not substance.classes and any(each.is_medicine or each.is_understood for each in person.reactions):
            yield Unchecked(Gap.FAMILY_UNKNOWN, substance.name)
        if is_child and substance.min_age_months is None:
            yield Unchecked(Gap.AGE_UNKNOWN, substance.name)
    if substance.max_daily_mg is None and substance.max_daily_mg_per_kg is None:
        yield Unchecked(Gap.DOSE_LIMIT_UNKNOWN, substance.name)
    elif substance.pk not in line.daily_mg:
        yield Unchecked(Gap.DOSE_UNKNOWN, line.label)
    elif is_child and substance.max_daily_mg_per_kg is None:
        yield Unchecked(Gap.DOSE_LIMIT_UNKNOWN, substance.name)
    if person.is_pregnant and not substance.pregnancy:
        yield Unchecked(Gap.PREGNANCY_UNKNOWN, substance.name)
    if person.is_breastfeeding and not substance.breastfeeding:
        yield Unchecked(Gap.BREASTFEEDING_UNKNOWN, substance.name)
