"""Erasing a person: asked for, thought over, done for good in every room, and what the law keeps is kept nameless."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from urllib.parse import quote

import psycopg
import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import Erasure, Kind, Notification, TrailEntry, User
from accounts.services import notify
from appointments.models import Appointment, Status
from appointments.services import cancel_appointment
from config import retention
from config.db import is_append_only
from config.embedded.postgres import APP_ROLE
from config.erasure import erase_if_due
from config.files import private_storage
from config.tasks import sweep_erasures
from doctors.models import Certificate, VerificationDraft
from doctors.services import save_draft
from doctors.tasks import sweep_certificates
from patients.models import Allergy, FileToRemove, Guardianship, MedicalRecord, Patient
from payments.models import Charge, LedgerEntry, Refund
from prescriptions.services import cancel_order, pay_order
from tests.appointments.visits import at, confirmed
from tests.doctors.verifications import applied, certificate_of
from tests.factories.accounts import PASSWORD, UserFactory
from tests.factories.patients import GuardianshipFactory
from tests.page import read
from tests.prescriptions.orders import placed

type ClientOf = Callable[[User], Client]

WORDS = "Penicillin", "A cough since Monday", "Blood count"


@pytest.fixture
def fresh(client_of: ClientOf) -> ClientOf:
    def signed_in(user: User) -> Client:
        client = client_of(user)
        client.post("/accounts/reauthenticate/", {"password": PASSWORD})
        return client

    return signed_in


@pytest.fixture
def known(doctor: User, patient: User) -> User:
    """A patient of whom every room knows something: a past visit that was paid, facts, a record, a notice."""
    person = patient.patient
    patient.name = person.name = "Shahnaz Parvin"
    patient.save()
    person.save()
    visit = confirmed(doctor, patient, at(10), reason="A cough since Monday")
    past = timezone.now() - timedelta(days=3)
    Appointment.objects.filter(pk=visit.pk).update(
        status=Status.COMPLETED,
        period=(past, past + timedelta(minutes=15)),
        blocked=(past, past + timedelta(minutes=15)),
    )
    Allergy.objects.create(patient=person, substance="Penicillin", category="medication", recorded_by=patient)
    MedicalRecord.objects.create(
        patient=person,
        kind="lab_report",
        title="Blood count",
        dated=timezone.localdate(),
        file=private_storage().save("records/known.pdf", ContentFile(b"%PDF-1.7")),
        original_name="blood.pdf",
        content_type="application/pdf",
        size=8,
        sha256="0" * 64,
        uploaded_by=patient,
    )
    return patient


def erased(user: User, fresh: ClientOf) -> None:
    """Asked for on the page, and the day has come."""
    client = fresh(user)
    assert client.post("/account/data/erase/", {"understood": "on"})["Location"] == "/account/data/"
    Erasure.objects.update(asked_at=timezone.now() - timedelta(days=15), due_at=timezone.now() - timedelta(days=1))
    sweep_erasures()


def everything_written() -> str:
    """All text in all tables."""
    found = []
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            if model._meta.managed and not model._meta.proxy:
                cursor.execute(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM \"{model._meta.db_table}\" t")
                found.append(cursor.fetchone()[0])
    return " ".join(found)


def test_nothing_says_any_more_who_it_was_or_what_was_wrong(known: User, fresh: ClientOf) -> None:
    person, email, name = known.patient, known.email, known.name
    before = everything_written()
    assert all(words in before for words in (*WORDS, email, str(person.phone)))
    erased(known, fresh)
    after = everything_written()
    assert [words for words in (*WORDS, email, name, str(person.phone), "blood.pdf") if words in after] == []


def test_visits_and_books_stay_without_a_name(known: User, fresh: ClientOf) -> None:
    entries = list(LedgerEntry.objects.order_by("pk").values())
    erased(known, fresh)
    visit = Appointment.objects.get()
    assert (visit.status, visit.reason, visit.patient.name) == (Status.COMPLETED, "", "")
    assert Charge.objects.get().payer_phone == ""
    assert list(LedgerEntry.objects.order_by("pk").values()) == entries
    trail = TrailEntry.objects.about_patients([visit.patient_id])
    assert [(entry.action, entry.code) for entry in trail] == [("erased", "history")]


def test_files_go_too(known: User, fresh: ClientOf) -> None:
    (name,) = MedicalRecord.objects.values_list("file", flat=True)
    erased(known, fresh)
    assert FileToRemove.objects.filter(name=name).exists()


def test_nobody_signs_in_to_it_any_more(known: User, fresh: ClientOf) -> None:
    client, email = fresh(known), known.email
    erased(known, fresh)
    assert client.get("/account/")["Location"].startswith("/accounts/login/")
    answer = Client().post("/accounts/login/", {"login": email, "password": PASSWORD})
    assert answer.status_code != 302
    assert not EmailAddress.objects.filter(email=email).exists()


def test_those_for_whom_nobody_else_acts_go_too_and_others_stay(patient: User, fresh: ClientOf) -> None:
    alone = GuardianshipFactory(guardian=patient, patient__name="Mitu").patient
    shared = GuardianshipFactory(guardian=patient, patient__name="Rafi").patient
    father = GuardianshipFactory(patient=shared).guardian
    page = fresh(patient).get("/account/data/erase/").content.decode()
    assert "Mitu" in page
    assert "Rafi" not in page
    erased(patient, fresh)
    assert Patient.objects.get(pk=alone.pk).name == ""
    assert Patient.objects.get(pk=shared.pk).name == "Rafi"
    assert list(Guardianship.objects.values_list("guardian", flat=True)) == [father.pk]


def test_a_person_may_think_again(patient: User, fresh: ClientOf) -> None:
    client = fresh(patient)
    client.post("/account/data/erase/", {"understood": "on"})
    (told,) = Notification.objects.filter(kind=Kind.ERASURE_ASKED)
    assert told.user == patient
    page = read(client, "/account/data/")
    assert "going to be erased" in page.html
    assert "Keep my account" in page.buttons
    sweep_erasures()
    client.post("/account/data/keep/")
    assert not Erasure.objects.exists()
    assert "going to be erased" not in read(client, "/account/data/").html


def test_asked_twice_the_first_date_counts(patient: User, fresh: ClientOf) -> None:
    client = fresh(patient)
    client.post("/account/data/erase/", {"understood": "on"})
    first = Erasure.objects.get().due_at
    client.post("/account/data/erase/", {"understood": "on"})
    assert Erasure.objects.get().due_at == first
    assert Notification.objects.filter(kind=Kind.ERASURE_ASKED).count() == 1


def test_it_must_be_understood_and_signed_in_freshly(patient: User, client_of: ClientOf, fresh: ClientOf) -> None:
    stale = client_of(patient).post("/account/data/erase/", {"understood": "on"})
    assert stale["Location"].startswith("/accounts/reauthenticate/")
    answer = fresh(patient).post("/account/data/erase/", {})
    assert answer.status_code == 422
    assert "Please tick this" in answer.content.decode()
    assert not Erasure.objects.exists()


def test_what_is_open_is_in_the_way_first_and_at_the_end(doctor: User, patient: User, fresh: ClientOf) -> None:
    client = fresh(patient)
    client.post("/account/data/erase/", {"understood": "on"})
    visit = confirmed(doctor, patient, at(10))
    Erasure.objects.update(asked_at=timezone.now() - timedelta(days=15), due_at=timezone.now() - timedelta(seconds=1))
    assert not erase_if_due(patient.pk)
    assert "an appointment ahead" in client.get("/account/data/erase/").content.decode()
    cancel_appointment(visit, by=patient, side="patient")
    assert Refund.objects.exists()
    answer = client.post("/account/data/erase/", {"understood": "on"})
    assert answer.status_code == 409
    assert "still on its way" in answer.content.decode()
    assert not erase_if_due(patient.pk)
    Refund.objects.update(status=Refund.Status.DONE, done_at=timezone.now())
    assert erase_if_due(patient.pk)
    assert not erase_if_due(patient.pk)


def test_doctors_and_administrators_are_told_to_write(doctor: User, admin: User, fresh: ClientOf) -> None:
    for user in (doctor, admin):
        answer = fresh(user).post("/account/data/erase/", {"understood": "on"})
        assert answer.status_code == 409
        assert "Write to us" in answer.content.decode()
    assert not Erasure.objects.exists()


# The history of rows ----------------------------------------------------------------------------------------------


def test_every_history_that_names_a_patient_is_emptied(known: User, fresh: ClientOf) -> None:
    """A new tracked table is found by its columns, without anybody thinking of it."""
    person = known.patient
    histories = [
        model
        for model in apps.get_models()
        if is_append_only(model) and "patient" in {field.name for field in model._meta.fields}
    ]
    assert len(histories) >= 4
    assert any(model.objects.filter(patient=person).exists() for model in histories)
    erased(known, fresh)
    assert [model for model in histories if model.objects.filter(patient_id=person.pk).exists()] == []


@pytest.mark.django_db(transaction=True)
def test_the_processes_role_erases_history_by_the_one_function_and_of_nobody_who_is_there(patient: User) -> None:
    person = patient.patient
    call_command("grant_app_role", verbosity=0)
    database = connection.settings_dict
    address = f"postgresql://{APP_ROLE}@/{database['NAME']}?host={quote(database['HOST'], safe='')}"
    with psycopg.connect(address, autocommit=True) as app:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("DELETE FROM patients_patientevent")
        with pytest.raises(psycopg.errors.CheckViolation):
            app.execute("SELECT erase_patient_history(%s, %s)", [person.pk, patient.pk])
        app.execute("UPDATE patients_patient SET name = '', user_id = NULL WHERE id = %s", [person.pk])
        (removed,) = app.execute("SELECT erase_patient_history(%s, %s)", [person.pk, patient.pk]).fetchone() or (0,)
        assert removed >= 2


# Retention --------------------------------------------------------------------------------------------------------


def test_what_is_past_its_time_goes_and_the_rest_stays(patient: User) -> None:
    notify(patient, Kind.REFUND_DONE, facts={"amount": "1"})
    unproven = UserFactory(address__verified=False)
    proven = UserFactory()
    for days, left in ((29, {unproven, proven, patient}), (31, {proven, patient})):
        with time_machine.travel(timezone.now() + timedelta(days=days)):
            retention.keep_to_retention()
        assert set(User.objects.all()) == left
    assert Notification.objects.count() == 1
    with time_machine.travel(timezone.now() + timedelta(days=731)):
        assert retention.keep_to_retention()["notifications"] == 1
    assert retention.keep_to_retention() == {
        "sessions": 0,
        "notifications": 0,
        "numbers": 0,
        "reminders": 0,
        "review_requests": 0,
        "drafts": 0,
        "accounts": 0,
        "treatment": 0,
    }


@pytest.mark.django_db(transaction=True)
def test_application_that_was_never_sent_goes_after_ninety_days_with_its_file(patient: User, stranger: User) -> None:
    """Of two, the one that somebody wrote in meanwhile stays; what was sent stays however old it is."""
    files = {}
    for user in (patient, stranger):
        certificate_of(user)
        save_draft(user, "you", {"name": ["Farhana Rahman"]})
        files[user] = Certificate.objects.get(user=user).file
    sent = applied(UserFactory())
    with time_machine.travel(timezone.now() + timedelta(days=60)):
        save_draft(stranger, "you", {"name": ["Nasreen Akter"]})
    with time_machine.travel(timezone.now() + timedelta(days=89)):
        assert retention.keep_to_retention()["drafts"] == 0
    with time_machine.travel(timezone.now() + timedelta(days=91)):
        assert retention.keep_to_retention()["drafts"] == 1
        sweep_certificates()
    assert not Certificate.objects.filter(user=patient).exists()
    assert not private_storage().exists(files[patient])
    assert VerificationDraft.objects.get().user == stranger
    assert private_storage().exists(files[stranger])
    assert private_storage().exists(sent.certificate.file)


@pytest.mark.django_db(transaction=True)
def test_application_that_was_never_sent_goes_with_the_person(patient: User, fresh: ClientOf) -> None:
    certificate_of(patient)
    save_draft(patient, "you", {"name": ["Farhana Rahman"]})
    file = Certificate.objects.get().file
    erased(patient, fresh)
    assert Erasure.objects.get().done_at
    assert not VerificationDraft.objects.exists()
    sweep_certificates()
    assert not Certificate.objects.exists()
    assert not private_storage().exists(file)
    assert "Farhana" not in everything_written()


def test_what_is_ordered_is_in_the_way_and_what_was_asked_goes(doctor: User, patient: User, fresh: ClientOf) -> None:
    order = placed(doctor, patient, question="Is it my liver?", own_price=Decimal(0))
    pay_order(order, by=patient)
    assert fresh(patient).post("/account/data/erase/", {"understood": "on"}).status_code == 409
    cancel_order(order, by=patient)
    erased(patient, fresh)
    order.refresh_from_db()
    assert (order.question, order.status) == ("", "cancelled")
    assert not Notification.objects.filter(facts__path=order.get_absolute_url()).exists()
