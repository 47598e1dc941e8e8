"""Text columns that hold one spelling of each word: Bangla has two code sequences for the same letters."""

import unicodedata
from typing import Any

from django.contrib.postgres.forms import SimpleArrayField
from django.db.models import BooleanField, CharField, Func, TextField
from django.forms import CharField as FormCharField
from django.forms import Field


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def term(text: str) -> str:
    """A word or phrase as it is kept: lower case, single spaces, NFC."""
    return " ".join(nfc(text).split()).lower()


class NFCCharField(CharField):  # type: ignore[type-arg]
    """Text in Unicode's normal form C, whatever was typed: on every way in, and in exact look-ups."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return nfc(text) if isinstance(text, str) else text


class TermField(CharField):  # type: ignore[type-arg]
    """A word or phrase as people type it, on every way in and in exact look-ups as `term` has it."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return term(text) if isinstance(text, str) else text


class IsNFC(Func):
    """Whether PostgreSQL finds the text in NFC."""

    template = "(%(expressions)s IS NFC NORMALIZED)"
    output_field = BooleanField()
    arity = 1


class JoinedText(Func):
    """The elements of a text array on lines of one text."""

    function = "array_to_string"
    template = "%(function)s(%(expressions)s, E'\\n')"
    output_field = TextField()
    arity = 1


class TermLinesField(SimpleArrayField):
    """A form's field for an array of terms: one a line; empty lines and repeats are left out."""

    def __init__(self, base_field: Field, **kwargs: Any) -> None:
        super().__init__(base_field, **{"delimiter": "\n"} | kwargs)

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            value = list(dict.fromkeys(filter(None, map(term, value.splitlines()))))
        return super().to_python(value)


class WordsField(FormCharField):
    """A form's lines of text, ends of lines as one sign, so that the same words are the same."""

    def to_python(self, value: Any) -> str:
        return nfc(super().to_python(value)).replace("\r\n", "\n").replace("\r", "\n")
