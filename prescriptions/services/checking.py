"""Loading what the safety engine looks at: as many queries for twelve medicines as for one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.models import Action, Ground, TrailEntry, User
from accounts.trail import write_trail
from doctors.search.words import words
from patients.models import Allergy, FactKind, MedicationStatement, NoneKnown, Patient, Sex, today
from prescriptions.dosage import Dose, mg_of_one
from prescriptions.models import (
    DrugClass,
    Generic,
    Ingredient,
    Interaction,
    Item,
    PrescriptionStatus,
    Product,
    ReferenceSet,
)
from prescriptions.models.prescriptions import MOST_DAYS
from prescriptions.safety import Harm, Line, Person, Reaction, Report, Substance, Tables, Taken, check

# A doctor who composes looks at the same facts again and again: once in so long it is written down anew.
LOOKED_AT = timedelta(minutes=15)
# Between these ages somebody may be pregnant, as far as the portal asks.
MAY_BE_PREGNANT = range(10, 56)
LONGEST_NAME_IN_WORDS = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """One medicine that is about to be prescribed; where it is none that is known, as it was `written`."""

    place: int
    product: Product | None
    dose: Dose | None
    written: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """What the doctor asked the patient, for this prescription. None: not asked."""

    weight_kg: Decimal | None = None
    is_pregnant: bool | None = None
    is_breastfeeding: bool | None = None


def check_medicines(
    asked: Sequence[Asked],
    patient: Patient,
    said: Said,
    *,
    by: User,
    ground: Ground,
    ground_id: object,
    in_place_of: UUID | None = None,
) -> Report:
    """What is known against these medicines for this patient, and what was not looked at.

    Reads the patient's allergies and medicines, which stands in the trail before it is done, and what was prescribed
    here and is still to be taken, but for the prescription that this one takes the place of; at most fifteen queries.
    """
    allergies, medicines, none_known = _facts(patient, by=by, ground=ground, ground_id=ground_id)
    prescribed = _prescribed(patient, in_place_of)
    texts = [each.substance for each in allergies] + [each.name for each in medicines]
    meanings = _meanings(texts)
    generics = {each.generic_id for each in prescribed.values() if each} | {
        each.product.generic_id for each in asked if each.product
    }
    generics |= {pk for meaning in meanings.values() for pk in meaning.generics}
    own = {pk for meaning in meanings.values() for pk in meaning.ingredients}
    substances, made_of = _substances(generics, own)
    said_taken = [_taken(each.name, meanings[each.name], made_of, substances) for each in medicines]
    taken = said_taken + [_taken_of(label, each, made_of, substances) for label, each in prescribed.items()]
    person = _person(patient, said, allergies, medicines, none_known, meanings, made_of, taken)
    lines = [_line(each, made_of, substances) for each in asked]
    return check(lines, person, _tables(substances), today=today())


def _facts(
    patient: Patient, *, by: User, ground: Ground, ground_id: object
) -> tuple[list[Allergy], list[MedicationStatement], dict[str, date]]:
    lately = TrailEntry.objects.filter(
        by=by, subject=patient.pk, about="patients.facts", at__gt=timezone.now() - LOOKED_AT
    )
    if not lately.exists():
        write_trail(Action.READ, by=by, about="patients.facts", subject=patient.pk, ground=ground, ground_id=ground_id)
    none_known = NoneKnown.objects.filter(patient=patient).values_list("kind", "said_at")
    return (
        list(Allergy.objects.filter(patient=patient)),
        list(MedicationStatement.objects.filter(patient=patient)),
        {kind: said_at.date() for kind, said_at in none_known},
    )


def _prescribed(patient: Patient, in_place_of: UUID | None) -> dict[str, Product | None]:
    """What was prescribed here and is still to be taken, by what it is called. One query."""
    since = today() - timedelta(days=MOST_DAYS)
    rows = Item.objects.filter(
        prescription__status=PrescriptionStatus.SIGNED,
        prescription__signed__patient=patient,
        prescription__signed__signed_at__date__gte=since,
    ).exclude(prescription=in_place_of)
    return {
        str(item.product or item.written): item.product
        for item in rows.select_related("product__generic", "prescription__signed")
        if item.prescription.signed.last_day(item.days) >= today()
    }


# What people's words mean --------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Meaning:
    ingredients: set[int]
    classes: set[str]
    generics: set[int]


def _grams(text: str) -> list[str]:
    """All runs of a few words of a text: one of them may be a medicine's name."""
    typed = [word for word in words(text) if not word[0].isdigit()]
    return [
        " ".join(typed[start : start + length])
        for length in range(1, LONGEST_NAME_IN_WORDS + 1)
        for start in range(len(typed) - length + 1)
    ]


def _meanings(texts: Iterable[str]) -> dict[str, Meaning]:
    """The substances, classes and brands that are named in these texts. Three queries."""
    by_gram: dict[str, list[Meaning]] = {}
    meanings: dict[str, Meaning] = {}
    for text in texts:
        meaning = meanings.setdefault(text, Meaning(set(), set(), set()))
        for gram in _grams(text):
            by_gram.setdefault(gram, []).append(meaning)
    grams = list(by_gram)
    named = Ingredient.objects.filter(Q(name__in=grams) | Q(also__overlap=grams)).values_list("pk", "name", "also")
    for pk, name, also in named:
        for gram in {name, *also} & by_gram.keys():
            for meaning in by_gram[gram]:
                meaning.ingredients.add(pk)
    for code, also in DrugClass.objects.filter(also__overlap=grams).values_list("code", "also"):
        for gram in set(also) & by_gram.keys():
            for meaning in by_gram[gram]:
                meaning.classes.add(code)
    brands = Product.objects.exclude(brand="").annotate(lower=Lower("brand")).filter(lower__in=grams)
    for generic, brand in brands.values_list("generic", "lower").distinct():
        for meaning in by_gram[brand]:
            meaning.generics.add(generic)
    return meanings


# Substances and lines ------------------------------------------------------------------------------------------------


def _substances(generics: set[int], own: set[int]) -> tuple[dict[int, Substance], dict[int, tuple[int, ...]]]:
    """All substances that matter, by their keys, and of which of them each generic is made. Three queries."""
    links = Generic.ingredients.through.objects.filter(generic__in=generics).order_by("ingredient")
    made_of: dict[int, tuple[int, ...]] = {}
    for generic, ingredient in links.values_list("generic", "ingredient"):
        made_of[generic] = (*made_of.get(generic, ()), ingredient)
    keys = own | {pk for pks in made_of.values() for pk in pks}
    classes: dict[int, set[str]] = {}
    belong = Ingredient.classes.through.objects.filter(ingredient__in=keys)
    for ingredient, code in belong.values_list("ingredient", "drugclass__code"):
        classes.setdefault(ingredient, set()).add(code)
    substances = {
        each.pk: Substance(
            pk=each.pk,
            name=each.name,
            classes=frozenset(classes.get(each.pk, ())),
            pregnancy=each.pregnancy,
            breastfeeding=each.breastfeeding,
            min_age_months=each.min_age_months,
            max_daily_mg=each.max_daily_mg,
            max_daily_mg_per_kg=each.max_daily_mg_per_kg,
            is_assessed=each.is_assessed,
        )
        for each in Ingredient.objects.filter(pk__in=keys)
    }
    return substances, made_of


def _line(asked: Asked, made_of: Mapping[int, tuple[int, ...]], substances: Mapping[int, Substance]) -> Line:
    product = asked.product
    if product is None:
        return Line(place=asked.place, label=asked.written, substances=())
    own = tuple(substances[pk] for pk in made_of.get(product.generic_id, ()))
    return Line(
        place=asked.place,
        label=" ".join(filter(None, (product.brand or product.generic.name, product.strength))),
        substances=own,
        daily_mg=_daily_mg(product, asked.dose, own),
    )


def _daily_mg(product: Product, dose: Dose | None, substances: Sequence[Substance]) -> dict[int, Decimal]:
    """The mg in a day by substance; empty where the strength or the dose does not tell."""
    each = mg_of_one(product.strength, product.form)
    names = [part.strip() for part in product.generic.name.split(" + ")]
    if each is None or dose is None or len(each) != len(names):
        return {}
    by_name = {substance.name: substance.pk for substance in substances}
    found = {by_name[name]: mg * dose.a_day for name, mg in zip(names, each, strict=True) if name in by_name}
    # Of a generic that is not called by its substances the one strength is of the one substance.
    if not found and len(each) == len(substances) == 1:
        found = {substances[0].pk: each[0] * dose.a_day}
    return found


# The person ----------------------------------------------------------------------------------------------------------


def _person(
    patient: Patient,
    said: Said,
    allergies: Sequence[Allergy],
    medicines: Sequence[MedicationStatement],
    none_known: Mapping[str, date],
    meanings: Mapping[str, Meaning],
    made_of: Mapping[int, tuple[int, ...]],
    taken: Sequence[Taken],
) -> Person:
    age = patient.age(today())
    return Person(
        age_months=_months(patient.birth_date),
        weight_kg=said.weight_kg,
        may_be_pregnant=patient.sex != Sex.MALE and (age is None or age in MAY_BE_PREGNANT),
        is_pregnant=said.is_pregnant,
        is_breastfeeding=said.is_breastfeeding,
        reactions=tuple(_reaction(each, meanings[each.substance], made_of) for each in allergies),
        reactions_said=_said(allergies, none_known.get(FactKind.ALLERGIES)),
        taken=tuple(taken),
        taken_said=_said(medicines, none_known.get(FactKind.MEDICATIONS)),
    )


def _months(born: date | None) -> int | None:
    if born is None:
        return None
    on = today()
    return (on.year - born.year) * 12 + on.month - born.month - (on.day < born.day)


def _said(rows: Sequence[Allergy] | Sequence[MedicationStatement], none_known: date | None) -> date | None:
    """When somebody said last what there is, or that there is nothing."""
    return max((row.recorded_at.date() for row in rows), default=none_known)


def _reaction(allergy: Allergy, meaning: Meaning, made_of: Mapping[int, tuple[int, ...]]) -> Reaction:
    brands = {pk for generic in meaning.generics for pk in made_of.get(generic, ())}
    return Reaction(
        words=allergy.substance,
        is_medicine=allergy.category == Allergy.Category.MEDICATION,
        substances=frozenset(meaning.ingredients | brands),
        classes=frozenset(meaning.classes),
    )


def _taken(
    label: str, meaning: Meaning, made_of: Mapping[int, tuple[int, ...]], substances: Mapping[int, Substance]
) -> Taken:
    keys = meaning.ingredients | {pk for generic in meaning.generics for pk in made_of.get(generic, ())}
    return Taken(label, tuple(substances[pk] for pk in sorted(keys)))


def _taken_of(
    label: str,
    product: Product | None,
    made_of: Mapping[int, tuple[int, ...]],
    substances: Mapping[int, Substance],
) -> Taken:
    keys = made_of.get(product.generic_id, ()) if product else ()
    return Taken(label, tuple(substances[pk] for pk in keys))


# The tables ----------------------------------------------------------------------------------------------------------


def _tables(substances: Mapping[int, Substance]) -> Tables:
    """What is known of pairs of these substances. Three queries, whatever the table's size."""
    keys = list(substances)
    pairs = Interaction.objects.filter(low__in=keys, high__in=keys)
    harms = {
        (low, high): Harm(severity, effect, source)
        for low, high, severity, effect, source in pairs.values_list("low", "high", "severity", "effect", "source")
    }
    classes = {code for each in substances.values() for code in each.classes}
    crosses: dict[str, set[str]] = {}
    links = DrugClass.crosses.through.objects.filter(from_drugclass__code__in=classes)
    for code, other in links.values_list("from_drugclass__code", "to_drugclass__code"):
        crosses.setdefault(code, set()).add(other)
        crosses.setdefault(other, set()).add(code)
    sets = {each.kind: each for each in ReferenceSet.objects.all()}
    interactions, facts = sets.get(ReferenceSet.Kind.INTERACTIONS), sets.get(ReferenceSet.Kind.INGREDIENTS)
    return Tables(
        pairs=harms,
        crosses={code: frozenset(others) for code, others in crosses.items()},
        as_of=interactions.as_of if interactions else None,
        is_starter=bool(interactions and interactions.is_starter),
        facts_as_of=facts.as_of if facts else None,
        facts_are_starter=bool(facts and facts.is_starter),
    )
