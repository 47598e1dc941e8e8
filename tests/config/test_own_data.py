"""A copy of one's data: complete, of oneself and of those one acts for alone, after a fresh sign-in, on the trail."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from django.utils import translation

from accounts.models import Action, Ground, TrailEntry, User
from config.export import Section, as_json, as_pdf
from doctors.services import save_draft
from patients.models import Allergy, NoneKnown
from tests.appointments.visits import at, confirmed
from tests.factories.accounts import PASSWORD
from tests.factories.patients import GuardianshipFactory
from tests.page import read

type ClientOf = Callable[[User], Client]


@pytest.fixture
def fresh(client_of: ClientOf) -> ClientOf:
    """A browser whose person has said the password a moment ago."""

    def signed_in(user: User) -> Client:
        client = client_of(user)
        client.post("/accounts/reauthenticate/", {"password": PASSWORD})
        return client

    return signed_in


def text_of(pdf: bytes, tmp_path: Path) -> str:
    path = tmp_path / "copy.pdf"
    path.write_bytes(pdf)
    from pypdf import PdfReader

    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def test_the_copy_holds_what_every_room_keeps(doctor: User, patient: User, fresh: ClientOf) -> None:
    visit = confirmed(doctor, patient, at(10), reason="A cough since Monday")
    Allergy.objects.create(patient=patient.patient, substance="Penicillin", category="medication", severity="severe")
    NoneKnown.objects.create(patient=patient.patient, kind="medicines", said_by=patient)
    answer = fresh(patient).get("/account/data/export.json")
    assert answer["Content-Disposition"].startswith('attachment; filename="data-')
    copy = json.loads(answer.content)
    assert copy["account"]["email"] == patient.email
    assert copy["patient"]["id"] == str(patient.patient.pk)
    assert copy["allergies"][0]["substance"] == "Penicillin"
    assert copy["allergies"][0]["severity"] == "severe"
    assert copy["none_known"][0]["kind"] == "medicines"
    assert copy["appointments"][0] | {"id": str(visit.pk), "reason": "A cough since Monday"} == copy["appointments"][0]
    assert copy["charges"][0]["amount"] == "800.00"
    assert copy["care"][0]["doctor"] == doctor.doctor.full_name
    assert copy["trail"][0]["action"] == "exported"


def test_the_copy_holds_what_was_filled_in_to_apply_and_never_sent(patient: User, fresh: ClientOf) -> None:
    save_draft(patient, "you", {"name": ["Dr. Rahima Begum"], "languages": ["bn", "en"]})
    copy = json.loads(fresh(patient).get("/account/data/export.json").content)
    assert copy["application_draft"] == [
        {"page": "you", "question": "name", "answer": "Dr. Rahima Begum"},
        {"page": "you", "question": "languages", "answer": "bn, en"},
    ]
    assert copy["applications"] == []


def test_the_copy_to_read_says_the_same_in_the_persons_language(
    doctor: User, patient: User, fresh: ClientOf, tmp_path: Path
) -> None:
    patient.patient.name = "রহিমা বেগম"
    patient.patient.save()
    Allergy.objects.create(patient=patient.patient, substance="Penicillin #eval(1) <b>", category="medication")
    answer = fresh(patient).get("/account/data/export.pdf")
    assert answer["Content-Type"] == "application/pdf"
    text = text_of(answer.content, tmp_path)
    assert "Penicillin #eval(1) <b>" in text
    assert "Your data" in text
    assert patient.email in text


def test_taking_a_copy_asks_for_a_fresh_sign_in_and_is_on_the_trail(
    patient: User, client_of: ClientOf, fresh: ClientOf
) -> None:
    stale = client_of(patient).get("/account/data/export.json")
    assert stale["Location"].startswith("/accounts/reauthenticate/")
    assert not TrailEntry.objects.exists()
    fresh(patient).get("/account/data/export.json")
    entry = TrailEntry.objects.get()
    assert (entry.action, entry.by, entry.subject, entry.ground) == (
        Action.EXPORTED,
        patient,
        patient.patient.pk,
        Ground.SELF,
    )


def test_a_guardian_takes_a_copy_of_the_child_and_nobody_else_does(
    patient: User, stranger: User, doctor: User, fresh: ClientOf
) -> None:
    child = GuardianshipFactory(guardian=patient, patient__name="Mitu").patient
    address = f"/account/data/{child.pk}/export.json"
    copy = json.loads(fresh(patient).get(address).content)
    assert copy["patient"]["name"] == "Mitu"
    assert "account" not in copy
    assert "charges" not in copy
    assert TrailEntry.objects.get().ground == Ground.GUARDIAN
    for other in (stranger, doctor):
        assert fresh(other).get(address).status_code == 404


def test_the_page_offers_oneself_and_ones_family(patient: User, client_of: ClientOf) -> None:
    child = GuardianshipFactory(guardian=patient, patient__name="Mitu").patient
    links = read(client_of(patient), "/account/data/").links
    assert links["PDF, to read"] == "/account/data/export.pdf"
    assert links["JSON of Mitu"] == f"/account/data/{child.pk}/export.json"
    assert read(client_of(patient), "/account/").links["Take a copy, or have it erased"] == "/account/data/"


@pytest.mark.parametrize("form", ["xml", "JSON", "pdf/..", ""])
def test_there_are_two_forms_and_no_others(patient: User, fresh: ClientOf, form: str) -> None:
    assert fresh(patient).get(f"/account/data/export.{form}").status_code == 404


def test_a_hostile_fact_is_set_as_the_text_that_it_is(tmp_path: Path) -> None:
    """The template's language, paths and addresses arrive as data."""
    hostile = '#read("/etc/passwd") #include "own_data.typ" https://example.org/x $sum$ \\ [*x*] "]} #json("/x")'
    section = Section("a", "A", [("b", "B")], [(hostile,)])
    with translation.override("bn"):
        text = text_of(as_pdf([section], title="ক্ষ স্ত্র র্ক", intro=hostile), tmp_path)
    assert "root:" not in text
    assert '#read("/etc/passwd")' in text.replace("\n", " ")


def test_no_section_names_two_things_alike() -> None:
    section = Section("a", "A", [("b", "B"), ("c", "C")], [(1, 2), (3, 4)])
    assert json.loads(as_json([section])) == {"a": [{"b": 1, "c": 2}, {"b": 3, "c": 4}]}
