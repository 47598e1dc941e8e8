"""A code that was sent, read off another screen, or printed."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

BANGLA_DIGITS = str.maketrans("০১২৩৪৫৬৭৮৯", "0123456789")


class CodeField(forms.CharField):
    """Digits in either script, with whatever stands between them; phones open the keypad and offer the code."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {
            "autocomplete": "one-time-code",
            "inputmode": "numeric",
            "autocapitalize": "none",
            "spellcheck": "false",
        }
        super().__init__(
            **{"label": _("Code"), "max_length": 40, "widget": forms.TextInput(attrs=attrs)} | kwargs,
        )

    def to_python(self, value: Any) -> str:
        text = super().to_python(value).translate(BANGLA_DIGITS)
        return "".join(sign for sign in text if sign.isalnum())
