"""Who one is: the profile of one's own, of those whom one acts for, and of the staff."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client
from django.utils import timezone

from accounts.models import User
from config.db import constraint_name
from patients.errors import Changed
from patients.models import Guardianship, Patient, Relation, today
from patients.services import add_family_member, change_person, majority
from tests.factories.accounts import UserFactory
from tests.factories.patients import GuardianshipFactory, PatientFactory
from tests.page import read

type ClientOf = Callable[[User], Client]

PATH = "/account/profile/"
RAHIMA = {
    "name": "Rahima Begum",
    "birth_date": "1988-02-14",
    "sex": "female",
    "blood_group": "B+",
    "phone": "01712 345678",
    "emergency_name": "Karim Uddin",
    "emergency_relation": "spouse",
    "emergency_phone": "01811-000000",
    "language": "bn",
    "time_zone": "Asia/Dhaka",
}
MITU = {"name": "Mitu", "birth_date": "2020-01-31", "sex": "female", "blood_group": "O-", "phone": ""}


def member_path(patient: Patient) -> str:
    return f"/account/family/{patient.pk}/profile/"


# One's own -------------------------------------------------------------------------------------------------------


def test_profile_is_written_whole_and_the_account_goes_by_the_same_name(patient: User, client_of: ClientOf) -> None:
    client = client_of(patient)
    assert client.post(PATH, RAHIMA).url == "/account/"
    kept = Patient.objects.get(user=patient)
    assert (kept.name, kept.birth_date, kept.sex, kept.blood_group) == (
        "Rahima Begum",
        date(1988, 2, 14),
        "female",
        "B+",
    )
    assert (str(kept.phone), kept.emergency_name, str(kept.emergency_phone), kept.emergency_relation) == (
        "+8801712345678",
        "Karim Uddin",
        "+8801811000000",
        "spouse",
    )
    patient.refresh_from_db()
    assert (patient.name, patient.language, patient.time_zone) == ("Rahima Begum", "bn", "Asia/Dhaka")
    assert "Rahima Begum" in read(client, "/account/").html


def test_forms_say_who_sees_the_birthday_and_the_emergency_contact(patient: User, client_of: ClientOf) -> None:
    page = read(client_of(patient), "/account/profile/").html
    assert "The doctors whom you book see all of this" in page
    assert "The doctors whom you book see this person’s name and number." in page
    assert "Doctors who are booked for this person see it" in read(client_of(patient), "/account/family/add/").html


@pytest.mark.parametrize("typed", ["01712345678", "+880 1712-345678", "০১৭১২ ৩৪৫৬৭৮", "8801712345678"])
def test_mobile_number_is_taken_as_people_write_it(patient: User, client_of: ClientOf, typed: str) -> None:
    assert client_of(patient).post(PATH, RAHIMA | {"phone": typed}).status_code == 302
    assert str(Patient.objects.get(user=patient).phone) == "+8801712345678"


def test_profile_makes_the_patient_of_somebody_who_never_booked(db: None, client_of: ClientOf) -> None:
    user = UserFactory(name="Sadia Islam")
    client = client_of(user)
    assert 'value="Sadia Islam"' in read(client, PATH).html
    assert not Patient.objects.exists()
    client.post(PATH, RAHIMA)
    assert Patient.objects.get().user == user


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "Ra\x00hima"}, "name"),
        ({"birth_date": "2999-01-01"}, "birth_date"),
        ({"birth_date": "1822-01-01"}, "birth_date"),
        ({"sex": "x"}, "sex"),
        ({"blood_group": "C+"}, "blood_group"),
        ({"phone": "12"}, "phone"),
        ({"emergency_phone": "12"}, "emergency_phone"),
        ({"emergency_name": ""}, "emergency_name"),
        ({"emergency_phone": ""}, "emergency_phone"),
        ({"emergency_name": "", "emergency_phone": ""}, "emergency_name"),
    ],
)
def test_what_is_wrong_is_named_beside_its_field_and_the_rest_is_kept(
    patient: User, client_of: ClientOf, typed: dict[str, str], field: str
) -> None:
    response = client_of(patient).post(PATH, RAHIMA | typed)
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert 'value="1988-02-14"' in response.content.decode() or field == "birth_date"
    assert Patient.objects.get(user=patient).name == patient.name


def test_language_and_clock_that_there_are_not_are_refused(patient: User, client_of: ClientOf) -> None:
    response = client_of(patient).post(PATH, RAHIMA | {"language": "xx", "time_zone": "Mars/Olympus"})
    assert response.status_code == 422
    assert set(response.context["preferences"].errors) == {"language", "time_zone"}
    assert Patient.objects.get(user=patient).name == patient.name


def test_ids_roles_and_rights_from_a_browser_are_ignored(patient: User, stranger: User, client_of: ClientOf) -> None:
    theirs = {"id": str(stranger.patient.pk), "pk": str(stranger.patient.pk), "user": str(stranger.pk)}
    client_of(patient).post(PATH, RAHIMA | theirs | {"role": "admin", "is_staff": "1", "email": "x@example.com"})
    stranger.patient.refresh_from_db()
    assert stranger.patient.name == stranger.name
    user = User.objects.get(pk=patient.pk)
    assert (user.role, user.is_staff, user.email) == ("patient", False, patient.email)
    assert Patient.objects.get(user=patient).pk == patient.patient.pk


def test_staff_keep_a_name_a_language_and_a_clock(admin: User, doctor: User, client_of: ClientOf) -> None:
    for user in (admin, doctor):
        client = client_of(user)
        page = read(client, PATH)
        assert "Blood group" not in page.html
        sent = {"name": "Nasrin Jahan", "language": "bn", "time_zone": "Asia/Tokyo"}
        assert client.post(PATH, sent | {"birth_date": "1988-02-14"}).url == "/account/"
        user.refresh_from_db()
        assert (user.name, user.language, user.time_zone) == ("Nasrin Jahan", "bn", "Asia/Tokyo")
    assert not Patient.objects.exists()


def test_doctor_who_books_for_herself_has_a_profile_as_a_patient(doctor: User, client_of: ClientOf) -> None:
    PatientFactory(user=doctor)
    assert "Blood group" in read(client_of(doctor), PATH).html


def test_emergency_contact_not_without_name_and_phone(patient: User) -> None:
    for half in ({"emergency_name": "Karim"}, {"emergency_phone": "+8801712345678"}, {"emergency_relation": "child"}):
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            Patient.objects.filter(pk=patient.patient.pk).update(**half)
        assert constraint_name(refused.value) == "emergency_contact_not_without_name_and_phone"


# Those whom one acts for -----------------------------------------------------------------------------------------


def test_guardian_writes_down_who_a_child_is(patient: User, client_of: ClientOf) -> None:
    child = GuardianshipFactory(guardian=patient).patient
    client = client_of(patient)
    assert "Language" not in read(client, member_path(child)).html.split("<main")[1].split("</main")[0]
    assert client.post(member_path(child), MITU).status_code == 302
    child.refresh_from_db()
    assert (child.name, child.birth_date, child.blood_group) == ("Mitu", date(2020, 1, 31), "O-")


def test_profile_of_an_account_holder_is_their_own(patient: User, client_of: ClientOf) -> None:
    """Somebody may act for a grown-up with an account, and yet not rename them."""
    other = PatientFactory()
    GuardianshipFactory(guardian=patient, patient=other, relation=Relation.PARENT)
    client = client_of(patient)
    assert client.get(member_path(other)).status_code == 403
    assert client.post(member_path(other), MITU).status_code == 403
    other.refresh_from_db()
    assert other.name != "Mitu"


def test_strangers_and_past_guardians_find_nothing(patient: User, stranger: User, client_of: ClientOf) -> None:
    child = GuardianshipFactory(guardian=patient, valid=DateRange(today() - timedelta(days=9), today())).patient
    for user in (patient, stranger):
        assert client_of(user).get(member_path(child)).status_code == 404
        assert client_of(user).post(member_path(child), MITU).status_code == 404


def test_guardianships_follow_the_birthday_of_a_child(patient: User, stranger: User, client_of: ClientOf) -> None:
    child = add_family_member(patient, name="Mitu", relation=Relation.CHILD, birth_date=date(2015, 1, 1))
    GuardianshipFactory(guardian=stranger, patient=child, valid=DateRange(today(), date(2033, 1, 1)))
    client_of(patient).post(member_path(child), MITU)
    ends = set(Guardianship.objects.filter(patient=child).values_list("valid", flat=True))
    assert {valid.upper for valid in ends} == {majority(date(2020, 1, 31))}


@pytest.mark.parametrize("typed", ["", "1999-01-31"])
def test_child_does_not_grow_up_by_a_form(patient: User, client_of: ClientOf, typed: str) -> None:
    child = add_family_member(patient, name="Mitu", relation=Relation.CHILD, birth_date=date(2015, 1, 1))
    response = client_of(patient).post(member_path(child), MITU | {"birth_date": typed})
    assert response.status_code == 422
    assert "birth_date" in response.context["form"].errors
    assert child.guardianships.get().valid.upper == date(2033, 1, 1)


def test_minor_with_an_account_does_not_shed_guardians_by_a_birth_date(
    patient: User, stranger: User, client_of: ClientOf
) -> None:
    young = patient.patient
    Patient.objects.filter(pk=young.pk).update(birth_date=today() - timedelta(days=17 * 365))
    GuardianshipFactory(guardian=stranger, patient=young)
    client = client_of(patient)
    assert client.post(PATH, RAHIMA | {"birth_date": "1999-01-01"}).status_code == 302
    young.refresh_from_db()
    assert young.is_minor
    assert young.name == "Rahima Begum"
    young.birth_date = date(1999, 1, 1)
    with pytest.raises(Changed):
        change_person(young, by=patient)


def test_child_that_took_over_its_record_meanwhile_is_not_overwritten(patient: User) -> None:
    child = GuardianshipFactory(guardian=patient).patient
    seen = Patient.objects.get(pk=child.pk)
    Patient.objects.filter(pk=child.pk).update(user=UserFactory())
    seen.name = "Stale"
    with pytest.raises(Changed):
        change_person(seen, by=patient)
    child.refresh_from_db()
    assert child.user is not None
    assert child.name != "Stale"


def test_guardianship_of_any_minor_ends_with_majority_whatever_the_relation(patient: User) -> None:
    nephew = add_family_member(patient, name="Rafi", relation=Relation.OTHER, birth_date=date(2016, 2, 29))
    assert nephew.guardianships.get().valid.upper == date(2034, 3, 1)
    aunt = add_family_member(patient, name="Amena", relation=Relation.OTHER, birth_date=date(1966, 2, 28))
    assert aunt.guardianships.get().valid.upper is None


def test_minority_ends_at_midnight_in_dhaka(db: None) -> None:
    young = PatientFactory(birth_date=date(2008, 2, 29))
    for moment, minor in (("2026-02-28T17:59:59Z", True), ("2026-02-28T18:00:01Z", False)):
        with time_machine.travel(moment), timezone.override("America/New_York"):
            assert young.is_minor is minor


def test_history_keeps_each_version_and_who_made_it(patient: User, client_of: ClientOf) -> None:
    client = client_of(patient)
    for name in ("Rahima Begum", "Rahima Khatun"):
        client.post(PATH, RAHIMA | {"name": name})
    kept = patient.patient.history.filter(pgh_label="update").order_by("pgh_id")
    assert [(version.name, version.pgh_context["user"]) for version in kept] == [
        ("Rahima Begum", patient.pk),
        ("Rahima Khatun", patient.pk),
    ]
