"""Who acts for whom: invited, accepted once and by the right person, ended, renewed; and who is told each time."""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.conf import LazySettings
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client
from django.utils import timezone, translation

from accounts.models import Action, Delivery, Kind, Notification, TrailEntry, User
from accounts.services import email_for
from config.db import constraint_name
from patients.errors import (
    AlreadyActing,
    AlreadyAPatient,
    InvitationOver,
    LastGuardian,
    NotOfAge,
    TooManyGuardians,
    TooManyInvitations,
)
from patients.models import Allergy, Guardianship, Invitation, Patient, Relation, today
from patients.services import (
    accept_invitation,
    add_family_member,
    announce_endings,
    ask_consent,
    end_guardianship,
    hand_over,
    invite_guardian,
    majority,
    own_patient,
    renew_guardianship,
    send_invitation,
    withdraw_invitation,
)
from patients.services import family as family_services
from patients.tasks import sweep_invitations
from tests.accounts.post_office import post_office, smtp
from tests.appointments.races import at_once, no_deadlock, tally
from tests.factories.accounts import UserFactory
from tests.factories.patients import AllergyFactory, GuardianshipFactory, PatientFactory
from tests.page import read

type ClientOf = Callable[[User], Client]

ACCOUNT = "/account/"


@pytest.fixture
def child(patient: User) -> Patient:
    """The patient's child, six years old."""
    return add_family_member(patient, name="Mitu", relation=Relation.CHILD, birth_date=today() - timedelta(days=2200))


@pytest.fixture
def young(patient: User) -> Patient:
    """The patient's child, who is eighteen in twenty days."""
    return nearly_grown_up(patient)


def nearly_grown_up(guardian: User, *, days: int = 20) -> Patient:
    born = today() + timedelta(days=days)
    born = born.replace(year=born.year - 18, day=min(born.day, 28))
    return add_family_member(guardian, name="Arham", relation=Relation.CHILD, birth_date=born)


def offer(child: Patient, to: User, *, by: User) -> Invitation:
    return invite_guardian(child, email=to.email, relation=Relation.CHILD, by=by)


def second_parent(child: Patient, user: User, *, by: User) -> Guardianship:
    accept_invitation(offer(child, user, by=by), by=user)
    return Guardianship.objects.get(guardian=user, patient=child)


def told(kind: Kind) -> set[User]:
    return {row.user for row in Notification.objects.filter(kind=kind).select_related("user")}


def guardians_of(patient: Patient) -> set[User]:
    return {bond.guardian for bond in patient.guardianships.current().select_related("guardian")}


@pytest.fixture
def on_noon_of() -> Iterator[Callable[[date], None]]:
    """Goes to noon in Dhaka of that day."""
    with time_machine.travel(timezone.now()) as traveller:
        yield lambda day: traveller.move_to(f"{day.isoformat()}T06:00:00Z")


# A second parent -------------------------------------------------------------------------------------------------


def test_second_parent_comes_by_an_invitation(
    patient: User, stranger: User, child: Patient, client_of: ClientOf, django_capture_on_commit_callbacks
) -> None:
    mother, father = client_of(patient), client_of(stranger)
    page = f"/account/family/{child.pk}/"
    with django_capture_on_commit_callbacks(execute=True):
        sent = mother.post(f"{page}invite/", {"email": stranger.email.upper(), "relation": "child"})
    assert sent.url == page
    assert told(Kind.GUARDIAN_INVITED) == {patient}
    assert stranger.email in read(mother, page).html

    sweep_invitations()
    (letter,) = [letter for letter in mail.outbox if letter.to == [stranger.email]]
    assert "Mitu" not in letter.subject + letter.body
    link = re.search(r"http\S+(/invitations/\S+)", letter.body)[1]
    assert f"{patient.name} asks you to act for Mitu" in read(father, link).html
    assert guardians_of(child) == {patient}

    assert father.post(link).url == page
    assert guardians_of(child) == {patient, stranger}
    assert child.guardianships.get(guardian=stranger).valid.upper == majority(child.birth_date)
    assert told(Kind.GUARDIAN_ADDED) == {patient, stranger}
    assert read(father, page).title == "Mitu"
    assert father.get(f"/account/health/{child.pk}/").status_code == 200


def test_link_works_once_and_again_for_the_same_person_alone(
    patient: User, stranger: User, child: Patient, client_of: ClientOf
) -> None:
    link = offer(child, stranger, by=patient).get_absolute_url()
    father = client_of(stranger)
    for _ in range(2):
        assert father.post(link).status_code == 302
    assert Guardianship.objects.filter(guardian=stranger).count() == 1
    assert Notification.objects.filter(kind=Kind.GUARDIAN_ADDED).count() == 2
    end_guardianship(Guardianship.objects.get(guardian=stranger), by=stranger)
    assert father.post(link).status_code == 302
    assert guardians_of(child) == {patient}


def test_invitation_is_for_the_owner_of_its_address(
    patient: User, stranger: User, child: Patient, client_of: ClientOf
) -> None:
    somebody = UserFactory()
    unproven = UserFactory(address=False)
    invitation = invite_guardian(child, email="father@example.org", relation=Relation.CHILD, by=patient)
    EmailAddress.objects.create(user=unproven, email="father@example.org", verified=False)
    link = invitation.get_absolute_url()
    for user in (stranger, somebody, unproven):
        for answer in (client_of(user).get(link), client_of(user).post(link)):
            assert answer.status_code == 403
            assert "Mitu" not in answer.content.decode()
    assert Client().get(link).url.startswith("/accounts/login/?next=%2Finvitations%2F")
    assert guardians_of(child) == {patient}
    EmailAddress.objects.filter(user=unproven).update(verified=True)
    assert client_of(unproven).post(link).status_code == 302
    assert guardians_of(child) == {patient, unproven}


def test_invitation_lives_for_seven_days(patient: User, stranger: User, child: Patient, client_of: ClientOf) -> None:
    invitation = offer(child, stranger, by=patient)
    link = invitation.get_absolute_url()
    # To the second: no sweeper is needed for it.
    with time_machine.travel(invitation.expires_at - timedelta(seconds=2), tick=False):
        assert invitation.is_open
    with time_machine.travel(invitation.expires_at, tick=False):
        assert not invitation.is_open
        father = client_of(stranger)
        assert father.get(link).status_code == 410
        assert father.post(link).status_code == 410
    assert guardians_of(child) == {patient}


@pytest.mark.parametrize("token", ["x", "a.b.c", "%00", "1" * 500])
def test_link_that_is_not_ours_leads_nowhere(patient: User, client_of: ClientOf, token: str) -> None:
    assert client_of(patient).get(f"/invitations/{token}/").status_code == 404


def test_link_cannot_be_made_from_an_id(patient: User, stranger: User, child: Patient, client_of: ClientOf) -> None:
    invitation = offer(child, stranger, by=patient)
    link = invitation.get_absolute_url()
    for forged in (f"/invitations/{invitation.pk}/", link[:-2] + ("A/" if link[-2] != "A" else "B/")):
        assert client_of(stranger).get(forged).status_code == 404


def test_withdrawn_invitation_is_over(patient: User, stranger: User, child: Patient, client_of: ClientOf) -> None:
    invitation = offer(child, stranger, by=patient)
    client = client_of(patient)
    for _ in range(2):
        client.post(f"/account/invitations/{invitation.pk}/withdraw/")
    assert client_of(stranger).post(invitation.get_absolute_url()).status_code == 410
    assert not Invitation.objects.to_send().exists()


def test_accepted_invitation_is_not_withdrawn(patient: User, stranger: User, child: Patient) -> None:
    invitation = offer(child, stranger, by=patient)
    accept_invitation(invitation, by=stranger)
    withdraw_invitation(invitation, by=patient)
    invitation.refresh_from_db()
    assert invitation.withdrawn_at is None
    assert guardians_of(child) == {patient, stranger}


def test_invitation_falls_with_the_right_of_who_invited(patient: User, stranger: User, child: Patient) -> None:
    third = UserFactory()
    bond = second_parent(child, stranger, by=patient)
    invitation = offer(child, third, by=stranger)
    end_guardianship(bond, by=stranger)
    invitation.refresh_from_db()
    assert invitation.withdrawn_at is not None
    kept = offer(child, third, by=patient)
    User.objects.filter(pk=patient.pk).update(is_active=False)
    with pytest.raises(InvitationOver):
        accept_invitation(kept, by=third)


def test_who_acts_already_is_not_invited(patient: User, stranger: User, child: Patient, client_of: ClientOf) -> None:
    with pytest.raises(AlreadyActing):
        offer(child, patient, by=patient)
    second_parent(child, stranger, by=patient)
    path = f"/account/family/{child.pk}/invite/"
    answer = client_of(patient).post(path, {"email": stranger.email, "relation": "child"})
    assert answer.status_code == 409
    assert answer.context["form"].errors["email"] == ["This person acts for the patient already."]
    assert stranger.email in answer.content.decode()


def test_answer_is_the_same_for_known_and_unknown_addresses(
    patient: User, stranger: User, child: Patient, client_of: ClientOf
) -> None:
    client = client_of(patient)
    answers = []
    for email in (stranger.email, "nobody@example.org"):
        response = client.post(
            f"/account/family/{child.pk}/invite/", {"email": email, "relation": "other"}, follow=True
        )
        answers.append(re.sub(re.escape(email), "", response.content.decode()).count("The invitation is on its way"))
    assert answers == [1, 1]
    assert {letter.to[0] for letter in mail.outbox} <= {stranger.email, "nobody@example.org", patient.email}


def test_guardians_are_four_at_most(patient: User, child: Patient) -> None:
    for _ in range(3):
        second_parent(child, UserFactory(), by=patient)
    with pytest.raises(TooManyGuardians):
        offer(child, UserFactory(), by=patient)


def test_nobody_sends_invitations_without_end(
    patient: User, child: Patient, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(family_services, "INVITATIONS_A_DAY", 2)
    for _ in range(2):
        offer(child, UserFactory(), by=patient)
    with pytest.raises(TooManyInvitations):
        offer(child, UserFactory(), by=patient)
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        offer(child, UserFactory(), by=patient)


def test_invited_again_the_earlier_link_is_dead(patient: User, stranger: User, child: Patient) -> None:
    first, second = offer(child, stranger, by=patient), offer(child, stranger, by=patient)
    with pytest.raises(InvitationOver):
        accept_invitation(first, by=stranger)
    accept_invitation(second, by=stranger)


def test_constraints_refuse_what_is_no_invitation(patient: User, child: Patient) -> None:
    whole = {
        "purpose": "guardian",
        "patient": child,
        "email": "a@example.org",
        "relation": "child",
        "invited_by": patient,
        "expires_at": timezone.now() + timedelta(days=7),
    }
    Invitation.objects.create(**whole)
    for wrong, name in (
        ({}, "invitation_not_open_twice"),
        ({"patient": None}, "invitation_not_without_its_patient"),
        ({"purpose": "consent"}, "invitation_not_without_its_patient"),
        ({"purpose": "claim"}, "invitation_not_without_its_relation"),
        ({"email": "A@example.org"}, "invitation_email_not_in_upper_case"),
        ({"email": "b@example.org", "accepted_at": timezone.now()}, "invitation_not_accepted_by_nobody"),
    ):
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            Invitation.objects.create(**whole | wrong)
        assert constraint_name(refused.value) == name


@pytest.mark.parametrize(
    "typed", [{"email": ""}, {"email": "not an address"}, {"relation": "x"}, {"relation": "parent"}]
)
def test_wrong_invitation_is_put_right_in_its_form(
    patient: User, child: Patient, client_of: ClientOf, typed: dict[str, str]
) -> None:
    path = f"/account/family/{child.pk}/invite/"
    answer = client_of(patient).post(path, {"email": "a@example.org", "relation": "child"} | typed)
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == set(typed)
    assert not Invitation.objects.exists()


# Ending ----------------------------------------------------------------------------------------------------------


def test_guardian_steps_down_and_sees_nothing_from_the_next_request(
    patient: User, stranger: User, child: Patient, client_of: ClientOf
) -> None:
    Guardianship.objects.update(valid=DateRange(today() - timedelta(days=30), majority(child.birth_date)))
    second_parent(child, stranger, by=patient)
    bond = Guardianship.objects.get(guardian=patient)
    client, path = client_of(patient), f"/account/guardians/{bond.pk}/end/"
    assert "Stop acting for Mitu?" in read(client, path).html
    for _ in range(2):
        assert client.post(path).url == ACCOUNT
    for address in (f"/account/family/{child.pk}/", f"/account/health/{child.pk}/", f"/account/trail/{child.pk}/"):
        assert client.get(address).status_code == 404
    assert guardians_of(child) == {stranger}
    assert told(Kind.GUARDIAN_ENDED) == {patient, stranger}
    assert Notification.objects.filter(kind=Kind.GUARDIAN_ENDED).count() == 2
    bond.refresh_from_db()
    assert (bond.valid.upper, bond.ended_by) == (today(), patient)


def test_what_began_today_ends_today(patient: User, stranger: User, child: Patient) -> None:
    bond = second_parent(child, stranger, by=patient)
    end_guardianship(bond, by=stranger)
    assert guardians_of(child) == {patient}
    labels = Guardianship.history.rel.related_model.objects.filter(pgh_obj_id=bond.pk).order_by("pgh_id")
    assert list(labels.values_list("pgh_label", flat=True)) == ["insert", "delete"]
    accept_invitation(offer(child, stranger, by=patient), by=stranger)
    assert guardians_of(child) == {patient, stranger}


def test_child_is_not_left_without_anybody(patient: User, child: Patient, client_of: ClientOf) -> None:
    bond = child.guardianships.get()
    answer = client_of(patient).post(f"/account/guardians/{bond.pk}/end/")
    assert answer.status_code == 409
    assert "Nobody else acts for this child" in answer.content.decode()
    assert guardians_of(child) == {patient}


def test_guardian_whose_account_is_closed_is_nobody_to_leave_a_child_with(
    patient: User, stranger: User, child: Patient
) -> None:
    second_parent(child, stranger, by=patient)
    User.objects.filter(pk=stranger.pk).update(is_active=False)
    with pytest.raises(LastGuardian):
        end_guardianship(child.guardianships.get(guardian=patient), by=patient)


def test_grown_up_may_be_left(patient: User) -> None:
    mother = add_family_member(patient, name="Amena", relation=Relation.PARENT, birth_date=date(1950, 1, 1))
    end_guardianship(mother.guardianships.get(), by=patient)
    assert guardians_of(mother) == set()


def test_nobody_ends_what_another_does_for_a_child(
    patient: User, stranger: User, child: Patient, client_of: ClientOf
) -> None:
    second_parent(child, stranger, by=patient)
    bond = child.guardianships.get(guardian=patient)
    assert client_of(stranger).post(f"/account/guardians/{bond.pk}/end/").status_code == 404
    with pytest.raises(PermissionDenied):
        end_guardianship(bond, by=stranger)
    assert guardians_of(child) == {patient, stranger}


def test_minor_with_an_account_does_not_end_what_guardians_do(
    patient: User, young: Patient, client_of: ClientOf
) -> None:
    user = UserFactory()
    accept_invitation(hand_over(young, email=user.email, by=patient), by=user)
    bond = young.guardianships.get()
    assert client_of(user).post(f"/account/guardians/{bond.pk}/end/").status_code == 403
    assert client_of(user).post(f"/account/guardians/{bond.pk}/renew/").status_code == 403
    assert (
        client_of(user).post("/account/family/me/invite/", {"email": "a@b.org", "relation": "other"}).status_code == 403
    )
    assert "Let somebody act for you" not in read(client_of(user), ACCOUNT).buttons


# Races -----------------------------------------------------------------------------------------------------------


def two_step_down_at_once(rounds: int = 10) -> list[int]:
    """How many guardians each child has left after both of its two stepped down at one instant."""
    left = []
    for _ in range(rounds):
        mother, father = UserFactory(), UserFactory()
        child = PatientFactory(child=True)
        bonds = [GuardianshipFactory(guardian=user, patient=child) for user in (mother, father)]

        def leave(bond: Guardianship) -> None:
            end_guardianship(bond, by=bond.guardian)

        at_once(*[lambda bond=bond: leave(bond) for bond in bonds])
        left.append(child.guardianships.current().count())
    return left


@pytest.mark.django_db(transaction=True)
def test_two_who_step_down_at_once_do_not_leave_a_child_alone() -> None:
    with no_deadlock():
        assert two_step_down_at_once() == [1] * 10


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_two_who_step_down_at_once_leave_a_child_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(family_services, "_locked", lambda key: Patient.objects.get(pk=key))
    assert 0 in two_step_down_at_once()


@pytest.mark.django_db(transaction=True)
def test_invitation_accepted_many_times_at_once_is_one_guardianship() -> None:
    mother, father = UserFactory(), UserFactory()
    child = add_family_member(mother, name="Mitu", relation=Relation.CHILD, birth_date=date(2020, 1, 1))
    invitation = offer(child, father, by=mother)
    with no_deadlock():
        outcomes = at_once(*[partial(accept_invitation, invitation, by=father)] * 8)
    assert tally(outcomes) == {"done": 8}
    assert Guardianship.objects.filter(guardian=father).count() == 1
    assert Notification.objects.filter(kind=Kind.GUARDIAN_ADDED, user=mother).count() == 1


@pytest.mark.django_db(transaction=True)
def test_accepting_and_stepping_down_at_once_leaves_somebody() -> None:
    """The last guardian steps down while the next one accepts: one of both comes first, and never is there nobody."""
    for _ in range(8):
        mother, father = UserFactory(), UserFactory()
        child = PatientFactory(child=True)
        bond = GuardianshipFactory(guardian=mother, patient=child)
        invitation = offer(child, father, by=mother)
        with no_deadlock():
            outcomes = at_once(
                partial(accept_invitation, invitation, by=father), partial(end_guardianship, bond, by=mother)
            )
        assert guardians_of(child), tally(outcomes)
        assert set(tally(outcomes)) <= {"done", "LastGuardian"}


@pytest.mark.django_db(transaction=True)
def test_same_member_added_many_times_at_once_is_one() -> None:
    user = UserFactory()

    def add() -> Patient:
        return add_family_member(user, name="Mitu", relation=Relation.CHILD, birth_date=date(2020, 1, 1))

    assert tally(at_once(*[add] * 6)) == {"done": 6}
    assert Guardianship.objects.filter(guardian=user).count() == 1


@pytest.mark.django_db(transaction=True)
def test_record_is_taken_over_by_one() -> None:
    mother = UserFactory()
    child = nearly_grown_up(mother)
    owners = UserFactory.create_batch(2)
    offers = [hand_over(child, email=owner.email, by=mother) for owner in owners]
    with no_deadlock():
        outcomes = at_once(*[partial(accept_invitation, o, by=owner) for o, owner in zip(offers, owners, strict=True)])
    assert tally(outcomes) == {"done": 1, "InvitationOver": 1}
    child.refresh_from_db()
    assert child.user in owners


# Coming of age ---------------------------------------------------------------------------------------------------


def test_guardians_lose_their_access_on_the_birthday(
    patient: User, child: Patient, client_of: ClientOf, on_noon_of: Callable[[date], None]
) -> None:
    birthday = majority(child.birth_date)
    for day, status in ((birthday - timedelta(days=1), 200), (birthday, 404)):
        on_noon_of(day)
        client = client_of(patient)
        for address in (f"/account/family/{child.pk}/", f"/account/health/{child.pk}/"):
            assert client.get(address).status_code == status, day


def test_leap_day_child_comes_of_age_on_the_first_of_march(
    patient: User, client_of: ClientOf, on_noon_of: Callable[[date], None]
) -> None:
    on_noon_of(date(2026, 1, 5))
    child = add_family_member(patient, name="Leap", relation=Relation.CHILD, birth_date=date(2008, 2, 29))
    for day, status in ((date(2026, 2, 28), 200), (date(2026, 3, 1), 404)):
        on_noon_of(day)
        assert client_of(patient).get(f"/account/family/{child.pk}/").status_code == status


def test_right_ends_at_midnight_in_dhaka_wherever_the_guardian_is(child: Patient, client_of: ClientOf) -> None:
    guardian = UserFactory(time_zone="America/New_York")
    GuardianshipFactory(guardian=guardian, patient=child, valid=DateRange(today(), majority(child.birth_date)))
    birthday = majority(child.birth_date)
    for moment, status in (("17:59:30", 200), ("18:00:30", 404)):
        with time_machine.travel(f"{birthday - timedelta(days=1)}T{moment}Z"):
            assert client_of(guardian).get(f"/account/family/{child.pk}/").status_code == status


def test_guardians_are_told_once_thirty_days_ahead(
    patient: User, stranger: User, child: Patient, on_noon_of: Callable[[date], None]
) -> None:
    second_parent(child, stranger, by=patient)
    birthday = majority(child.birth_date)
    on_noon_of(birthday - timedelta(days=31))
    assert announce_endings() == 0
    on_noon_of(birthday - timedelta(days=30))
    assert announce_endings() == 2
    assert told(Kind.GUARDIANSHIP_ENDS) == {patient, stranger}
    for days in (29, 10, 1, 0, -5):
        on_noon_of(birthday - timedelta(days=days))
        assert announce_endings() == 0
    notice = Notification.objects.filter(kind=Kind.GUARDIANSHIP_ENDS).first()
    assert notice.facts["day"] == birthday.isoformat()


def test_those_without_an_end_are_not_announced(patient: User) -> None:
    add_family_member(patient, name="Amena", relation=Relation.PARENT, birth_date=date(1950, 1, 1))
    assert announce_endings() == 0


@pytest.mark.django_db(transaction=True)
def test_sweepers_at_once_tell_once() -> None:
    mother = UserFactory()
    nearly_grown_up(mother)
    assert sorted(outcome.value for outcome in at_once(*[announce_endings] * 4)) == [0, 0, 0, 1]
    assert Notification.objects.filter(kind=Kind.GUARDIANSHIP_ENDS).count() == 1


def test_birthday_put_right_is_announced_anew(patient: User, young: Patient) -> None:
    announce_endings()
    from patients.services import change_person

    young.birth_date -= timedelta(days=2)
    change_person(young, by=patient)
    assert announce_endings() == 1


def test_record_is_taken_over_with_all_that_is_in_it(patient: User, young: Patient, client_of: ClientOf) -> None:
    AllergyFactory(patient=young, substance="Penicillin")
    owner = UserFactory()
    mother = client_of(patient)
    page = f"/account/family/{young.pk}/"
    assert "Offer the record" in read(mother, page).links
    assert mother.post(f"{page}hand-over/", {"email": owner.email}).url == page
    assert told(Kind.RECORD_OFFERED) == {patient}
    link = Invitation.objects.get().get_absolute_url()
    grown = client_of(owner)
    assert "hands the record of Arham over to you" in read(grown, link).html
    assert grown.post(link).url == ACCOUNT
    young.refresh_from_db()
    assert young.user == owner
    assert "Penicillin" in read(grown, "/account/health/me/").html
    assert told(Kind.RECORD_CLAIMED) == {patient, owner}
    # Until the birthday the guardian goes on, but describes the person no more.
    assert mother.get(page).status_code == 200
    assert mother.get(f"{page}profile/").status_code == 403


def test_grown_up_lets_the_guardian_go_on_and_ends_it(
    patient: User, young: Patient, client_of: ClientOf, on_noon_of: Callable[[date], None]
) -> None:
    owner = UserFactory()
    accept_invitation(hand_over(young, email=owner.email, by=patient), by=owner)
    bond = young.guardianships.get()
    on_noon_of(majority(young.birth_date) + timedelta(days=3))
    grown, mother = client_of(owner), client_of(patient)
    page = f"/account/family/{young.pk}/"
    assert mother.get(page).status_code == 404
    assert "Until you came of age" in read(grown, ACCOUNT).html
    for _ in range(2):
        assert grown.post(f"/account/guardians/{bond.pk}/renew/").url == ACCOUNT
    assert mother.get(page).status_code == 200
    renewed = young.guardianships.current().get()
    assert renewed.valid == DateRange(today(), None)

    assert f"Shall {patient.name} stop acting for you?" in read(grown, f"/account/guardians/{renewed.pk}/end/").html
    grown.post(f"/account/guardians/{renewed.pk}/end/")
    assert mother.get(page).status_code == 404


def test_what_a_guardian_ended_is_not_for_the_child_to_renew(
    patient: User, stranger: User, young: Patient, on_noon_of: Callable[[date], None]
) -> None:
    owner = UserFactory()
    bond = second_parent(young, stranger, by=patient)
    on_noon_of(today() + timedelta(days=2))
    end_guardianship(bond, by=stranger)
    accept_invitation(hand_over(young, email=owner.email, by=patient), by=owner)
    on_noon_of(majority(young.birth_date))
    with pytest.raises(PermissionDenied):
        renew_guardianship(bond, by=owner)


def test_record_that_nobody_took_over_can_still_be_offered_and_nothing_else(
    patient: User, stranger: User, young: Patient, client_of: ClientOf, on_noon_of: Callable[[date], None]
) -> None:
    on_noon_of(majority(young.birth_date) + timedelta(days=40))
    mother, owner = client_of(patient), UserFactory()
    offer_path = f"/account/family/{young.pk}/hand-over/"
    assert offer_path in read(mother, ACCOUNT).links.values()
    assert mother.get(f"/account/family/{young.pk}/").status_code == 404
    assert client_of(stranger).get(offer_path).status_code == 404
    assert mother.post(offer_path, {"email": owner.email}).url == ACCOUNT
    accept_invitation(Invitation.objects.get(), by=owner)
    young.refresh_from_db()
    assert young.user == owner
    assert mother.get(offer_path).status_code == 404


def test_small_child_has_no_record_to_take_over(patient: User, child: Patient, client_of: ClientOf) -> None:
    assert client_of(patient).get(f"/account/family/{child.pk}/hand-over/").status_code == 403
    with pytest.raises(PermissionDenied):
        hand_over(child, email="a@example.org", by=patient)


def test_guardian_does_not_become_the_child(patient: User, stranger: User, young: Patient) -> None:
    second_parent(young, stranger, by=patient)
    invitation = hand_over(young, email=stranger.email, by=patient)
    with pytest.raises(AlreadyActing):
        accept_invitation(invitation, by=stranger)
    young.refresh_from_db()
    assert young.user is None


def test_empty_record_gives_way_and_a_used_one_does_not(patient: User, young: Patient) -> None:
    owner = UserFactory()
    own_patient(owner)
    accept_invitation(hand_over(young, email=owner.email, by=patient), by=owner)
    assert Patient.objects.get(user=owner) == young

    other = nearly_grown_up(patient, days=25)
    busy = UserFactory()
    Allergy.objects.create(patient=own_patient(busy), category="food", substance="Eggs")
    with pytest.raises(AlreadyAPatient):
        accept_invitation(hand_over(other, email=busy.email, by=patient), by=busy)
    assert Allergy.objects.filter(patient__user=busy).exists()


# Grown-ups -------------------------------------------------------------------------------------------------------


def test_grown_up_with_an_account_is_asked_first(patient: User, stranger: User, client_of: ClientOf) -> None:
    asked = client_of(patient).post("/account/family/ask/", {"email": stranger.email, "relation": "parent"})
    assert asked.url == ACCOUNT
    assert not Patient.objects.acted_for_by(patient).filter(user=stranger).exists()
    invitation = Invitation.objects.get()
    mother = client_of(stranger)
    assert f"{patient.name} asks to act for you" in read(mother, invitation.get_absolute_url()).html
    assert mother.post(invitation.get_absolute_url()).url == ACCOUNT
    assert guardians_of(stranger.patient) == {patient}
    assert told(Kind.GUARDIAN_ADDED) == {patient, stranger}
    assert patient.name in read(mother, ACCOUNT).html
    assert stranger.patient.guardianships.get().valid.upper is None


def test_minor_does_not_agree_alone(patient: User, stranger: User) -> None:
    Patient.objects.filter(user=stranger).update(birth_date=today() - timedelta(days=6000))
    invitation = ask_consent(email=stranger.email, relation=Relation.OTHER, by=patient)
    with pytest.raises(NotOfAge):
        accept_invitation(invitation, by=stranger)


def test_nobody_acts_for_themselves(patient: User) -> None:
    with pytest.raises(AlreadyActing):
        accept_invitation(ask_consent(email=patient.email, relation=Relation.OTHER, by=patient), by=patient)


def test_grown_up_invites_somebody_for_themselves(patient: User, stranger: User, client_of: ClientOf) -> None:
    client = client_of(patient)
    assert client.post("/account/family/me/invite/", {"email": stranger.email, "relation": "parent"}).url == ACCOUNT
    accept_invitation(Invitation.objects.get(), by=stranger)
    assert guardians_of(patient.patient) == {stranger}


def test_who_acts_for_a_grown_up_with_an_account_brings_in_nobody_else(
    patient: User, stranger: User, client_of: ClientOf
) -> None:
    GuardianshipFactory(guardian=stranger, patient=patient.patient, relation=Relation.PARENT)
    path = f"/account/family/{patient.patient.pk}/invite/"
    assert client_of(stranger).get(path).status_code == 403
    assert client_of(stranger).post(path, {"email": "a@example.org", "relation": "other"}).status_code == 403


def test_ids_from_a_form_are_ignored(patient: User, stranger: User, child: Patient, client_of: ClientOf) -> None:
    path = f"/account/family/{child.pk}/invite/"
    sent = {"email": "a@example.org", "relation": "child", "patient": str(stranger.patient.pk)}
    client_of(patient).post(
        path, sent | {"invited_by": str(stranger.pk), "purpose": "claim", "guardian": str(stranger.pk)}
    )
    invitation = Invitation.objects.get()
    assert (invitation.patient, invitation.invited_by, invitation.purpose) == (child, patient, "guardian")


# Mails and the trail ---------------------------------------------------------------------------------------------


def test_mail_that_is_refused_is_tried_again_under_one_message_id(
    patient: User, stranger: User, child: Patient, settings: LazySettings
) -> None:
    invitation = offer(child, stranger, by=patient)
    with post_office() as office:
        settings.MAILERS = smtp(office.port)
        office.answer = "451 not now"
        send_invitation(invitation.pk)
        invitation.refresh_from_db()
        assert invitation.mail_attempts == 1
        assert invitation.mail_due_at > timezone.now()
        # Before its time, nobody tries it.
        send_invitation(invitation.pk)
        assert len(office.seen) == 1
        office.answer = "250 taken"
        Invitation.objects.update(mail_due_at=timezone.now())
        sweep_invitations()
        sweep_invitations()
        assert len(office.letters) == 1
        assert {letter["Message-ID"].partition("@")[0] for letter in office.seen} == {f"<{invitation.pk}"}


def test_mail_is_in_the_language_of_its_reader(patient: User, child: Patient) -> None:
    User.objects.filter(pk=patient.pk).update(language="bn")
    reader = UserFactory(language="en")
    offer(child, reader, by=patient)
    with translation.override("bn"):
        sweep_invitations()
    assert "asks you to care for somebody together" in mail.outbox[0].subject


@pytest.mark.parametrize(
    "kind",
    ["guardian_invited", "guardian_added", "guardian_ended", "guardianship_ends", "record_offered", "record_claimed"],
)
@pytest.mark.parametrize("is_own", [True, False])
def test_every_notice_has_its_words(patient: User, kind: str, is_own: bool) -> None:
    facts = {
        "patient": "Mitu",
        "by": "Karim",
        "guardian": "Salma",
        "day": "2030-03-01",
        "is_own": is_own,
        "path": "/x/",
    }
    notice = Notification.objects.create(user=patient, kind=kind, facts=facts)
    letter = email_for(Delivery.objects.create(notification=notice, channel="email"))
    assert letter.subject
    assert "/x/" in letter.body
    assert "{{" not in letter.body


def test_trail_tells_who_changed_who_acts(patient: User, stranger: User, child: Patient) -> None:
    bond = second_parent(child, stranger, by=patient)
    end_guardianship(bond, by=stranger)
    entries = TrailEntry.objects.filter(subject=child.pk).order_by("pk")
    assert list(entries.values_list("action", "about", "by")) == [
        (Action.ADDED, "patients.patient", patient.pk),
        (Action.ADDED, "patients.invitation", patient.pk),
        (Action.ADDED, "patients.guardianship", stranger.pk),
        (Action.REMOVED, "patients.guardianship", stranger.pk),
    ]
