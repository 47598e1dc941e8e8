"""What people type about a patient's health. Digits may be Bangla or Latin."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from patients.models import Allergy, Condition, FactKind, HealthFact, MedicationStatement, today
from patients.models.health import EARLIEST_YEAR
from specialties.fields import nfc

MONTHS = [
    ("", _("Month")),
    (1, _("January")),
    (2, _("February")),
    (3, _("March")),
    (4, _("April")),
    (5, _("May")),
    (6, _("June")),
    (7, _("July")),
    (8, _("August")),
    (9, _("September")),
    (10, _("October")),
    (11, _("November")),
    (12, _("December")),
]


def year_field(label: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=EARLIEST_YEAR,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "maxlength": "4", "autocomplete": "off"}),
        error_messages={
            "invalid": _("Enter a year such as 2019."),
            "min_value": _("Please check the year."),
        },
    )


def check_year(year: int | None) -> int | None:
    if year is not None and year > today().year:
        raise forms.ValidationError(_("This year is still to come."))
    return year


class LineField(forms.CharField):
    """Text in one spelling: Unicode's form C, single blanks, so that the same word is listed once."""

    def to_python(self, value: Any) -> str:
        return " ".join(nfc(super().to_python(value)).split())


def words(model: type[HealthFact], name: str, label: Any, *, suggested: bool = False, help_text: Any = "") -> Any:
    """A line of text for that column; `suggested`: the page offers words for it."""
    column = model._meta.get_field(name)
    attrs = {"autocomplete": "off"} | ({"list": "suggestions"} if suggested else {})
    return LineField(
        label=label,
        help_text=help_text,
        max_length=column.max_length,
        required=not column.blank,
        widget=forms.TextInput(attrs=attrs),
    )


class AllergyForm(forms.ModelForm):
    named_by = "substance"
    suggestions = (
        _("Penicillin"),
        _("Amoxicillin"),
        _("Sulfa medicines"),
        _("Aspirin"),
        _("Ibuprofen"),
        _("Diclofenac"),
        _("Cephalosporins"),
        _("Prawns"),
        _("Hilsa fish"),
        _("Beef"),
        _("Eggs"),
        _("Cow’s milk"),
        _("Peanuts"),
        _("Brinjal"),
        _("House dust"),
        _("Latex"),
        _("Bee stings"),
    )

    category = forms.ChoiceField(label=_("What is it?"), choices=Allergy.Category, widget=forms.RadioSelect)
    substance = words(Allergy, "substance", _("To what?"), suggested=True)
    reaction = words(
        Allergy, "reaction", _("What happens?"), help_text=_("For example: rash, swelling, difficulty breathing.")
    )
    severity = forms.ChoiceField(
        label=_("How bad was it?"), choices=[("", _("I do not know")), *Allergy.Severity.choices], required=False
    )

    class Meta:
        model = Allergy
        fields = ("category", "substance", "reaction", "severity")


class ConditionForm(forms.ModelForm):
    named_by = "name"
    suggestions = (
        _("Type 2 diabetes"),
        _("High blood pressure"),
        _("Asthma"),
        _("Heart disease"),
        _("Chronic kidney disease"),
        _("Thyroid disease"),
        _("Gastric ulcer"),
        _("Migraine"),
        _("Epilepsy"),
        _("Tuberculosis"),
        _("Hepatitis B"),
        _("Thalassaemia"),
        _("Arthritis"),
        _("Depression"),
    )

    name = words(Condition, "name", _("What is it called?"), suggested=True)
    clinical_status = forms.ChoiceField(
        label=_("Now or in the past?"), choices=Condition.ClinicalStatus, widget=forms.RadioSelect
    )
    onset_year = year_field(_("Since which year?"))

    class Meta:
        model = Condition
        fields = ("name", "clinical_status", "onset_year")

    def clean_onset_year(self) -> int | None:
        return check_year(self.cleaned_data["onset_year"])


class MedicationStatementForm(forms.ModelForm):
    named_by = "name"
    suggestions = (
        "Metformin",
        "Insulin",
        "Amlodipine",
        "Losartan",
        "Bisoprolol",
        "Aspirin",
        "Clopidogrel",
        "Atorvastatin",
        "Omeprazole",
        "Esomeprazole",
        "Levothyroxine",
        "Salbutamol",
        "Montelukast",
        "Paracetamol",
        "Calcium",
        "Iron and folic acid",
    )

    name = words(
        MedicationStatement,
        "name",
        _("Name of the medicine"),
        suggested=True,
        help_text=_("As it stands on the packet, with its strength."),
    )
    dose = words(
        MedicationStatement, "dose", _("How much, and when?"), help_text=_("For example: 1+0+1, or 10 units at night.")
    )
    since_month = forms.TypedChoiceField(label=_("Month"), choices=MONTHS, required=False, coerce=int, empty_value=None)
    since_year = year_field(_("Since which year?"))
    reason = words(MedicationStatement, "reason", _("What for?"))

    class Meta:
        model = MedicationStatement
        fields = ("name", "dose", "reason", "since_year", "since_month")

    def clean_since_year(self) -> int | None:
        return check_year(self.cleaned_data["since_year"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        year, month = data.get("since_year"), data.get("since_month")
        if month and not year and "since_year" not in self.errors:
            self.add_error("since_year", _("Which year was it?"))
        if month and year and (year, month) > (today().year, today().month):
            self.add_error("since_month", _("This month is still to come."))
        return data


FORMS: dict[str, type[forms.ModelForm]] = {
    FactKind.ALLERGIES: AllergyForm,
    FactKind.CONDITIONS: ConditionForm,
    FactKind.MEDICATIONS: MedicationStatementForm,
}
