"""The inbox, without JavaScript: what is in it, what is read, and that it is one's own."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Kind, Notification, User
from accounts.samples import FACTS
from accounts.services import news_for, notify
from tests.factories.accounts import UserFactory
from tests.page import Page

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return UserFactory(name="Rahima Begum")


def tell(user: User, kind: Kind = Kind.APPOINTMENT_CONFIRMED, **facts: object) -> Notification:
    return notify(user, kind, facts=FACTS | facts)


def test_inbox_is_empty_with_a_word_of_what_comes(client: Client, user: User) -> None:
    client.force_login(user)
    page = client.get("/inbox/").content.decode()
    assert "Nothing here yet" in page
    assert "Mark all as read" not in page
    assert "Everything is read" in client.get("/inbox/?show=unread").content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_inbox_costs_the_same_however_much_is_in_it(
    client: Client, user: User, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(count):
        tell(user)
    client.force_login(user)
    # Session and user; how much is unread, how many there are, and a page of them.
    with django_assert_num_queries(5):
        page = client.get("/inbox/")
    assert page.content.decode().count("letter-unread") == count


@pytest.mark.parametrize("count", [1, 3])
def test_news_costs_two_queries(user: User, count: int, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for _ in range(count):
        tell(user)
    with django_assert_num_queries(2):
        news = news_for(user)
    assert news["unread"] == len(news["latest"]) == count


def test_inbox_has_pages_and_its_unread_by_themselves(client: Client, user: User) -> None:
    told = [tell(user, number=f"R-{number}") for number in range(23)]
    Notification.objects.filter(pk=told[0].pk).update(created_at=timezone.now() - timedelta(days=9))
    client.force_login(user)
    assert client.get("/inbox/").content.decode().count('class="letter-open"') == 20
    last = client.get("/inbox/?page=2").content.decode()
    assert last.count('class="letter-open"') == 3
    assert str(told[0].pk) in last
    Notification.objects.exclude(pk=told[5].pk).update(read_at=timezone.now())
    unread = client.get("/inbox/?show=unread").content.decode()
    assert unread.count('class="letter-open"') == 1
    assert str(told[5].pk) in unread


def test_opening_a_message_reads_it_and_leads_on(client: Client, user: User) -> None:
    told = tell(user)
    client.force_login(user)
    answer = client.post(f"/inbox/{told.pk}/open/")
    assert (answer.status_code, answer.headers["Location"]) == (302, FACTS["path"])
    told.refresh_from_db()
    first = told.read_at
    assert first is not None
    client.post(f"/inbox/{told.pk}/open/")
    told.refresh_from_db()
    assert told.read_at == first


@pytest.mark.parametrize("path", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "", None])
def test_message_leads_nowhere_else_than_into_the_portal(client: Client, user: User, path: str | None) -> None:
    told = tell(user, path=path)
    client.force_login(user)
    assert client.post(f"/inbox/{told.pk}/open/").headers["Location"] == "/inbox/"


def test_looking_at_a_message_changes_nothing_and_its_button_reads_it(client: Client, user: User) -> None:
    told = tell(user)
    client.force_login(user)
    page = client.get(f"/inbox/{told.pk}/").content.decode()
    assert "Dr. Farhana Islam" in page
    assert "data-read" in page
    told.refresh_from_db()
    assert told.read_at is None
    assert client.post(f"/inbox/{told.pk}/read/").status_code == 204
    assert "data-read" not in client.get(f"/inbox/{told.pk}/").content.decode()


@pytest.mark.parametrize("kind", [Kind.APPOINTMENT_CONFIRMED, Kind.REPORT_DECIDED])
def test_message_has_one_way_to_what_it_is_about(client: Client, user: User, kind: Kind) -> None:
    told = tell(user, kind)
    client.force_login(user)
    page = Page(client.get(f"/inbox/{told.pk}/").content.decode())
    assert page.buttons.count("Open what it is about") == 1
    assert "Open" not in page.links


def test_all_is_read_up_to_what_was_seen_and_nothing_that_came_since(client: Client, user: User) -> None:
    others, seen = tell(UserFactory()), tell(user)
    client.force_login(user)
    upto = client.get("/inbox/").context["page"].object_list[0].row.pk
    later = tell(user)
    assert client.post("/inbox/read/", {"upto": upto}).status_code == 302
    for row, is_read in ((seen, True), (later, False), (others, False)):
        row.refresh_from_db()
        assert (row.read_at is not None) == is_read
    for nonsense in ("", "x", str(UUID(int=0)), str(tell(UserFactory()).pk)):
        client.post("/inbox/read/", {"upto": nonsense})
    later.refresh_from_db()
    assert later.read_at is None


def test_message_of_somebody_else_is_not_there(client: Client, user: User) -> None:
    told = tell(UserFactory())
    client.force_login(user)
    assert client.get(f"/inbox/{told.pk}/").status_code == 404
    for what in ("open", "read"):
        assert client.post(f"/inbox/{told.pk}/{what}/").status_code == 404
        assert client.get(f"/inbox/{told.pk}/{what}/").status_code == 405
    told.refresh_from_db()
    assert told.read_at is None
    assert client.get("/inbox/news/").json() == {"unread": 0, "latest": []}


def test_news_is_in_the_readers_language_and_says_where_it_is_opened(client: Client) -> None:
    reader = UserFactory(language="bn")
    told = tell(reader, Kind.REFUND_DONE)
    client.force_login(reader)
    (latest,) = client.get("/inbox/news/").json()["latest"]
    assert latest["open"] == f"/inbox/{told.pk}/open/"
    assert not latest["title"].isascii()


def test_message_whose_words_cannot_be_made_does_not_close_the_inbox(client: Client, user: User) -> None:
    tell(user, Kind.APPOINTMENT_CANCELLED, start="not a time")
    tell(user)
    client.force_login(user)
    page = client.get("/inbox/").content.decode()
    assert page.count('class="letter-open"') == 2
    assert "An appointment is cancelled" in page
    assert len(client.get("/inbox/news/").json()["latest"]) == 2


def test_hostile_words_are_words(client: Client, user: User) -> None:
    told = tell(user, doctor="<script>alert(1)</script>")
    client.force_login(user)
    for page in ("/inbox/", f"/inbox/{told.pk}/"):
        assert "<script>alert(1)" not in client.get(page).content.decode()


def test_choices_are_kept_and_what_is_always_mailed_stays(client: Client, user: User) -> None:
    client.force_login(user)
    page = client.get("/account/messages/").content.decode()
    fixed = set(re.findall(r'<input[^>]* name="([a-z]+:[a-z]+)"[^>]*disabled', page))
    assert fixed == {"money:email", "safety:email"}
    # As a browser sends it: what is ticked, and of money and safety nothing, though somebody leaves them out.
    assert client.post("/account/messages/", {"reminders:email": "on", "papers:push": "on"}).status_code == 302
    user.refresh_from_db()
    assert user.choices == {
        **{f"{topic}:email": False for topic in ("visits", "papers", "reviews", "profile")},
        **{f"{topic}:push": False for topic in ("reminders", "visits", "reviews", "profile", "money", "safety")},
    }
