"""Fields that several forms of doctors share. Numbers are accepted in both scripts, as people type them."""

import re
import unicodedata
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from doctors.models import LOWEST_ONLINE_FEE, Doctor, Language
from specialties.models import Specialty

EARLIEST_YEAR = 1940
MOST_SPECIALTIES = 4
# As doctors of Bangladesh are addressed. A title that an administrator wrote otherwise stays among the choices.
TITLES = ("Dr.", "Asst. Prof. Dr.", "Assoc. Prof. Dr.", "Prof. Dr.")

# What people write around a registration number.
_AROUND_A_NUMBER = re.compile(r"\b(?:B\W?M\W?D\W?C|REG(?:ISTRATION)?|NO|NUMBER)\b")
_NUMBER = re.compile(r"([A-Z]{1,3})(\d{3,7})")


def latin_digits(text: str) -> str:
    """The text with every digit, of whatever script, as 0 to 9."""
    return "".join(str(unicodedata.decimal(letter)) if letter.isdecimal() else letter for letter in text)


def normalise_registration(typed: str) -> str:
    """A registration number in the one spelling in which it is kept: “bmdc reg. no. a ১২৩৪৫” is A-12345.

    Raises ValidationError, in words for the doctor, where it is none.
    """
    text = latin_digits(unicodedata.normalize("NFKC", typed)).upper()
    compact = re.sub(r"[^A-Z0-9]", "", _AROUND_A_NUMBER.sub(" ", text))
    found = _NUMBER.fullmatch(compact)
    if found:
        return f"{found[1]}-{found[2]}"
    if compact.isdigit() and 3 <= len(compact) <= 7:
        raise ValidationError(
            _("Please add the letters before the number as they stand on your certificate, such as A-12345."),
            code="no_letters",
        )
    raise ValidationError(
        _("Enter the number as it stands on your certificate, such as A-12345."), code="no_registration_number"
    )


class RegistrationNumberField(forms.CharField):
    """The number of a doctor's BMDC registration, in the one spelling in which it is kept."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"})
        kwargs |= {
            "label": _("BMDC registration number"),
            "help_text": _("As it stands on your certificate, letters included, such as A-12345."),
            "max_length": 60,
            "widget": widget,
        }
        super().__init__(**kwargs)

    def clean(self, value: Any) -> str:
        typed = super().clean(value)
        return normalise_registration(typed) if typed else ""


def number_input(mode: str) -> forms.TextInput:
    """Not type=number: that refuses Bangla digits, and turns with the mouse's wheel."""
    return forms.TextInput(attrs={"inputmode": mode, "autocomplete": "off"})


class FeeField(forms.DecimalField):
    """Taka: nothing, 0 for free of charge, or at least what the gateway takes."""

    default_error_messages = {
        "invalid": _("Enter an amount in taka, such as 800."),
        "min_value": _("A fee cannot be less than 0."),
    }

    def __init__(self, **kwargs: Any) -> None:
        defaults = {"required": False, "max_digits": 10, "decimal_places": 2, "min_value": 0}
        super().__init__(**defaults | {"widget": number_input("decimal")} | kwargs)

    def to_python(self, value: Any) -> Decimal | None:
        bare = re.sub(r"[৳,\s]|BDT|TK\.?|/[-=]", "", str(value or ""), flags=re.IGNORECASE)
        return super().to_python(latin_digits(bare))

    def validate(self, value: Decimal | None) -> None:
        super().validate(value)
        if value is not None and 0 < value < LOWEST_ONLINE_FEE:
            raise ValidationError(
                _("A fee is nothing (0), or at least ৳10: the gateway takes no less."), code="below_the_least"
            )

    def prepare_value(self, value: Any) -> Any:
        """Without paisa where there are none: 800, not 800.00."""
        if isinstance(value, Decimal) and value == value.to_integral_value():
            return str(value.to_integral_value())
        return value


class YearField(forms.IntegerField):
    """A year of a life in medicine that lies behind us, or is this one."""

    default_error_messages = {"invalid": _("Enter a year, such as 2012.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"widget": number_input("numeric")} | kwargs)

    def run_validators(self, value: Any) -> None:
        super().run_validators(value)
        if value is not None:
            MinValueValidator(EARLIEST_YEAR, _("Please check the year."))(value)
            MaxValueValidator(timezone.localdate().year, _("This year is still to come."))(value)


def title_choices(doctor: Doctor | None = None) -> list[tuple[str, str]]:
    titles = [*TITLES] if doctor is None or doctor.title in TITLES else [doctor.title, *TITLES]
    return [(title, title) for title in titles]


def languages_field() -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=_("Languages that you speak with patients"),
        choices=Language.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose one at least.")},
    )


class SpecialtiesMixin(forms.Form):
    """The main specialty, and further ones. Those in use can be chosen, and those that the doctor has already."""

    specialty = forms.TypedChoiceField(label=_("Main specialty"), coerce=int)
    further = forms.TypedMultipleChoiceField(
        label=_("Further specialties"),
        required=False,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("At most three. Patients who look for these find you too."),
    )

    def offer_specialties(self, own: list[int]) -> None:
        offered = Specialty.objects.filter(Q(is_active=True) | Q(pk__in=own))
        self.specialties = {specialty.pk: specialty for specialty in offered}
        named = [(pk, specialty.name) for pk, specialty in self.specialties.items()]
        self.fields["specialty"].choices = [("", _("Choose")), *named]
        self.fields["further"].choices = named

    def clean_further(self) -> list[int]:
        further = [pk for pk in self.cleaned_data["further"] if pk != self.cleaned_data.get("specialty")]
        if len(further) >= MOST_SPECIALTIES:
            raise ValidationError(_("Choose three at most."), code="too_many")
        return further

    def chosen_specialties(self) -> list[Specialty]:
        """The main one first."""
        return [self.specialties[pk] for pk in (self.cleaned_data["specialty"], *self.cleaned_data["further"])]
