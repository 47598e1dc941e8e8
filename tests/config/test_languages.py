"""The portal in Bangla: every sentence has its words, and they keep what the program puts in."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from django.conf import settings
from django.test import Client
from django.utils import translation

CATALOG = settings.BASE_DIR / "locale" / "bn" / "LC_MESSAGES" / "django.po"
# What a sentence is filled with, and its tags.
PUT_IN = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}|</?[a-zA-Z][^>]*>")


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    with Path(CATALOG).open("rb") as file:
        return read_po(file, locale="bn")


def forms(message: Message) -> list[tuple[str, str]]:
    """Each sentence of the source beside the one that stands for it."""
    if isinstance(message.id, tuple):
        return list(zip(message.id, message.string, strict=True))
    return [(message.id, message.string)]


def test_every_sentence_has_its_words(catalog: Catalog) -> None:
    assert len(catalog) > 2000
    assert [
        message.id for message in catalog if message.id and (message.fuzzy or not all(t for _, t in forms(message)))
    ] == []


def test_words_keep_what_is_put_in(catalog: Catalog) -> None:
    for message in catalog:
        known = set(PUT_IN.findall("".join(message.id))) if message.id else set()
        for source, words in forms(message) if message.id else []:
            found = PUT_IN.findall(words)
            assert set(found) <= known, message.id
            assert isinstance(message.id, tuple) or sorted(found) == sorted(PUT_IN.findall(source)), message.id


def test_words_are_compiled() -> None:
    with translation.override("bn"):
        assert translation.gettext("Save") != "Save"


@pytest.mark.django_db
def test_page_speaks_bangla_to_whoever_chose_it(client: Client) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "bn"
    page = client.get("/doctors/").content.decode()

    assert '<html lang="bn"' in page
    assert "ডাক্তার" in page
