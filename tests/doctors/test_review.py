"""The queue in the admin, and the page on which somebody decides."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Action, Ground, TrailEntry, User
from doctors import services
from doctors.models import ChecklistItem, Doctor, Verification
from tests import documents
from tests.doctors.test_own_profile import degree, form, rows
from tests.doctors.verifications import application, applied, approved, certificate_of, change_asked, paper
from tests.factories.accounts import UserFactory
from tests.factories.doctors import DoctorFactory

pytestmark = pytest.mark.django_db

type ClientOf = Callable[[User], Client]

QUEUE = reverse("admin:doctors_verification_changelist")
ALL = list(ChecklistItem.values)


@pytest.fixture
def clerk() -> User:
    """Somebody of the verification group."""
    return UserFactory(in_group="verification", name="Clerk")


@pytest.fixture
def desk(client_of: ClientOf, clerk: User) -> Client:
    return client_of(clerk)


def page_of(verification: Verification) -> str:
    return reverse("admin:doctors_verification_change", args=[verification.pk])


def decision(action: str, *, items: list[str] | None = None, words: str = "", revision: int = 1) -> dict[str, Any]:
    return {"revision": str(revision), "items": ALL if items is None else items, "words": words, "action": action}


# The queue -------------------------------------------------------------------------------------------------------


def test_queue_shows_whose_turn_is_ours_oldest_first_with_the_time_that_they_wait(desk: Client, admin: User) -> None:
    new, old = applied(UserFactory(), name="New One"), applied(UserFactory(), name="Old One")
    Verification.objects.filter(pk=old.pk).update(sent_at=timezone.now() - timedelta(days=3, hours=2))
    asked = applied(UserFactory(), name="Asked One")
    services.ask_more(asked, words="More", by=admin)
    done = applied(UserFactory(), name="Done One")
    approved(done, by=admin)
    response = desk.get(QUEUE)
    assert list(response.context["cl"].result_list) == [old, new]
    assert "3 days, 2 hours" in response.content.decode().replace("\xa0", " ")
    for turn, shown in {"doctor": [asked], "done": [done], "all": [old, new, asked, done]}.items():
        assert list(desk.get(QUEUE, {"turn": turn}).context["cl"].result_list) == shown


@pytest.mark.parametrize("typed", ["farhana", "ফারহানা", "A-54321", "farhana@example.com"])
def test_verifications_are_found_by_name_number_and_address(desk: Client, typed: str) -> None:
    applied(UserFactory())
    applied(UserFactory(email="farhana@example.com"), name="Farhana", name_bn="ফারহানা", registration_number="A-54321")
    Verification.objects.exclude(name="Farhana").update(name="Karim", name_bn="")
    assert [each.name for each in desk.get(QUEUE, {"q": typed}).context["cl"].result_list] == ["Farhana"]


@pytest.mark.parametrize("count", [1, 3])
def test_queue_needs_the_same_queries_for_any_length(
    desk: Client, django_assert_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    for _ in range(count):
        applied(UserFactory())
    desk.get(QUEUE)
    with django_assert_num_queries(7):
        desk.get(QUEUE)


@pytest.mark.parametrize("count", [1, 3])
def test_page_needs_the_same_queries_for_any_story(
    desk: Client, admin: User, django_assert_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    user = UserFactory()
    verification = applied(user, registration_number="A-777")
    for number in range(count):
        DoctorFactory(name=verification.name)
        services.tick_items(verification, list(ChecklistItem)[: number + 1], by=UserFactory(as_admin=True))
    desk.get(page_of(verification))
    with django_assert_num_queries(13):
        desk.get(page_of(verification))


# Deciding --------------------------------------------------------------------------------------------------------


def test_page_shows_the_paper_beside_the_checklist(desk: Client, admin: User) -> None:
    doctor = DoctorFactory(name="Farhana Rahman", registration_number="A-54321")
    verification = change_asked(doctor, name="Farhana <i>Khan</i>")
    services.tick_items(verification, [ChecklistItem.NAME], by=admin)
    html = desk.get(page_of(verification)).content.decode()
    assert f'src="{reverse("admin:doctors_verification_document", args=[verification.pk])}"' in html
    assert "Farhana &lt;i&gt;Khan&lt;/i&gt;" in html
    assert "verified as Farhana Rahman" in html
    assert f"ticked by {admin.name}" in html
    for item in ChecklistItem:
        assert str(item.label) in html


def test_approving_from_the_page(desk: Client, clerk: User) -> None:
    user = UserFactory()
    verification = applied(user)
    response = desk.post(page_of(verification), decision("approve"))
    assert (response.status_code, response.url) == (302, QUEUE)
    assert Doctor.objects.public().get().user == user
    assert {tick.by for tick in services.ticked(verification).values()} == {clerk}
    assert LogEntry.objects.get().change_message == "approve"


@pytest.mark.parametrize(("action", "status"), [("ask", "more_asked"), ("reject", "rejected")])
def test_asking_and_rejecting_from_the_page(desk: Client, action: str, status: str) -> None:
    verification = applied(UserFactory())
    response = desk.post(page_of(verification), decision(action, items=[], words="  "))
    assert response.status_code == 422
    assert "Say in words" in response.content.decode()
    assert desk.post(page_of(verification), decision(action, items=[ALL[0]], words="Because.")).url == QUEUE
    verification.refresh_from_db()
    assert verification.status == status
    assert verification.events.last().words == "Because."
    assert list(services.ticked(verification)) == [ALL[0]]


def test_approving_with_an_empty_box_is_told_beside_the_checklist_and_keeps_the_ticks(desk: Client) -> None:
    verification = applied(UserFactory())
    response = desk.post(page_of(verification), decision("approve", items=ALL[1:], words="A draft."))
    html = response.content.decode()
    assert response.status_code == 422
    assert "Tick every item before you approve." in html
    assert "A draft." in html
    assert html.count(" checked") == len(ALL) - 1
    assert not Doctor.objects.public().exists()


def test_only_keeping_the_ticks_stays_on_the_page(desk: Client) -> None:
    verification = applied(UserFactory())
    assert desk.post(page_of(verification), decision("tick", items=ALL[:2])).url == page_of(verification)
    assert set(services.ticked(verification)) == set(ALL[:2])


@pytest.mark.parametrize("action", ["approve", "ask", "reject", "tick"])
def test_the_second_of_two_administrators_is_told_that_another_was_faster(
    desk: Client, admin: User, action: str
) -> None:
    verification = applied(UserFactory())
    services.reject_verification(verification, words="No.", by=admin)
    response = desk.post(page_of(verification), decision(action, words="Words."), follow=True)
    assert "Somebody else was faster" in response.content.decode()
    verification.refresh_from_db()
    assert verification.status == "rejected"
    assert not Doctor.objects.public().exists()


def test_nobody_approves_what_was_sent_anew_since_they_looked(desk: Client, admin: User) -> None:
    user = UserFactory()
    verification = applied(user, registration_number="A-111")
    services.ask_more(verification, words="More", by=admin)
    applied(user, registration_number="A-222")
    response = desk.post(page_of(verification), decision("approve", revision=1), follow=True)
    assert "Somebody else was faster" in response.content.decode()
    assert not Doctor.objects.public().exists()
    assert desk.post(page_of(verification), decision("approve", revision=2)).url == QUEUE
    assert Doctor.objects.public().get().registration_number == "A-222"


def test_number_that_was_verified_for_another_meanwhile_is_told_on_the_page(desk: Client) -> None:
    verification = applied(UserFactory(), registration_number="A-111")
    DoctorFactory(registration_number="A-111")
    response = desk.post(page_of(verification), decision("approve"))
    assert response.status_code == 409
    assert "belongs to another doctor here" in response.content.decode()


def test_nobody_decides_about_themselves(client_of: ClientOf, clerk: User) -> None:
    verification = applied(clerk)
    desk = client_of(clerk)
    assert "another administrator decides" in desk.get(page_of(verification)).content.decode()
    assert desk.post(page_of(verification), decision("approve")).status_code == 403
    assert not Doctor.objects.public().exists()


def test_who_may_only_look_cannot_decide(client_of: ClientOf) -> None:
    user = UserFactory(in_group="support")
    user.user_permissions.add(Permission.objects.get(codename="view_verification"))
    verification = applied(UserFactory())
    page = client_of(user).get(page_of(verification))
    assert page.status_code == 200
    assert 'value="approve"' not in page.content.decode()
    assert client_of(user).post(page_of(verification), decision("approve")).status_code == 403
    assert not Doctor.objects.public().exists()


@pytest.mark.parametrize("pk", ["0", "999999", "x", "1_delete"])
def test_pages_of_nothing_are_not_found(desk: Client, pk: str) -> None:
    assert desk.get(f"{QUEUE}{pk}/change/").status_code == 404


# The paper -------------------------------------------------------------------------------------------------------


def test_certificate_is_opened_for_a_minute_by_who_may_and_the_trail_knows(
    desk: Client, clerk: User, client_of: ClientOf, admin: User
) -> None:
    verification = applied(UserFactory())
    address = reverse("admin:doctors_verification_document", args=[verification.pk])
    for group in ("support", "finance", "moderation"):
        assert client_of(UserFactory(in_group=group)).get(address).status_code == 403
    assert not TrailEntry.objects.filter(action=Action.DOWNLOADED).exists()
    response = desk.get(address)
    assert response.url.startswith("/files/")
    entry = TrailEntry.objects.get(action=Action.DOWNLOADED)
    assert (entry.by, entry.ground, entry.about, entry.about_id) == (
        clerk,
        Ground.DUTY,
        "doctors.verification",
        str(verification.pk),
    )
    opened = desk.get(response.url)
    assert opened.headers["Content-Type"] == "image/jpeg"
    b"".join(opened)
    # It was made for this reader, and for a minute.
    assert client_of(admin).get(response.url).status_code == 404


def test_pages_of_a_pdf_are_shown_as_pictures(desk: Client, client_of: ClientOf, clerk: User) -> None:
    user = UserFactory()
    certificate_of(user, paper("certificate.pdf", documents.pdf("BMDC", pages=2)))
    verification = services.send_application(user, application())
    html = desk.get(page_of(verification)).content.decode()
    pages = [reverse("admin:doctors_verification_page", args=[verification.pk, number]) for number in (1, 2, 3)]
    assert pages[1] in html
    assert pages[2] not in html
    shown = desk.get(pages[1])
    assert (shown.status_code, shown.headers["Content-Type"]) == (200, "image/webp")
    assert shown.content[8:12] == b"WEBP"
    assert TrailEntry.objects.get(action=Action.READ).code == "certificate-page-2"
    assert desk.get(pages[2]).status_code == 404
    assert client_of(UserFactory(in_group="support")).get(pages[0]).status_code == 403


# What changed ----------------------------------------------------------------------------------------------------


def test_changes_of_a_profile_are_told_value_by_value(desk: Client, client_of: ClientOf) -> None:
    doctor = DoctorFactory(fee_video=800, languages=["bn"])
    client_of(doctor.user).post(
        "/practice/profile/",
        form(doctor, fee_video="950", languages=["bn", "en"], degrees=rows("degrees", degree("FCPS", "BCPS", "2014"))),
    )
    address = reverse("admin:doctors_doctor_changes", args=[doctor.pk])
    told = [
        (change.by, str(change.row), str(change.field), change.old, change.new)
        for change in desk.get(address).context["changes"]
    ]
    name = doctor.user.name
    assert (name, "Profile", "fee for a video visit", "800.00", "950.00") in told
    assert (name, "Profile", "languages", "Bangla", "Bangla, English") in told
    assert (name, "Degree", "", "", "FCPS, BCPS, 2014") in told


@pytest.mark.parametrize("count", [1, 3])
def test_changes_need_the_same_queries_however_many(
    desk: Client, django_assert_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    doctor = DoctorFactory()
    for number in range(count):
        doctor.about = f"Version {number}"
        doctor.save()
    address = reverse("admin:doctors_doctor_changes", args=[doctor.pk])
    desk.get(address)
    with django_assert_num_queries(10):
        response = desk.get(address)
    assert len([change for change in response.context["changes"] if change.field == "about"]) == count
