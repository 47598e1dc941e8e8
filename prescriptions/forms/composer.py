"""What a doctor types when composing: a prescription, its rows of medicines, a template's name."""

from typing import Any
from uuid import uuid4

from django import forms
from django.conf import settings
from django.forms import BaseFormSet, formset_factory
from django.utils.translation import gettext_lazy as _

from prescriptions.dosage import BadDose, parse
from prescriptions.models import Food, Item, Prescription, Product, Template
from prescriptions.models.medicines import LONGEST_NAME
from prescriptions.models.prescriptions import LONGEST_WORDS, MOST_DAYS, MOST_ITEMS
from specialties.fields import WordsField, nfc

ANSWERS = [("", _("Not asked")), ("yes", _("Yes")), ("no", _("No"))]
AS_BOOLEAN: dict[str, bool | None] = {"": None, "yes": True, "no": False}


class LineField(forms.CharField):
    """Text on one line, in Unicode's form C."""

    def to_python(self, value: Any) -> str:
        return " ".join(nfc(super().to_python(value)).split())


class DoseField(LineField):
    """A dose as it is kept; what is not understood stays as it was typed, for a draft may be half done."""

    def clean(self, value: Any) -> str:
        typed = super().clean(value)
        try:
            return parse(typed).text
        except BadDose:
            return typed


def number(label: Any, most: int, **kwargs: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=1,
        max_value=most,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={
            "invalid": _("Enter a number of days."),
            "min_value": _("Enter one day at least."),
            "max_value": _("A year is the longest."),
        },
        **kwargs,
    )


class ItemForm(forms.Form):
    """One medicine. `product` is what was chosen from the suggestions; without it the words are looked up."""

    product = forms.IntegerField(required=False, widget=forms.HiddenInput(attrs={"data-combobox-key": True}))
    written = LineField(
        label=_("Medicine"),
        required=False,
        max_length=LONGEST_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    dose = DoseField(
        label=_("Dose"),
        required=False,
        max_length=Item._meta.get_field("dose").max_length,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "1+0+1"}),
    )
    food = forms.ChoiceField(label=_("Food"), required=False, choices=[("", _("Any time")), *Food.choices])
    days = number(_("Days"), MOST_DAYS)
    note = LineField(label=_("Note"), required=False, max_length=Item._meta.get_field("note").max_length)

    def clean_product(self) -> int | None:
        key = self.cleaned_data["product"]
        return key if key is not None and 0 < key < 2**63 else None


class BaseItemFormSet(BaseFormSet):
    def kept(self) -> list[forms.Form]:
        """The forms in which there is a medicine: those that were filled in, or those that came from a draft."""
        if not self.is_bound:
            return [form for form in self.forms if form.initial]
        valid = [form for form in self.forms if form.is_valid() and form.cleaned_data.get("written")]
        return [form for form in valid if not form.cleaned_data.get("DELETE")]

    def rows(self) -> list[dict[str, Any]]:
        """What was typed, without what is empty or taken away."""
        names = ("product", "written", "dose", "food", "days", "note")
        return [{name: form.cleaned_data[name] for name in names} for form in self.kept()]


ItemFormSet = formset_factory(
    ItemForm,
    formset=BaseItemFormSet,
    extra=1,
    max_num=MOST_ITEMS,
    absolute_max=MOST_ITEMS,
    validate_max=True,
    can_delete=True,
)


class PrescriptionForm(forms.Form):
    """All but the medicines; `version` is what the page has seen, `tab` the page itself."""

    weight_kg = forms.DecimalField(
        label=_("Weight (kg)"),
        required=False,
        min_value=0.3,
        max_value=400,
        max_digits=5,
        decimal_places=2,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages={
            "invalid": _("Enter the weight as a number."),
            "min_value": _("Please check the weight."),
            "max_value": _("Please check the weight."),
        },
    )
    is_pregnant = forms.ChoiceField(label=_("Pregnant?"), required=False, choices=ANSWERS)
    is_breastfeeding = forms.ChoiceField(label=_("Breast-feeding?"), required=False, choices=ANSWERS)
    tests = WordsField(
        label=_("Tests"), required=False, max_length=LONGEST_WORDS, widget=forms.Textarea(attrs={"rows": 2})
    )
    advice = WordsField(
        label=_("Advice"), required=False, max_length=LONGEST_WORDS, widget=forms.Textarea(attrs={"rows": 2})
    )
    follow_up_days = number(_("Come back after (days)"), MOST_DAYS)
    language = forms.ChoiceField(label=_("Language of the paper"), choices=settings.LANGUAGES)
    version = forms.IntegerField(min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)
    tab = forms.UUIDField(widget=forms.HiddenInput)

    OWN = ("weight_kg", "is_pregnant", "is_breastfeeding", "tests", "advice", "follow_up_days", "language")

    def __init__(self, *args: Any, draft: Prescription | None = None, language: str = "", **kwargs: Any) -> None:
        begin: dict[str, Any] = {"version": 0, "tab": uuid4(), "language": language}
        if draft is not None:
            begin |= {name: getattr(draft, name) for name in self.OWN} | {"version": draft.version}
            answers = {value: answer for answer, value in AS_BOOLEAN.items()}
            begin |= {name: answers[begin[name]] for name in ("is_pregnant", "is_breastfeeding")}
        super().__init__(*args, initial=begin, auto_id="rx_%s", **kwargs)

    def clean_is_pregnant(self) -> bool | None:
        return AS_BOOLEAN[self.cleaned_data["is_pregnant"]]

    def clean_is_breastfeeding(self) -> bool | None:
        return AS_BOOLEAN[self.cleaned_data["is_breastfeeding"]]

    @property
    def facts(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.OWN}


def initial_items(draft: Prescription | None) -> list[dict[str, Any]]:
    return [
        {
            "product": item.product_id,
            "written": label_of(item.product) if item.product else item.written,
            "dose": item.dose,
            "food": item.food,
            "days": item.days,
            "note": item.note,
        }
        for item in (draft.items.all() if draft else ())
    ]


def label_of(product: Product) -> str:
    """As the product stands in the field of a row, and as it is recognised there."""
    return str(product)


class TemplateForm(forms.Form):
    name = LineField(label=_("Name of the template"), max_length=Template._meta.get_field("name").max_length)


class VoidForm(forms.Form):
    reason = LineField(label=_("Why is it void?"), max_length=300)


class ReasonForm(forms.Form):
    """Why the doctor goes on in spite of one severe warning."""

    reason = LineField(
        label=_("Reason"),
        max_length=300,
        error_messages={"required": _("Please say why you go on, or change the prescription.")},
    )
