"""Passwords that are easily guessed are refused, also in the clothes in which people put them."""

import re
import unicodedata
from typing import Any

from django.conf import settings
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# Signs that stand for letters, as those who guess know too; 1 for an l or an i.
SIGNS = {"@": "a", "4": "a", "8": "b", "3": "e", "!": "i", "|": "l", "0": "o", "5": "s", "$": "s", "7": "t", "+": "t"}
ALPHABETS = (str.maketrans(SIGNS | {"1": "l"}), str.maketrans(SIGNS | {"1": "i"}))
# What people here think of first, beside the world's twenty thousand that Django brings.
OWN_WORDS = frozenset(
    (
        *("amarsonarbangla", "sonarbangla", "joybangla", "joibangla", "banglabd", "bangladesh", "bangla", "ekushey"),
        *(
            "ilovebangladesh",
            "amitomakebhalobashi",
            "bhalobasha",
            "valobasha",
            "allahuakbar",
            "subhanallah",
            "inshallah",
        ),
        *(
            "alhamdulillah",
            "mashallah",
            "chittagong",
            "chattogram",
            "dhaka",
            "sylhet",
            "khulna",
            "rajshahi",
            "barishal",
        ),
        *("বাংলাদেশ", "আমারসোনারবাংলা", "সোনারবাংলা", "জয়বাংলা", "আল্লাহ", "বিসমিল্লাহ", "ভালোবাসা", "ঢাকা"),
        *("doctor", "daktar", "patient", "hospital", "clinic", "medicine", "portal", "appointment", "health"),
    )
)
# Beyond this nothing is a word that somebody guesses, and to look for repetitions would take long.
LONGEST_WORD = 64
# Figures and signs in front and behind; and a word that is all there is, twice or more.
ADDED = re.compile(r"^[\s!-@\[-`{-~০-৯]+|[\s!-@\[-`{-~০-৯]+$")
TWICE = re.compile(r"(.{3,})\1+")


class CommonPasswordValidator(password_validation.CommonPasswordValidator):
    """Refuses the words that are guessed first: in capitals, with signs for letters, with a year or a ! behind them."""

    def validate(self, password: str, user: Any = None) -> None:
        if any(self.is_common(form) for form in forms_of(password)):
            raise ValidationError(
                _(
                    "This is among the first that strangers would try, also with figures or signs added. "
                    "Take three or four words that have nothing to do with each other."
                ),
                code="password_too_common",
            )

    def is_common(self, word: str) -> bool:
        return word in self.passwords or word in OWN_WORDS or word == settings.SITE_NAME.casefold()

    def get_help_text(self) -> str:
        return _("Three or four words that have nothing to do with each other are easy to keep, and hard to guess.")


def forms_of(password: str) -> set[str]:
    """The password and what it is made of, without the clothes: `P@ssw0rd2024!` is `password`."""
    plain = unicodedata.normalize("NFKC", password).casefold().strip()
    found = {plain, "".join(plain.split())}
    if len(plain) > LONGEST_WORD:
        return found
    # Clothes over clothes: three layers of them.
    for _layer in range(3):
        found |= {ADDED.sub("", form) for form in found}
        found |= {form.translate(letters) for form in found for letters in ALPHABETS}
        found |= {again[1] for form in found if (again := TWICE.fullmatch(form))}
    return found - {""}
