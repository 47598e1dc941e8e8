"""Signing freezes; amending supersedes; voiding ends; and anybody can see what a prescription is worth."""

import base64
import json
import shutil
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
import time_machine
from django.core.cache import cache
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone
from psycopg.errors import InsufficientPrivilege
from pytest_django import DjangoAssertNumQueries
from structlog.testing import capture_logs

from accounts.models import Action, Ground, TrailEntry, User
from appointments.models import Appointment
from config.embedded.postgres import APP_ROLE
from prescriptions.errors import DraftChanged, IllegalState, NeedsReasons, NoKey, NotComplete
from prescriptions.export import prescription_sections
from prescriptions.models import Override, Prescription, PrescriptionStatus, SignedPrescription, SigningKey
from prescriptions.services import (
    amend_prescription,
    is_untouched,
    make_key,
    sign_prescription,
    void_prescription,
)
from prescriptions.signing import is_genuine
from tests.appointments.races import at_once, tally
from tests.appointments.visits import at, confirmed
from tests.factories.doctors import QualificationFactory
from tests.factories.medicines import product
from tests.factories.patients import AllergyFactory, CareRelationshipFactory, GuardianshipFactory
from tests.page import read
from tests.prescriptions.papers import drafted, row, signed_for

type ClientOf = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _nobody_has_verified_yet() -> None:
    cache.clear()


@pytest.fixture
def visit(doctor: User, patient: User) -> Appointment:
    return confirmed(doctor, patient)


def path(visit: Appointment, what: str = "") -> str:
    return f"/appointments/{visit.pk}/prescription/{what}"


# Signing -----------------------------------------------------------------------------------------------------------


def test_doctor_signs_what_was_looked_through(visit: Appointment, doctor: User, client_of: ClientOf) -> None:
    make_key()
    QualificationFactory(doctor=doctor.doctor, degree="FCPS")
    drafted(visit, row(product("paracetamol", brand="Napa"), "১+০+১", food="after"), advice="Rest")
    client = client_of(doctor)
    assert "Sign the prescription" in read(client, path(visit, "review/")).html
    answer = client.post(path(visit, "sign/"))
    signed = SignedPrescription.objects.get()
    assert answer["Location"] == f"/prescriptions/{signed.prescription_id}/"
    page = read(client, answer["Location"]).html
    for words in ("Napa 500 mg tablet", "morning: 1 tablet", "in all 10 tablets", "Genuine", "FCPS", "<svg"):
        assert words in page
    document = json.loads(signed.document)
    assert document["items"] == [
        {
            "name": "Napa 500 mg tablet",
            "generic": "paracetamol",
            "form": "tablet",
            "dose": "1+0+1",
            "food": "after",
            "days": 5,
            "quantity": "10",
            "note": "",
        }
    ]
    assert (document["code"], document["key"], document["advice"]) == (signed.code, signed.key.kid, "Rest")
    assert is_untouched(signed)
    assert signed.prescription.status == PrescriptionStatus.SIGNED
    assert TrailEntry.objects.filter(action=Action.SIGNED, by=doctor, ground_id=str(visit.pk)).count() == 1


def test_names_are_those_of_the_day_of_signing(visit: Appointment, doctor: User, patient: User) -> None:
    signed = signed_for(visit)
    patient.patient.name, doctor.doctor.name = "Somebody Else", "Another Doctor"
    patient.patient.save()
    doctor.doctor.save()
    document = json.loads(SignedPrescription.objects.get().document)
    assert "Somebody Else" not in (document["patient"]["name"], document["doctor"]["name"])
    assert is_untouched(signed)


def test_what_is_not_ready_is_not_signed(visit: Appointment, doctor: User, patient: User, client_of: ClientOf) -> None:
    amoxicillin = product("amoxicillin")
    draft = drafted(visit, row(amoxicillin))
    with pytest.raises(NoKey):
        sign_prescription(draft, by=doctor)
    make_key()
    for wrong in ({"dose": "thrice"}, {"dose": ""}, {"days": None}):
        with pytest.raises(NotComplete):
            sign_prescription(drafted(visit, row(amoxicillin, **wrong)), by=doctor)
        assert "Sign the prescription" not in client_of(doctor).get(path(visit, "review/")).content.decode()
    AllergyFactory(patient=patient.patient, substance="Amoxicillin")
    draft = drafted(visit, row(amoxicillin))
    with pytest.raises(NeedsReasons):
        sign_prescription(draft, by=doctor)
    assert client_of(doctor).post(path(visit, "sign/")).status_code == 409
    assert not SignedPrescription.objects.exists()
    Override.objects.create(
        prescription=draft, key="allergy:Amoxicillin:amoxicillin", code="allergy", severity="severe", reason="Tested"
    )
    assert sign_prescription(Prescription.objects.for_composer().get(), by=doctor)


def test_a_draft_that_changed_since_it_was_read_is_not_signed(visit: Appointment, doctor: User) -> None:
    make_key()
    draft = drafted(visit)
    drafted(visit, row("Something else"))
    with pytest.raises(DraftChanged):
        sign_prescription(draft, by=doctor)


@pytest.mark.django_db(transaction=True)
def test_signed_at_once_from_six_tabs_it_is_signed_once(visit: Appointment, doctor: User) -> None:
    make_key()
    draft = drafted(visit)
    outcomes = at_once(*[lambda: sign_prescription(draft, by=doctor)] * 6)
    assert tally(outcomes) == {"done": 1, "DraftChanged": 5}
    assert SignedPrescription.objects.count() == 1


# Frozen ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE prescriptions_signedprescription SET document = '{}'",
        "UPDATE prescriptions_signedprescription SET expires_on = expires_on + 1",
        "DELETE FROM prescriptions_signedprescription",
        "UPDATE prescriptions_signingkey SET public = 'x'",
        "DELETE FROM prescriptions_signingkey",
    ],
)
def test_a_signed_row_is_not_rewritten_even_by_the_owner_of_the_table(visit: Appointment, statement: str) -> None:
    signed = signed_for(visit)
    with pytest.raises(DatabaseError, match="pgtrigger: Cannot"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert is_untouched(SignedPrescription.objects.select_related("key").get(pk=signed.pk))


@pytest.mark.django_db(transaction=True)
def test_the_processes_role_has_no_right_to_rewrite_it(visit: Appointment) -> None:
    signed_for(visit)
    call_command("grant_app_role", verbosity=0)
    database = connection.settings_dict
    with psycopg.connect(f"postgresql://{APP_ROLE}@/{database['NAME']}?host={quote(database['HOST'], safe='')}") as app:
        for statement in ("UPDATE {} SET document = ''", "DELETE FROM {}", "TRUNCATE {} CASCADE"):
            with pytest.raises(InsufficientPrivilege):
                app.execute(statement.format("prescriptions_signedprescription"))
            app.rollback()


def test_openssl_verifies_a_prescription_with_the_published_key(visit: Appointment, tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    assert openssl
    signed = signed_for(visit, row("নাপা"), advice="বিশ্রাম নিন")
    (tmp_path / "document").write_text(signed.document, encoding="utf-8")
    (tmp_path / "signature").write_bytes(base64.b64decode(signed.signature))
    key = Client().get(f"/rx/keys/{json.loads(signed.document)['key']}.pem")
    (tmp_path / "key.pem").write_bytes(key.content)
    command = [openssl, "pkeyutl", "-verify", "-pubin", "-inkey", "key.pem", "-rawin", "-in", "document"]
    command += ["-sigfile", "signature"]
    assert subprocess.run(command, cwd=tmp_path, check=False).returncode == 0
    (tmp_path / "document").write_text(signed.document.replace("নাপা", "নাপো"), encoding="utf-8")
    assert subprocess.run(command, cwd=tmp_path, check=False).returncode != 0


def test_keys_rotate_and_what_was_signed_before_stays_genuine(
    visit: Appointment, doctor: User, patient: User, capsys: pytest.CaptureFixture[str]
) -> None:
    first = signed_for(visit)
    secret = SigningKey.objects.get().secret
    call_command("signing_key", "--renew")
    assert SigningKey.objects.get().secret != secret
    call_command("signing_key", "--retire-others")
    assert "1 older ones sign no more" in capsys.readouterr().out
    second = signed_for(confirmed(doctor, patient, at(12)))
    assert first.key_id != second.key_id
    assert SigningKey.objects.get(pk=first.key_id).secret == ""
    for signed in SignedPrescription.objects.select_related("key"):
        assert is_untouched(signed)


# What becomes of it --------------------------------------------------------------------------------------------------


def test_amending_signs_another_that_names_the_old_one(visit: Appointment, doctor: User, client_of: ClientOf) -> None:
    old = signed_for(visit)
    client = client_of(doctor)
    assert client.post(f"/prescriptions/{old.prescription_id}/amend/")["Location"] == path(visit)
    again = amend_prescription(old.prescription, by=doctor)
    assert (again.replaces_id, again.items.count()) == (old.prescription_id, 1)
    old.prescription.refresh_from_db()
    assert old.prescription.status == PrescriptionStatus.SIGNED
    new = sign_prescription(Prescription.objects.drafts().for_composer().get(), by=doctor)
    assert json.loads(new.document)["replaces"] == old.code
    old.prescription.refresh_from_db()
    assert old.prescription.status == PrescriptionStatus.SUPERSEDED
    assert "Replaced by a newer one" in read(Client(), f"/rx/{old.code}/").html
    assert "Genuine" in read(Client(), f"/rx/{new.code}/").html
    page = read(client, f"/prescriptions/{old.prescription_id}/")
    assert f"/prescriptions/{new.prescription_id}/" in page.links.values()
    with pytest.raises(IllegalState):
        amend_prescription(old.prescription, by=doctor)


def test_voiding_wants_a_reason_and_ends_it(visit: Appointment, doctor: User, client_of: ClientOf) -> None:
    signed = signed_for(visit)
    client, address = client_of(doctor), f"/prescriptions/{signed.prescription_id}/"
    assert "For the pharmacy" in read(client, address).html
    client.post(f"{address}void/", {"reason": " "})
    assert Prescription.objects.get().status == PrescriptionStatus.SIGNED
    client.post(f"{address}void/", {"reason": "Wrong patient"})
    assert Prescription.objects.get().status == PrescriptionStatus.VOID
    page = read(Client(), f"/rx/{signed.code}/").html
    assert "Void" in page
    assert "Napa" not in page
    assert "Wrong patient" not in page
    own = read(client, address).html
    assert "Wrong patient" in own
    assert "For the pharmacy" not in own
    assert client.post(f"{address}void/", {"reason": "Again"}).status_code == 409


def test_one_that_was_voided_meanwhile_is_not_amended(visit: Appointment, doctor: User) -> None:
    old = signed_for(visit)
    amend_prescription(old.prescription, by=doctor)
    void_prescription(old.prescription, reason="Wrong patient", by=doctor)
    with pytest.raises(IllegalState):
        sign_prescription(Prescription.objects.drafts().for_composer().get(), by=doctor)
    assert SignedPrescription.objects.count() == 1


# Verifying -----------------------------------------------------------------------------------------------------------


def test_pharmacist_sees_what_is_needed_and_no_more(visit: Appointment, doctor: User, patient: User) -> None:
    signed = signed_for(visit, advice="A secret about the marriage", tests="HIV")
    page = read(Client(), f"/rx/{signed.code}/").html
    for words in ("Genuine", "Napa 500 mg tablet", "in all 10 tablets", doctor.doctor.registration_number):
        assert words in page
    for words in (patient.patient.name, "marriage", "HIV", str(patient.patient.phone), str(visit.pk)):
        assert words not in page
    assert not TrailEntry.objects.filter(action=Action.READ, about="prescriptions.prescription").exists()


def test_an_old_one_is_expired(visit: Appointment) -> None:
    signed = signed_for(visit)
    with time_machine.travel(timezone.now() + timedelta(days=32)):
        assert "Expired" in read(Client(), f"/rx/{signed.code}/").html


@pytest.mark.parametrize(
    "altered",
    [
        """document = replace(document, '"quantity":"10"', '"quantity":"90"')""",
        "document = left(document, -1)",
        "document = 'nothing'",
        "expires_on = expires_on + 365",
        "signature = 'AAAA'",
    ],
)
def test_one_that_was_altered_in_the_database_is_not_genuine(
    visit: Appointment, doctor: User, patient: User, client_of: ClientOf, altered: str
) -> None:
    """By who has all rights there. Whoever opens it is told so, and is shown nothing of what stands there now; lists go
    on, and the log has the row's key for whoever runs the portal."""
    signed = signed_for(visit)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE prescriptions_signedprescription DISABLE TRIGGER USER")
        cursor.execute(f"UPDATE prescriptions_signedprescription SET {altered}")
        cursor.execute("ALTER TABLE prescriptions_signedprescription ENABLE TRIGGER USER")
    own = f"/prescriptions/{signed.prescription_id}/"
    for client, address in ((Client(), f"/rx/{signed.code}/"), (client_of(doctor), own), (client_of(patient), own)):
        page = read(client, address).html
        assert "Not genuine" in page
        assert "Napa" not in page
    assert client_of(patient).get(f"{own}prescription.pdf").status_code == 404
    for client, address in ((client_of(patient), "/prescriptions/"), (client_of(doctor), "/practice/prescriptions/")):
        assert own in read(client, address).links.values()
    with capture_logs() as logged:
        Client().get(f"/rx/{signed.code}/")
    assert [(each["event"], each["signed"]) for each in logged if each["log_level"] == "error"] == [
        ("signed_row_not_genuine", str(signed.pk))
    ]


def test_a_copy_under_another_code_is_not_genuine(visit: Appointment, doctor: User, patient: User) -> None:
    signed, other = signed_for(visit), signed_for(confirmed(doctor, patient, at(12)))
    other.document, other.signature = signed.document, signed.signature
    assert not is_untouched(other)


def test_codes_that_are_none_are_handled(visit: Appointment) -> None:
    code = signed_for(visit).code
    client = Client()
    for wrong in (code[:-1], code + "0", "0" * 11 + "1", "x", "%00", "'; --", "🙂", "A" * 300):
        assert client.get(f"/rx/{quote(wrong)}/").status_code == 404, wrong
        assert client.get("/rx/", {"code": wrong}).status_code == 404, wrong
    assert client.get("/rx/", {"code": f" {code[:4]} {code[4:8]}-{code[8:].lower()}"})["Location"] == f"/rx/{code}/"
    assert read(client, "/rx/").title == "Is a prescription genuine?"


def test_nobody_tries_codes_by_the_hundred(visit: Appointment) -> None:
    code = signed_for(visit).code
    client = Client()
    found = [client.get(f"/rx/{code}/").status_code for _ in range(41)]
    assert (found[:40], found[40]) == ([200] * 40, 429)
    assert client.get(f"/rx/{code}/", headers={"X-Forwarded-For": "203.0.113.9, 127.0.0.1"}).status_code == 429


def test_verifying_takes_so_many_queries(visit: Appointment, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    code = signed_for(visit).code
    with django_assert_num_queries(1):
        Client().get(f"/rx/{code}/")


# Who reads -----------------------------------------------------------------------------------------------------------


def test_patients_side_reads_it_and_it_is_written_down(
    visit: Appointment, other_doctor: User, patient: User, stranger: User, client_of: ClientOf
) -> None:
    """A doctor who treats the patient as well does not: tests/prescriptions/test_lists.py has what that one reads."""
    signed = signed_for(visit)
    address = f"/prescriptions/{signed.prescription_id}/"
    assert client_of(stranger).get(address).status_code == 404
    GuardianshipFactory(guardian=stranger, patient=patient.patient)
    CareRelationshipFactory(patient=patient.patient, doctor=other_doctor.doctor)
    assert client_of(other_doctor).get(address).status_code == 404
    for user in (patient, stranger):
        page = read(client_of(user), address)
        assert "Napa 500 mg tablet" in page.html
        assert "Make it void" not in page.html
        assert client_of(user).post(f"{address}void/", {"reason": "Mine"}).status_code == 403
    looks = TrailEntry.objects.filter(action=Action.READ, about="prescriptions.prescription").order_by("pk")
    assert list(looks.values_list("by", "ground", "ground_id")) == [
        (patient.pk, Ground.SELF, ""),
        (stranger.pk, Ground.GUARDIAN, ""),
    ]


@pytest.mark.parametrize("rows", [1, 3])
def test_list_takes_as_many_queries_for_one_as_for_three(
    doctor: User, patient: User, client_of: ClientOf, django_assert_num_queries: DjangoAssertNumQueries, rows: int
) -> None:
    for number in range(rows):
        signed_for(confirmed(doctor, patient, at(10 + number)))
    client = client_of(patient)
    client.get("/prescriptions/")
    with django_assert_num_queries(6):
        page = client.get("/prescriptions/").content.decode()
    assert page.count('class="visit-link"') == rows


def test_copy_of_ones_data_has_what_it_takes_to_verify_it(visit: Appointment, patient: User) -> None:
    signed = signed_for(visit)
    _notes, section = prescription_sections(patient.patient)
    ((code, _at, _status, kid, signature, document),) = section.rows
    assert (code, kid) == (signed.code, signed.key.kid)
    assert is_genuine(document.encode(), signature, signed.key.public)


def test_what_is_to_be_taken_now_stands_first_until_it_ends(
    visit: Appointment, doctor: User, patient: User, client_of: ClientOf
) -> None:
    napa, seclo = product("paracetamol", brand="Napa"), product("omeprazole", brand="Seclo")
    signed_for(visit, row(napa, days=2), row(seclo, days=14))
    gone = signed_for(confirmed(doctor, patient, at(12)), row(product("warfarin")))
    void_prescription(gone.prescription, reason="Wrong patient", by=doctor)

    def taken(user: User) -> list[bool]:
        page = client_of(user).get("/prescriptions/").content.decode()
        now = page[page.find('aria-labelledby="rx-now"') :].partition("</section>")[0]
        return [name in now for name in ("To be taken now", "Napa 500 mg", "Seclo 500 mg", "warfarin")]

    assert taken(patient) == [True, True, True, False]
    # A doctor's own are another list.
    assert taken(doctor) == [False, False, False, False]
    with time_machine.travel(timezone.now() + timedelta(days=5)):
        assert taken(patient) == [True, False, True, False]
