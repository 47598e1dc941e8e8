"""Importing a register: looked at first, written in batches, gone on with where it broke off, refused row by row."""

import gzip
import io
import tracemalloc
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from config.files import private_storage
from config.tables import BadFile, Refused
from prescriptions import services
from prescriptions.models import (
    Generic,
    Import,
    ImportKind,
    ImportStatus,
    Ingredient,
    Interaction,
    Product,
    ReferenceSet,
)
from prescriptions.rows import REFUSALS, Table
from prescriptions.services import imports
from tests.factories.accounts import UserFactory
from tests.factories.medicines import ingredient

type ClientOf = Callable[[User], Client]

HEAD = "generic,ingredients,brand,strength,form,manufacturer\n"
PAIRS = "a,b,severity,effect,source\n"
ADD = "/admin/prescriptions/import/add/"


def upload(text: str | bytes, name: str = "register.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text.encode() if isinstance(text, str) else text)


def taken(text: str | bytes, kind: ImportKind = ImportKind.MEDICINES, by: User | None = None) -> Import:
    return services.take_file(
        upload(text), kind=kind, source="Register", as_of=date(2026, 10, 1), by=by or UserFactory(as_admin=True)
    )


def run(text: str | bytes, kind: ImportKind = ImportKind.MEDICINES) -> Import:
    """Imported to the end, as a worker does it."""
    imported = taken(text, kind)
    services.start_import(imported)
    assert services.run_import(imported.pk) is False
    imported.refresh_from_db()
    return imported


def refusals(imported: Import) -> list[tuple[int, str]]:
    return list(imported.refused_rows.values_list("line", "code"))


# What a file must be ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        ("name,form\nx,tablet\n", "These columns are missing: generic"),
        ("generic\nparacetamol\n", "These columns are missing: form"),
        ("generic,form,form\nx,tablet,tablet\n", "stand twice: form"),
        (HEAD.encode("utf-16"), "not in UTF-8"),
        ("generic,form,brand\nx,tablet,Caf\xe9\n".encode("latin-1"), "Line 2 is not in UTF-8"),
        (b"%PDF-1.7 \x00\x00", "not in UTF-8"),
        (b"\x1f\x8bnot gzip", "cannot be unpacked"),
        ("x" * 30_000, "too long"),
    ],
)
def test_a_file_of_another_shape_is_refused_with_words(db: None, text: str | bytes, words: str) -> None:
    assert words in said_of(text)
    assert not Product.objects.exists()


def said_of(text: str | bytes) -> str:
    """What is wrong with the file, when it is handed in or when it is read."""
    try:
        return run(text).error
    except BadFile as refusal:
        return str(refusal)


@pytest.mark.parametrize("comma", [",", ";", "\t"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
def test_what_spreadsheets_write_is_read(db: None, comma: str, start: bytes) -> None:
    text = (
        comma.join(["Generic", "Form", "Strength"]) + "\r\n" + comma.join(["paracetamol", "Tablet", "500 mg"]) + "\r\n"
    )
    imported = run(start + text.encode())
    assert (imported.status, imported.added, imported.refused) == (ImportStatus.DONE, 1, 0)


def test_a_packed_file_is_unpacked_and_a_bomb_is_not(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(gzip.compress((HEAD + "paracetamol,,,500 mg,tablet,\n").encode())).added == 1
    monkeypatch.setattr(imports, "MOST_BYTES", 1_000_000)
    with pytest.raises(BadFile, match="larger"):
        taken(gzip.compress(HEAD.encode() + b"x" * 2_000_000))


# Rows ------------------------------------------------------------------------------------------------------------


def test_rows_are_taken_and_refused_one_by_one(db: None) -> None:
    imported = run(
        HEAD
        + "paracetamol,,Napa,500 mg,tablet,Beximco\n"
        + "paracetamol,,Napa,500 mg,tablet,Beximco\n"
        + ",,Ghost,1 mg,tablet,\n"
        + "paracetamol,,Napa,500 mg,pill,Beximco\n"
        + "paracetamol,,Napa\n"
        + "paracetamol,paracetamol|caffeine,Extra,500 mg,tablet,\n"
        + f"{'x' * 201},,,1 mg,tablet,\n"
        + '"caffeine + paracetamol","caffeine|paracetamol","Napa\nExtra",65 mg + 500 mg,tablet,Beximco\n'
        + "\n"
        + "paracetamol,,Ace,500 mg,tablet,Square\n"
    )
    assert (imported.added, imported.known, imported.refused) == (3, 0, 6)
    assert refusals(imported) == [
        (3, "duplicate"),
        (4, "generic"),
        (5, "form"),
        (6, "columns"),
        (7, "other_substances"),
        (8, "too_long"),
    ]
    assert set(Product.objects.values_list("brand", flat=True)) == {"Napa", "Napa Extra", "Ace"}
    combined = Generic.objects.get(name="caffeine + paracetamol")
    assert {each.name for each in combined.ingredients.all()} == {"caffeine", "paracetamol"}
    assert {code for _line, code in refusals(imported)} <= REFUSALS.keys()


def test_a_duplicate_in_a_later_batch_is_one_and_what_was_there_is_known(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(HEAD + "paracetamol,,Napa,500 mg,tablet,\n")
    Product.objects.update(is_active=False)
    monkeypatch.setattr(imports, "BATCH", 1)
    row = "paracetamol,,Napa,500 mg,tablet,\n"
    imported = run(HEAD + row + "paracetamol,,Ace,500 mg,tablet,\n" + row)
    assert (imported.added, imported.known, imported.refused) == (1, 1, 1)
    assert refusals(imported) == [(4, "duplicate")]
    assert Product.objects.get(brand="Napa").is_active


def test_interactions_are_taken_by_substance_name_and_class(db: None) -> None:
    run(HEAD + "warfarin,,,5 mg,tablet,\nibuprofen,,,400 mg,tablet,\n")
    ingredient("ibuprofen", also=["brufen"])
    imported = run(
        PAIRS
        + "Warfarin,brufen,severe,Bleeding,BNF\n"
        + "warfarin,unheard of,severe,Bleeding,BNF\n"
        + "warfarin,warfarin,severe,Bleeding,BNF\n"
        + "warfarin,ibuprofen,lethal,Bleeding,BNF\n"
        + "warfarin,ibuprofen,moderate,,BNF\n"
        + "ibuprofen,warfarin,moderate,Less,BNF\n",
        ImportKind.INTERACTIONS,
    )
    assert [code for _line, code in refusals(imported)] == ["unknown", "pair", "severity", "effect"]
    assert Interaction.objects.get().severity == "severe"
    assert ReferenceSet.objects.get(kind="interactions").is_starter is False


def test_what_a_full_table_names_was_looked_for_and_stays_so(db: None) -> None:
    services.load_starter()
    assert not Ingredient.objects.get(name="abacavir").is_assessed
    run(PAIRS + "abacavir,acamprosate,moderate,Less,BNF\n", ImportKind.INTERACTIONS)
    services.load_starter()
    known = {each.name: each.is_assessed for each in Ingredient.objects.filter(name__startswith="a")}
    assert (known["abacavir"], known["acamprosate"], known["acetazolamide"]) == (True, True, False)


# Broken off ------------------------------------------------------------------------------------------------------


class Died(BaseException):
    """As a worker that is killed: nothing of ours runs any more."""


def test_a_worker_that_dies_has_written_whole_batches_and_the_next_goes_on(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "BATCH", 10)
    imported = taken(HEAD + "".join(f"paracetamol,,Brand {number},500 mg,tablet,\n" for number in range(35)))
    services.start_import(imported)
    written = imports.write_medicines
    batches = iter([None, None, Died()])

    def dying(*args: Any, **kwargs: Any) -> Any:
        done = written(*args, **kwargs)
        if died := next(batches):
            raise died
        return done

    monkeypatch.setattr(imports, "write_medicines", dying)
    with pytest.raises(Died):
        services.run_import(imported.pk)
    imported.refresh_from_db()
    assert (imported.status, imported.added, Product.objects.count()) == (ImportStatus.RUNNING, 20, 20)
    monkeypatch.setattr(imports, "write_medicines", written)
    assert services.run_import(imported.pk) is False
    imported.refresh_from_db()
    assert (imported.status, imported.added, imported.refused, imported.percent) == (ImportStatus.DONE, 35, 0, 100)
    assert Product.objects.count() == 35


def test_what_cannot_be_read_later_breaks_off_and_says_where(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "BATCH", 2)
    rows = "".join(f"paracetamol,,Brand {number},500 mg,tablet,\n" for number in range(4))
    imported = run(HEAD.encode() + rows.encode() + b"paracetamol,,Caf\xe9,500 mg,tablet,\n")
    assert (imported.status, imported.added) == (ImportStatus.FAILED, 4)
    assert "Line 6 is not in UTF-8" in imported.error


def test_an_import_is_started_or_discarded_once(db: None) -> None:
    imported = taken(HEAD + "paracetamol,,,500 mg,tablet,\n")
    services.start_import(imported)
    for again in (services.start_import, services.discard_import):
        with pytest.raises(BadFile, match="not waiting"):
            again(imported)


class Endless(io.RawIOBase):
    """Rows that nobody wrote down: made while they are read."""

    def __init__(self, rows: int) -> None:
        self.left, self.rest, self.number = rows, HEAD.encode(), 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while len(self.rest) < len(buffer) and self.left:
            many = min(self.left, 1000)
            lines = range(self.number, self.number + many)
            self.rest += "".join(f"paracetamol,,Brand {line},500 mg,tablet,\n" for line in lines).encode()
            self.number, self.left = self.number + many, self.left - many
        taken, self.rest = self.rest[: len(buffer)], self.rest[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)


def test_a_file_is_read_in_little_memory_however_long_it_is() -> None:
    table = Table(io.BufferedReader(Endless(40_000)), ImportKind.MEDICINES)
    table.stream.seek = lambda *_: 0  # type: ignore[method-assign]
    table.begin()
    tracemalloc.start()
    try:
        count = sum(1 for _line, _text, row in table.rows() if not isinstance(row, Refused))
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 40_000
    assert peak < 1_000_000


# The admin -------------------------------------------------------------------------------------------------------


def handed_in(client: Client, text: str, **more: str) -> Any:
    facts = {"kind": "medicines", "source": "Register", "as_of": "2026-10-01"} | more
    return client.post(ADD, facts | {"file": upload(text)})


def test_admin_hands_in_looks_starts_and_reads_the_report(admin: User, client_of: ClientOf) -> None:
    client = client_of(admin)
    page = client.get(ADD).content.decode()
    assert "generic" in page
    text = HEAD + "paracetamol,,Napa,500 mg,tablet,Beximco\n=cmd(),,,1 mg,pill,\n"
    where = handed_in(client, text)["Location"]
    page = client.get(where).content.decode()
    assert "Napa" in page
    assert str(REFUSALS["form"]) in page
    assert not Product.objects.exists()
    imported = Import.objects.get()
    base = f"/admin/prescriptions/import/{imported.pk}/"
    assert client.post(f"{base}start/").status_code == 302
    assert 'hx-trigger="every 2s"' in client.get(where).content.decode()
    services.run_import(imported.pk)
    page = client.get(where).content.decode()
    assert "1 new, 0 known before, 1 refused" in page
    report = b"".join(client.get(f"{base}refused.csv")).decode()
    assert "'=cmd()" in report
    assert str(REFUSALS["form"]) in report
    assert client.get(f"{base}start/").status_code == 405


@pytest.mark.parametrize(
    ("text", "more", "words"),
    [
        ("name\nx\n", {}, "These columns are missing"),
        (HEAD, {"as_of": "2999-01-01"}, "still to come"),
        (HEAD, {"kind": "secrets"}, "Select a valid choice"),
    ],
)
def test_admin_is_told_what_is_wrong_beside_the_field(
    admin: User, client_of: ClientOf, text: str, more: dict[str, str], words: str
) -> None:
    answer = handed_in(client_of(admin), text, **more)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Import.objects.exists()


def test_a_discarded_file_is_gone(admin: User, client_of: ClientOf, django_capture_on_commit_callbacks: Any) -> None:
    client = client_of(admin)
    handed_in(client, HEAD + "paracetamol,,,500 mg,tablet,\n")
    imported = Import.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"/admin/prescriptions/import/{imported.pk}/discard/")
    imported.refresh_from_db()
    assert imported.status == ImportStatus.DISCARDED
    assert not private_storage().exists(imported.file)
    assert client.post(f"/admin/prescriptions/import/{imported.pk}/start/", follow=True).status_code == 200
    assert not Product.objects.exists()
