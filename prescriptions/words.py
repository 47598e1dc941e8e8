"""Doses, warnings and gaps in the words of the active language, for pages and for the paper."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from config.templatetags.portal import digits, years
from prescriptions.dosage import Dose, DoseKind, Unit, plain
from prescriptions.safety import Code, Finding, Gap, Unchecked

# By how many amounts stand in a dose, at which times of the day they are.
TIMES_OF_DAY: dict[int, tuple[str | Promise, ...]] = {
    2: (gettext_lazy("morning"), gettext_lazy("night")),
    3: (gettext_lazy("morning"), gettext_lazy("noon"), gettext_lazy("night")),
    4: (gettext_lazy("morning"), gettext_lazy("noon"), gettext_lazy("evening"), gettext_lazy("night")),
}


# Half a tablet that was written 0.5 has been taken for five.
PARTS = {Decimal("0.25"): "¼", Decimal("0.5"): "½", Decimal("0.75"): "¾"}


def amount_text(amount: Decimal, unit: Unit) -> str:
    """As people read it: ½ and 1½ of what is broken, 2.5 of what is measured."""
    whole, part = divmod(amount, 1)
    if unit == Unit.ML or part not in PARTS:
        return plain(amount)
    return f"{plain(whole) if whole else ''}{PARTS[part]}"


def counted(amount: Decimal, unit: Unit) -> str:
    """An amount with its unit: 2 tablets, 5 mL. Doses stand in Latin digits in every language."""
    many = 1 if amount <= 1 else 2
    words = {
        Unit.TABLET: ngettext("%(amount)s tablet", "%(amount)s tablets", many),
        Unit.CAPSULE: ngettext("%(amount)s capsule", "%(amount)s capsules", many),
        Unit.SACHET: ngettext("%(amount)s sachet", "%(amount)s sachets", many),
        Unit.ML: _("%(amount)s mL"),
        Unit.DROP: ngettext("%(amount)s drop", "%(amount)s drops", many),
        Unit.PUFF: ngettext("%(amount)s puff", "%(amount)s puffs", many),
        Unit.PIECE: ngettext("%(amount)s piece", "%(amount)s pieces", many),
        Unit.UNIT: ngettext("%(amount)s dose", "%(amount)s doses", many),
        Unit.APPLICATION: ngettext("%(amount)s time", "%(amount)s times", many),
    }
    return words[unit] % {"amount": amount_text(amount, unit)}


def dose_in_words(dose: Dose, unit: Unit) -> str:
    """As the patient reads it: 1 tablet in the morning, 1 tablet at night."""
    first = counted(dose.amounts[0], unit)
    match dose.kind:
        case DoseKind.EVERY:
            return _("%(amount)s every %(hours)d hours") % {"amount": first, "hours": dose.hours or 24}
        case DoseKind.NEEDED:
            most = counted(dose.most or Decimal(0), unit)
            return _("%(amount)s when needed, at most %(most)s in a day") % {"amount": first, "most": most}
        case DoseKind.ONCE:
            return _("%(amount)s once") % {"amount": first}
        case _:
            times = TIMES_OF_DAY.get(len(dose.amounts))
            if times is None:
                return " + ".join(plain(amount) for amount in dose.amounts)
            return ", ".join(
                f"{time}: {counted(amount, unit)}" for time, amount in zip(times, dose.amounts, strict=True) if amount
            )


@dataclass(frozen=True, slots=True)
class Warned:
    """A finding as a doctor reads it, with the reason for going on in spite of it, if one was given."""

    finding: Finding
    title: str
    words: str
    reason: str = ""


def _age(months: str) -> str:
    number = int(months)
    if number < 24:
        return digits(ngettext("%(number)d month", "%(number)d months", number) % {"number": number})
    return years(number // 12)


def warning(finding: Finding, reason: str = "") -> Warned:
    names = dict(zip(("one", "other"), finding.names, strict=False))
    titles = {
        Code.ALLERGY: _("Allergy: %(one)s"),
        Code.ALLERGY_CLASS: _("Allergy: %(one)s"),
        Code.ALLERGY_CROSS: _("Possible allergy: %(one)s"),
        Code.DUPLICATE: _("%(one)s stands here twice"),
        Code.TAKEN_ALREADY: _("%(one)s is taken already"),
        Code.INTERACTION: _("%(one)s with %(other)s"),
        Code.DOSE: _("Too much %(one)s in a day"),
        Code.AGE: _("%(one)s is not for this age"),
        Code.PREGNANCY: _("%(one)s in pregnancy"),
        Code.BREASTFEEDING: _("%(one)s while breast-feeding"),
    }
    words = {
        Code.ALLERGY: _("The patient reacts to “%(other)s”."),
        Code.ALLERGY_CLASS: _("The patient reacts to “%(other)s”, which is of the same family."),
        Code.ALLERGY_CROSS: _("The patient reacts to “%(other)s”, of a related family."),
        Code.DUPLICATE: _("In two of the medicines."),
        Code.TAKEN_ALREADY: _("The patient takes “%(other)s”."),
        Code.DOSE: finding.effect,
        Code.AGE: _("It is for patients from %(age)s on.") % {"age": _age(finding.effect or "0")}
        if finding.code == Code.AGE
        else "",
        Code.PREGNANCY: _("It should not be used.") if finding.severity == "severe" else _("Only with care."),
        Code.BREASTFEEDING: _("It should not be used.") if finding.severity == "severe" else _("Only with care."),
    }
    said = words.get(finding.code, finding.effect)
    title = titles[finding.code] % names
    return Warned(finding, title, said % names if "%(" in said else said, reason)


def gap(unchecked: Unchecked) -> str:
    """What was not looked at, and why."""
    about = {"about": unchecked.about}
    words = {
        Gap.ALLERGIES_SILENT: _("Allergies: nobody has said whether there are any. Ask the patient."),
        Gap.ALLERGIES_STALE: _("Allergies: what is known is from %(about)s. Ask again."),
        Gap.ALLERGY_UNKNOWN: _("Allergy to “%(about)s”: it is not known here what that is. Compare it yourself."),
        Gap.FAMILY_UNKNOWN: _("%(about)s: its family is not known here. Compare it with the allergies yourself."),
        Gap.MEDICINES_SILENT: _("What the patient takes already: nobody has said. Ask the patient."),
        Gap.MEDICINES_STALE: _("What the patient takes already: what is known is from %(about)s. Ask again."),
        Gap.MEDICINE_UNKNOWN: _(
            "The patient takes “%(about)s”, which is not known here: nothing was compared with it."
        ),
        Gap.INTERACTIONS_UNKNOWN: _("%(about)s: its interactions were not looked for when the table was made."),
        Gap.NO_BIRTH_DATE: _("Age: the date of birth is not known."),
        Gap.AGE_UNKNOWN: _("%(about)s: from which age on it may be taken is not known here."),
        Gap.NO_WEIGHT: _("Dose for a child: the weight is not known."),
        Gap.DOSE_UNKNOWN: _("%(about)s: the dose of a day cannot be reckoned."),
        Gap.DOSE_LIMIT_UNKNOWN: _("%(about)s: the most in a day is not known here."),
        Gap.PREGNANCY_NOT_ASKED: _("Pregnancy: not asked."),
        Gap.PREGNANCY_UNKNOWN: _("%(about)s in pregnancy: nothing is known here."),
        Gap.BREASTFEEDING_NOT_ASKED: _("Breast-feeding: not asked."),
        Gap.BREASTFEEDING_UNKNOWN: _("%(about)s while breast-feeding: nothing is known here."),
        Gap.STARTER: _("The table of interactions is a starter set: it knows well-documented pairs alone."),
        Gap.TABLES_OLD: _("The table of interactions is from %(about)s."),
        Gap.TABLES_MISSING: _("Interactions: no table is loaded. None was looked for."),
        Gap.FACTS_STARTER: _(
            "What is known of families, doses, ages, pregnancy and breast-feeding is a starter set: it is not complete."
        ),
        Gap.FACTS_OLD: _("What is known of families, doses, ages, pregnancy and breast-feeding is from %(about)s."),
        Gap.FACTS_MISSING: _("Families, doses, ages, pregnancy and breast-feeding: no table is loaded."),
        Gap.NOT_LISTED: _("“%(about)s” is not on the list of medicines: nothing of it was checked."),
    }
    return words[unchecked.gap] % about


def in_days(days: int) -> str:
    return digits(ngettext("for %(days)d day", "for %(days)d days", days) % {"days": days})


def handed_out_text(amount: str, unit: Unit) -> str:
    return handed_out(Decimal(amount), unit)


def handed_out(amount: Decimal, unit: Unit) -> str:
    """What the pharmacy gives: in all 14 tablets."""
    return pgettext("quantity", "in all %(amount)s") % {"amount": counted(amount, unit)}
