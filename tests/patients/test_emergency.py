"""Emergency access: with a reason, after a fresh sign-in, for half an hour, told at once and reviewed by another."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import Action, Ground, Kind, Notification, TrailEntry, User
from patients.errors import OwnAccess
from patients.models import EmergencyAccess, EmergencyReason, Patient, Verdict
from patients.services import open_emergency_access, review_emergency_access
from tests.factories.accounts import PASSWORD, UserFactory
from tests.factories.patients import GuardianshipFactory, PatientFactory
from tests.factories.records import MedicalRecordFactory
from tests.page import read

type ClientOf = Callable[[User], Client]

WHY = {"reason": "emergency", "words": "Found unconscious, the ambulance asks for allergies."}


def guard(email: str = "guard@example.com", *, rights: tuple[str, ...] = ("break_glass",)) -> User:
    user = UserFactory(email=email, as_admin=True, is_superuser=False, name="Wahida Begum")
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    return user


def fresh(client: Client, user: User) -> Client:
    """Says the password once more, as the portal asks before it opens anything."""
    client.force_login(user)
    assert client.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 302
    return client


def opened(patient: Patient, by: User) -> EmergencyAccess:
    return open_emergency_access(
        patient, by=by, reason=EmergencyReason.EMERGENCY, words="The ambulance asks for allergies."
    )


def test_an_administrator_finds_says_why_and_looks(patient: User) -> None:
    admin = guard()
    client = fresh(Client(), admin)
    found = read(client, f"/emergency/?q={patient.email}")
    (address,) = [href for words, href in found.links.items() if patient.patient.name in words]
    assert "told at once" in read(client, address).html
    answer = client.post(address, WHY)
    access = EmergencyAccess.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == f"/emergency/{access.pk}/"
    page = read(client, answer["Location"])
    assert patient.patient.name in page.html
    entries = TrailEntry.objects.about_patients([patient.patient.pk])
    assert {(entry.by, entry.ground, entry.ground_id) for entry in entries} == {
        (admin, Ground.BREAK_GLASS, str(access.pk))
    }
    assert [(entry.action, entry.about) for entry in entries] == [
        (Action.READ, "patients.records"),
        (Action.READ, "patients.facts"),
        (Action.BROKE_GLASS, "patients.emergencyaccess"),
    ]


def test_an_old_sign_in_opens_nothing(patient: User, client_of: ClientOf) -> None:
    """Nor does one that was fresh a while ago."""
    address = f"/emergency/open/{patient.patient.pk}/"
    stale = client_of(guard())
    assert stale.get(address)["Location"].startswith("/accounts/reauthenticate/")
    assert stale.post(address, WHY)["Location"].startswith("/accounts/reauthenticate/")
    once_fresh = fresh(Client(), guard("other@example.com"))
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        assert once_fresh.post(address, WHY)["Location"].startswith("/accounts/reauthenticate/")
    assert not EmergencyAccess.objects.exists()


def test_a_reason_in_words_is_asked_for_and_what_was_typed_stays(patient: User) -> None:
    client = fresh(Client(), guard())
    answer = client.post(f"/emergency/open/{patient.patient.pk}/", {"reason": "order", "words": "because"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "say in a sentence" in page
    assert "because" in page
    page = client.post(f"/emergency/open/{patient.patient.pk}/", {}).content.decode()
    for words in ("Please choose a reason.", "Please say in a sentence why you need to look."):
        # Above the form, and beside its field.
        assert page.count(words) == 2
    assert not EmergencyAccess.objects.exists()


def test_everybody_who_acts_for_the_patient_is_told_without_the_words(patient: User) -> None:
    child = GuardianshipFactory(guardian=patient).patient
    mother = GuardianshipFactory(patient=child).guardian
    opened(child, guard())
    told = Notification.objects.filter(kind=Kind.EMERGENCY_ACCESS)
    assert {each.user for each in told} == {patient, mother}
    assert all("allergies" not in str(each.facts) for each in told)


def test_the_door_closes_after_half_an_hour_and_at_once_when_asked(patient: User) -> None:
    admin = guard()
    client = fresh(Client(), admin)
    access = opened(patient.patient, admin)
    address = f"/emergency/{access.pk}/"
    assert client.get(address).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(minutes=31)):
        assert fresh(Client(), admin).get(address).status_code == 404
    assert client.post(f"{address}close/").status_code == 302
    assert client.get(address).status_code == 404


def test_it_is_open_to_the_one_who_opened_it_alone(patient: User) -> None:
    access = opened(patient.patient, guard())
    other = fresh(Client(), guard("other@example.com"))
    assert other.get(f"/emergency/{access.pk}/").status_code == 404
    assert other.post(f"/emergency/{access.pk}/close/").status_code == 404
    access.refresh_from_db()
    assert access.is_live


def test_a_right_that_is_taken_away_ends_at_the_next_request(patient: User) -> None:
    admin = guard()
    client = fresh(Client(), admin)
    access = opened(patient.patient, admin)
    admin.user_permissions.clear()
    assert client.get(f"/emergency/{access.pk}/").status_code == 403
    assert client.get("/emergency/").status_code == 403


def test_what_cannot_be_written_to_the_trail_is_not_shown(patient: User) -> None:
    admin = guard()
    client = fresh(Client(raise_request_exception=False), admin)
    access = opened(patient.patient, admin)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE accounts_trailentry ADD CONSTRAINT no_reads CHECK (action <> 'read')")
        with transaction.atomic():
            answer = client.get(f"/emergency/{access.pk}/")
            assert answer.status_code == 500
            assert patient.patient.name not in answer.content.decode()
            transaction.set_rollback(True)
        transaction.set_rollback(True)


def test_documents_are_read_through_the_same_door_and_no_longer(patient: User) -> None:
    admin = guard()
    client = fresh(Client(), admin)
    record = MedicalRecordFactory(patient=patient.patient, title="Blood count", content_type="image/png")
    other = MedicalRecordFactory(content_type="image/png")
    address = record.get_absolute_url()
    assert client.get(address).status_code == 404
    access = opened(patient.patient, admin)
    assert read(client, f"/emergency/{access.pk}/").links["Blood count"] == address
    assert read(client, address).links["Emergency access"] == f"/emergency/{access.pk}/"
    assert client.get(other.get_absolute_url()).status_code == 404
    entry = TrailEntry.objects.filter(about="patients.medicalrecord").get()
    assert (entry.action, entry.ground, entry.ground_id) == (Action.READ, Ground.BREAK_GLASS, str(access.pk))
    right = Permission.objects.get(codename="break_glass")
    admin.user_permissions.remove(right)
    assert client.get(address).status_code == 404
    admin.user_permissions.add(right)
    assert client.get(address).status_code == 200
    client.post(f"/emergency/{access.pk}/close/")
    assert client.get(address).status_code == 404


def test_asked_again_it_is_the_same_access_and_one_notice(patient: User) -> None:
    admin = guard()
    assert opened(patient.patient, admin) == opened(patient.patient, admin)
    assert Notification.objects.filter(kind=Kind.EMERGENCY_ACCESS).count() == 1


def test_nothing_is_listed_before_something_is_asked_for(patient: User) -> None:
    client = fresh(Client(), guard())
    assert patient.patient.name not in read(client, "/emergency/").html
    assert client.get("/emergency/", {"q": "ab"}).status_code == 422
    assert "Nobody found" in read(client, "/emergency/?q=nobody like that").html
    number = str(patient.patient.phone)[-10:]
    assert patient.patient.name in read(client, f"/emergency/?q=0{number}").html


def test_search_takes_as_many_queries_for_one_as_for_three(db: None, django_assert_num_queries) -> None:
    client = fresh(Client(), guard())
    for _ in range(3):
        PatientFactory(name="Rokeya Sultana")
        read(client, "/emergency/?q=Rokeya")
        with django_assert_num_queries(6):
            read(client, "/emergency/?q=Rokeya")


# Review -----------------------------------------------------------------------------------------------------------


def test_another_reviews_it_and_the_patient_hears_what_was_found(patient: User, client_of: ClientOf) -> None:
    access = opened(patient.patient, guard())
    reviewer = guard("reviewer@example.com", rights=("review_break_glass",))
    client = client_of(reviewer)
    assert "Wahida Begum" in client.get("/admin/patients/emergencyaccess/").content.decode()
    page = client.get(f"/admin/patients/emergencyaccess/{access.pk}/change/").content.decode()
    assert "The ambulance asks for allergies." in page
    address = f"/admin/patients/emergencyaccess/{access.pk}/unjustified/"
    client.post(address, {"_form_submitted": "on", "words": "There was no ambulance."})
    access.refresh_from_db()
    assert (access.verdict, access.reviewed_by) == (Verdict.UNJUSTIFIED, reviewer)
    assert not access.is_live
    (notice,) = Notification.objects.filter(kind=Kind.EMERGENCY_REVIEWED)
    assert notice.user == patient
    assert TrailEntry.objects.filter(action=Action.REVIEWED, by=reviewer, code="unjustified").exists()


def test_nobody_reviews_an_access_of_their_own(patient: User, client_of: ClientOf) -> None:
    admin = guard(rights=("break_glass", "review_break_glass"))
    access = opened(patient.patient, admin)
    with pytest.raises(OwnAccess):
        review_emergency_access(access, by=admin, verdict=Verdict.JUSTIFIED, words="It was right.")
    with pytest.raises(IntegrityError, match="not_reviewed_by_who_opened_it"), transaction.atomic():
        EmergencyAccess.objects.update(reviewed_by=admin, reviewed_at=timezone.now(), verdict="justified")
    client_of(admin).post(
        f"/admin/patients/emergencyaccess/{access.pk}/justified/", {"_form_submitted": "on", "words": "It was right."}
    )
    access.refresh_from_db()
    assert access.verdict == ""


def test_no_access_lasts_longer_than_an_hour(patient: User) -> None:
    with pytest.raises(IntegrityError, match="not_longer_than_an_hour"), transaction.atomic():
        open_emergency_access(
            patient.patient,
            by=guard(),
            reason=EmergencyReason.ORDER,
            words="An order of the court.",
            lasts=timedelta(hours=2),
        )


def test_an_address_that_is_no_key_leads_nowhere(client_of: ClientOf, admin: User) -> None:
    for address in ("patients/emergencyaccess", "payments/charge", "payments/refund"):
        answer = client_of(admin).get(f"/admin/{address}/made-up/change/")
        assert answer.status_code == 302
        assert answer["Location"] == "/admin/"


def test_way_to_the_emergency_access_is_shown_to_those_who_have_it(client_of: ClientOf, admin: User) -> None:
    client = client_of(guard())
    assert "Emergency access" in read(client, "/account/").links
    assert 'href="/emergency/"' in client.get("/admin/").content.decode()
    desk = client_of(guard("desk@example.com", rights=("view_patient",)))
    assert "Emergency access" not in read(desk, "/account/").links
    assert "/emergency/" not in desk.get("/admin/").content.decode()
