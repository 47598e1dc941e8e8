"""Health facts: each row by a form, silence told from nothing, and every look and change in the trail."""

import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote, unquote
from uuid import uuid4

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Action, Ground, TrailEntry, User
from config.db import constraint_name
from patients.errors import Changed, SomethingKnown, TooManyFacts
from patients.forms import FORMS
from patients.models import FACTS, Allergy, Condition, FactKind, NoneKnown, Patient, today
from patients.services import add_fact, change_fact, remove_fact, say_none, silences
from patients.services import health as health_services
from tests.appointments.races import at_once, tally
from tests.factories.accounts import UserFactory
from tests.factories.patients import (
    AllergyFactory,
    ConditionFactory,
    GuardianshipFactory,
    MedicationStatementFactory,
    PatientFactory,
)
from tests.page import read

type ClientOf = Callable[[User], Client]

ME = "/account/health/me/"
PENICILLIN = {"category": "medication", "substance": "Penicillin", "reaction": "Rash all over", "severity": "severe"}
DIABETES = {"name": "Type 2 diabetes", "clinical_status": "active", "onset_year": "2011"}
METFORMIN = {
    "name": "Metformin 500 mg",
    "dose": "1+0+1",
    "reason": "Diabetes",
    "since_year": "2012",
    "since_month": "3",
}
TYPED = {"allergies": PENICILLIN, "conditions": DIABETES, "medicines": METFORMIN}


def looks_at(patient: Patient) -> list[tuple[str, str, int | None, str]]:
    """The trail about a patient, oldest first: action, about, by whom, why."""
    entries = TrailEntry.objects.filter(subject=patient.pk).order_by("pk")
    return list(entries.values_list("action", "about", "by", "ground"))


def test_every_kind_has_a_form_for_its_rows() -> None:
    assert set(FORMS) == set(FACTS) == set(FactKind)
    assert [FORMS[kind]._meta.model for kind in FACTS] == list(FACTS.values())


# The pages -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", FactKind.values)
def test_row_is_added_changed_and_removed_by_forms(patient: User, client_of: ClientOf, kind: str) -> None:
    client, model, typed = client_of(patient), FACTS[kind], TYPED[kind]
    assert client.post(f"{ME}{kind}/add/", typed).url == ME
    row = model.objects.get(patient=patient.patient)
    assert row.recorded_by == patient
    assert str(row) in read(client, ME).html

    change = f"{ME}{kind}/{row.pk}/"
    name = FORMS[kind].named_by
    assert f'value="{typed[name]}"' in read(client, change).html
    assert client.post(change, typed | {name: "Something else"}).url == ME
    assert str(model.objects.get()) == "Something else"

    assert client.post(f"{change}remove/").url == ME
    assert not model.objects.exists()
    assert client.post(f"{change}remove/").url == ME
    assert "Nobody has said yet" in read(client, ME).html
    versions = list(row.history.model.objects.order_by("pgh_id").values_list("pgh_label", "pgh_context__user"))
    assert versions == [("insert", patient.pk), ("update", patient.pk), ("delete", patient.pk)]


def test_facts_page_says_all_that_is_known(patient: User, client_of: ClientOf) -> None:
    client = client_of(patient)
    for kind, typed in TYPED.items():
        client.post(f"{ME}{kind}/add/", typed)
    page = read(client, ME).html
    for words in ("Penicillin", "Severe", "Rash all over", "Type 2 diabetes", "since 2011"):
        assert words in page
    for words in ("Metformin 500 mg", "1+0+1", "since March 2012", "for Diabetes", "A medicine"):
        assert words in page
    assert "Nobody has said yet" not in page


def test_bangla_digits_are_years_too(patient: User, client_of: ClientOf) -> None:
    client_of(patient).post(f"{ME}conditions/add/", DIABETES | {"onset_year": "২০১১"})
    assert Condition.objects.get().onset_year == 2011


@pytest.mark.parametrize(
    ("kind", "typed", "field"),
    [
        ("allergies", {"substance": ""}, "substance"),
        ("allergies", {"substance": "   "}, "substance"),
        ("allergies", {"substance": "x" * 121}, "substance"),
        ("allergies", {"substance": "Peni\x00cillin"}, "substance"),
        ("allergies", {"category": "x"}, "category"),
        ("allergies", {"category": ""}, "category"),
        ("allergies", {"severity": "deadly"}, "severity"),
        ("conditions", {"name": ""}, "name"),
        ("conditions", {"clinical_status": "x"}, "clinical_status"),
        ("conditions", {"onset_year": "nineteen"}, "onset_year"),
        ("conditions", {"onset_year": "1200"}, "onset_year"),
        ("conditions", {"onset_year": "2199"}, "onset_year"),
        ("medicines", {"name": ""}, "name"),
        ("medicines", {"since_month": "13"}, "since_month"),
        ("medicines", {"since_year": ""}, "since_year"),
        ("medicines", {"since_year": "2199"}, "since_year"),
    ],
)
def test_what_is_wrong_is_named_beside_its_field_and_the_rest_is_kept(
    patient: User, client_of: ClientOf, kind: str, typed: dict[str, str], field: str
) -> None:
    response = client_of(patient).post(f"{ME}{kind}/add/", TYPED[kind] | typed)
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {field}
    kept = next(value for name, value in TYPED[kind].items() if name != field and len(value) > 4)
    assert kept in response.content.decode()
    assert not FACTS[kind].objects.exists()


def test_month_still_to_come_is_refused(patient: User, client_of: ClientOf) -> None:
    with time_machine.travel("2026-05-20T10:00:00Z"):
        sent = METFORMIN | {"since_year": "2026", "since_month": "6"}
        response = client_of(patient).post(f"{ME}medicines/add/", sent)
    assert set(response.context["form"].errors) == {"since_month"}


@pytest.mark.parametrize("again", ["Penicillin", "penicillin", "  PENICILLIN "])
def test_same_allergy_twice_is_said_beside_its_name(patient: User, client_of: ClientOf, again: str) -> None:
    client = client_of(patient)
    client.post(f"{ME}allergies/add/", PENICILLIN)
    response = client.post(f"{ME}allergies/add/", PENICILLIN | {"substance": again})
    assert response.status_code == 409
    assert response.context["form"].errors["substance"] == ["This is on the list already."]
    assert Allergy.objects.count() == 1


def test_one_name_in_two_spellings_of_bangla_is_one(patient: User, client_of: ClientOf) -> None:
    client = client_of(patient)
    composed, decomposed = "\u09af\u09bc\u09be", "\u09df\u09be"
    client.post(f"{ME}conditions/add/", DIABETES | {"name": composed})
    assert client.post(f"{ME}conditions/add/", DIABETES | {"name": decomposed}).status_code == 409


def test_change_into_what_is_listed_already_is_refused(patient: User, client_of: ClientOf) -> None:
    client = client_of(patient)
    AllergyFactory(patient=patient.patient, substance="Aspirin")
    row = AllergyFactory(patient=patient.patient, substance="Prawns")
    response = client.post(f"{ME}allergies/{row.pk}/", PENICILLIN | {"substance": "ASPIRIN"})
    assert response.status_code == 409
    row.refresh_from_db()
    assert row.substance == "Prawns"


def test_constraints_refuse_twice_and_nonsense(patient: User) -> None:
    own = patient.patient
    for factory, name, same in (
        (AllergyFactory, "allergy_not_twice", {"substance": "Aspirin"}),
        (ConditionFactory, "condition_not_twice", {"name": "Asthma"}),
        (MedicationStatementFactory, "medication_not_twice", {"name": "Aspirin"}),
    ):
        factory(patient=own, **same)
        factory(patient=PatientFactory(), **same)
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            factory(patient=own, **{key: value.upper() for key, value in same.items()})
        assert constraint_name(refused.value) == name
    for factory, wrong, name in (
        (AllergyFactory, {"substance": ""}, "allergy_not_without_a_substance"),
        (AllergyFactory, {"category": "x"}, "allergy_category_not_unknown"),
        (AllergyFactory, {"severity": "x"}, "allergy_severity_not_unknown"),
        (ConditionFactory, {"onset_year": 12}, "condition_onset_not_out_of_time"),
        (ConditionFactory, {"clinical_status": "x"}, "condition_status_not_unknown"),
        (MedicationStatementFactory, {"since_month": 3}, "medication_month_not_without_a_year"),
        (MedicationStatementFactory, {"since_month": 13, "since_year": 2020}, "medication_month_not_without_a_year"),
    ):
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            factory(patient=own, **wrong)
        assert constraint_name(refused.value) == name


def test_list_has_an_end(patient: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_services, "MOST_FACTS", 2)
    AllergyFactory.create_batch(2, patient=patient.patient)
    with pytest.raises(TooManyFacts):
        add_fact(Allergy(patient=patient.patient, category="food", substance="Eggs"), by=patient)


# That there is nothing -------------------------------------------------------------------------------------------


def test_nothing_known_is_said_dated_and_taken_back(patient: User, client_of: ClientOf) -> None:
    client = client_of(patient)
    assert client.post(f"{ME}allergies/none/").url == ME
    with time_machine.travel("2026-03-03T10:00:00Z"):
        say_none(patient.patient, FactKind.ALLERGIES, by=patient)
    said = NoneKnown.objects.get()
    assert (said.patient, said.kind, said.said_by) == (patient.patient, "allergies", patient)
    page = read(client, ME).html
    assert "No known allergies" in page
    assert re.search(rf"said on Tue 3 Mar( 2026)? by {patient.name}", page)
    assert client.post(f"{ME}allergies/none/", {"take_back": "1"}).url == ME
    assert not NoneKnown.objects.exists()
    assert "Nobody has said yet whether there are allergies" in read(client, ME).html


def test_silence_is_not_nothing(patient: User) -> None:
    own = patient.patient
    assert silences([own.pk]) == {own.pk: list(FactKind)}
    say_none(own, FactKind.ALLERGIES, by=patient)
    ConditionFactory(patient=own)
    assert silences([own.pk]) == {own.pk: [FactKind.MEDICATIONS]}


def test_said_again_counts_from_now(patient: User) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=400)):
        say_none(patient.patient, FactKind.ALLERGIES, by=patient)
    say_none(patient.patient, FactKind.ALLERGIES, by=patient)
    assert timezone.now() - NoneKnown.objects.get().said_at < timedelta(minutes=1)


def test_nothing_is_not_said_beside_something(patient: User, client_of: ClientOf) -> None:
    AllergyFactory(patient=patient.patient)
    assert client_of(patient).post(f"{ME}allergies/none/").status_code == 409
    with pytest.raises(SomethingKnown):
        say_none(patient.patient, FactKind.ALLERGIES, by=patient)
    assert not NoneKnown.objects.exists()


def test_a_fact_ends_that_none_is_known_and_its_removal_does_not_bring_it_back(patient: User) -> None:
    own = patient.patient
    say_none(own, FactKind.ALLERGIES, by=patient)
    allergy = Allergy(patient=own, category="food", substance="Eggs")
    add_fact(allergy, by=patient)
    assert not NoneKnown.objects.exists()
    remove_fact(allergy, by=patient)
    assert silences([own.pk])[own.pk] == list(FactKind)


# Races -----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_same_form_many_times_at_once_is_one_row() -> None:
    user = PatientFactory().user
    own = user.patient

    def add() -> None:
        add_fact(Allergy(patient=own, category="food", substance="Eggs"), by=user)

    assert tally(at_once(*[add] * 8)) == {"done": 1, "AlreadyListed": 7}
    assert Allergy.objects.count() == 1
    assert TrailEntry.objects.filter(action=Action.ADDED).count() == 1


def something_and_nothing_at_once(rounds: int = 12) -> int:
    """How often both were said of one person after one round each."""
    both = 0
    for _ in range(rounds):
        user = PatientFactory().user
        own = user.patient

        def add(user: User = user, own: Patient = own) -> None:
            add_fact(Allergy(patient=own, category="food", substance="Eggs"), by=user)

        def none(user: User = user, own: Patient = own) -> None:
            say_none(own, FactKind.ALLERGIES, by=user)

        at_once(add, none, add, none)
        both += NoneKnown.objects.filter(patient=own).exists() and Allergy.objects.filter(patient=own).exists()
    return both


@pytest.mark.django_db(transaction=True)
def test_something_and_nothing_are_never_said_together() -> None:
    assert something_and_nothing_at_once() == 0


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_something_and_nothing_are_said_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_services, "_locked", lambda key: Patient.objects.get(pk=key))
    assert something_and_nothing_at_once() > 0


def test_change_of_a_row_that_was_removed_meanwhile_is_refused(patient: User) -> None:
    allergy = AllergyFactory(patient=patient.patient)
    Allergy.objects.all().delete()
    with pytest.raises(Changed):
        change_fact(allergy, by=patient)
    assert not Allergy.objects.exists()


# Whose they are --------------------------------------------------------------------------------------------------


def test_who_only_looks_does_not_become_a_patient(db: None, client_of: ClientOf) -> None:
    user = UserFactory()
    client = client_of(user)
    assert "Nobody has said yet" in read(client, ME).html
    read(client, f"{ME}allergies/add/")
    assert client.get(f"{ME}allergies/{uuid4()}/").status_code == 404
    assert not Patient.objects.exists()
    client.post(f"{ME}allergies/add/", PENICILLIN)
    assert Allergy.objects.get().patient.user == user


def test_facts_of_another_are_nobodys_way_in(patient: User, stranger: User, client_of: ClientOf) -> None:
    """Neither by the other's address nor through one's own with the other's row."""
    theirs = AllergyFactory(patient=stranger.patient, substance="Latex")
    client = client_of(patient)
    for who in ("me", str(stranger.patient.pk)):
        base = f"/account/health/{who}/allergies/{theirs.pk}/"
        assert client.get(base).status_code == 404
        assert client.post(base, PENICILLIN).status_code == 404
        client.post(f"{base}remove/")
    theirs.refresh_from_db()
    assert theirs.substance == "Latex"
    assert looks_at(stranger.patient) == []


def test_ids_from_a_form_are_ignored(patient: User, stranger: User, client_of: ClientOf) -> None:
    theirs = {"patient": str(stranger.patient.pk), "recorded_by": str(stranger.pk), "code": "x", "id": str(uuid4())}
    client_of(patient).post(f"{ME}allergies/add/", PENICILLIN | theirs)
    row = Allergy.objects.get()
    assert (row.patient, row.recorded_by, row.code) == (patient.patient, patient, None)


def test_guardian_keeps_the_facts_of_a_child_until_the_right_ends(patient: User, client_of: ClientOf) -> None:
    bond = GuardianshipFactory(guardian=patient)
    client, base = client_of(patient), f"/account/health/{bond.patient.pk}/"
    client.post(f"{base}allergies/add/", PENICILLIN)
    assert "Penicillin" in read(client, base).html
    bond.valid = DateRange(bond.valid.lower, today())
    bond.save()
    assert client.get(base).status_code == 404
    assert client.post(f"{base}allergies/add/", PENICILLIN | {"substance": "Eggs"}).status_code == 404
    assert Allergy.objects.count() == 1


# The trail -------------------------------------------------------------------------------------------------------


def test_each_look_and_change_stands_in_the_trail_without_content(patient: User, client_of: ClientOf) -> None:
    bond = GuardianshipFactory(guardian=patient)
    client, child = client_of(patient), bond.patient
    base = f"/account/health/{child.pk}/"
    client.get(base)
    client.post(f"{base}allergies/add/", PENICILLIN)
    row = Allergy.objects.get()
    client.get(f"{base}allergies/{row.pk}/")
    client.post(f"{base}allergies/{row.pk}/", PENICILLIN | {"reaction": "Hives"})
    client.post(f"{base}allergies/{row.pk}/remove/")
    client.post(f"{base}allergies/none/")
    assert looks_at(child) == [
        (Action.READ, "patients.facts", patient.pk, Ground.GUARDIAN),
        (Action.ADDED, "patients.allergy", patient.pk, Ground.GUARDIAN),
        (Action.READ, "patients.allergy", patient.pk, Ground.GUARDIAN),
        (Action.CHANGED, "patients.allergy", patient.pk, Ground.GUARDIAN),
        (Action.REMOVED, "patients.allergy", patient.pk, Ground.GUARDIAN),
        (Action.ADDED, "patients.noneknown", patient.pk, Ground.GUARDIAN),
    ]
    assert set(TrailEntry.objects.values_list("ground_id", flat=True)) == {str(bond.pk)}
    written = str(list(TrailEntry.objects.values()))
    assert "Penicillin" not in written
    assert "Hives" not in written


def test_facts_take_as_many_queries_for_one_row_as_for_three(
    patient: User, client_of: ClientOf, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of(patient)
    for _ in range(3):
        AllergyFactory(patient=patient.patient, recorded_by=UserFactory())
        ConditionFactory(patient=patient.patient, recorded_by=UserFactory())
        MedicationStatementFactory(patient=patient.patient, recorded_by=UserFactory())
        with django_assert_num_queries(10):
            read(client, ME)


# From another page and back --------------------------------------------------------------------------------------


def test_whoever_comes_from_a_booking_finds_the_way_back_after_every_change(patient: User, client_of: ClientOf) -> None:
    client, back = client_of(patient), "/appointments/01900000-0000-7000-8000-000000000000/"
    facts = f"/account/health/me/?next={back}"
    page = read(client, facts)
    assert page.links["Back to the booking"] == back
    added = client.post(page.links["Add an allergy"], {"category": "food", "substance": "Peanuts"})
    assert unquote(added["Location"]) == facts
    none = client.post(f"/account/health/me/conditions/none/?next={back}")
    assert unquote(none["Location"]) == facts
    change = next(link for words, link in read(client, facts).links.items() if "Peanuts" in words)
    assert read(client, change).links["Health facts"] == facts


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_page_of_another_origin_is_no_way_back(patient: User, client_of: ClientOf, elsewhere: str) -> None:
    page = read(client_of(patient), f"/account/health/me/?next={quote(elsewhere, '')}")
    assert not [link for link in page.links.values() if "evil" in link or "javascript" in link]
    answer = client_of(patient).post(f"/account/health/me/conditions/none/?next={quote(elsewhere, '')}")
    assert "evil" not in answer["Location"]
