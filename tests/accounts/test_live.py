"""The socket of an open page: told on commit, the truth again at every connection, closed once one is signed out."""

import json
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import transaction
from django.test import Client
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from accounts.consumers import MOST_OF_ONE
from accounts.models import Kind, Notification, User
from accounts.samples import FACTS
from accounts.services import notify
from accounts.sessions import end_other_sessions
from tests.factories.accounts import PASSWORD, UserFactory
from tests.servers import Server, listening, python

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def user() -> User:
    return UserFactory(name="Rahima Begum")


def dialled(daphne: Server, client: Client, *, origin: str = "") -> ClientConnection:
    cookie = client.cookies.get(settings.SESSION_COOKIE_NAME)
    headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={cookie.value}"} if cookie else {}
    address = daphne.url.replace("http", "ws", 1) + "/ws/live"
    return connect(address, origin=Origin(origin or daphne.url), additional_headers=headers)


@pytest.fixture
def opened(daphne_process: Server) -> Iterator:
    with ExitStack() as made:

        def open_as(user: User, client: Client | None = None) -> ClientConnection:
            if client is None:
                client = Client()
                client.force_login(user)
            return made.enter_context(dialled(daphne_process, client))

        yield open_as


def heard(socket: ClientConnection) -> dict:
    return json.loads(socket.recv(timeout=10))


def closed_with(socket: ClientConnection) -> int:
    """The code, when nothing was said before."""
    with pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=10)
    assert closed.value.rcvd
    return closed.value.rcvd.code


def test_what_is_told_comes_once_it_is_durable_and_to_its_reader_alone(user: User, opened) -> None:
    other = UserFactory()
    mine, second, theirs = opened(user), opened(user), opened(other)
    assert heard(mine) == heard(second) == heard(theirs) == {"type": "news", "unread": 0, "latest": []}
    with transaction.atomic():
        told = notify(user, Kind.APPOINTMENT_CONFIRMED, facts=FACTS)
        with pytest.raises(TimeoutError):
            mine.recv(timeout=0.3)
    for socket in (mine, second):
        news = heard(socket)
        assert (news["unread"], [each["id"] for each in news["latest"]]) == (1, [told.pk.hex])
        assert "Dr. Farhana Islam" in news["latest"][0]["title"]
    notify(other, Kind.REFUND_DONE, facts=FACTS)
    assert heard(theirs)["unread"] == 1
    with pytest.raises(TimeoutError):
        mine.recv(timeout=0.3)


def test_what_was_told_without_a_socket_is_there_at_the_next(user: User, opened) -> None:
    notify(user, Kind.APPOINTMENT_CONFIRMED, facts=FACTS)
    socket = opened(user)
    assert heard(socket)["unread"] == 1
    socket.close()
    notify(user, Kind.APPOINTMENT_MOVED, facts=FACTS)
    assert heard(opened(user))["unread"] == 2


def test_who_was_signed_out_hears_nothing_more(user: User, opened) -> None:
    socket = opened(user)
    heard(socket)
    Session.objects.all().delete()
    notify(user, Kind.APPOINTMENT_CONFIRMED, facts=FACTS)
    assert closed_with(socket) == 4003


def test_pages_of_a_session_that_is_ended_elsewhere_close_at_once_and_others_stay(user: User, opened) -> None:
    here, there = Client(), Client()
    for client in (here, there):
        client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    kept, lost = opened(user, here), opened(user, there)
    assert heard(kept) == heard(lost)
    end_other_sessions(user, this=here.session.session_key)
    assert closed_with(lost) == 4003
    assert heard(kept)["unread"] == 0


def test_signing_out_closes_the_pages_that_are_open_still(user: User, opened) -> None:
    client = Client()
    client.force_login(user)
    socket = opened(user, client)
    heard(socket)
    client.post("/accounts/logout/")
    assert closed_with(socket) == 4003


def test_who_did_nothing_for_too_long_hears_nothing_more(user: User, opened) -> None:
    socket = opened(user)
    heard(socket)
    store = SessionStore(Session.objects.get().session_key)
    store.update({"began_at": 0, "seen_at": 0})
    store.save()
    notify(user, Kind.APPOINTMENT_CONFIRMED, facts=FACTS)
    assert closed_with(socket) == 4003


def test_of_many_pages_of_one_person_the_newest_are_heard(user: User, opened) -> None:
    client, other = Client(), UserFactory()
    client.force_login(user)
    theirs = opened(other)
    assert heard(theirs)["unread"] == 0
    pages = []
    for _ in range(MOST_OF_ONE + 2):
        pages.append(opened(user, client))
        assert heard(pages[-1])["unread"] == 0
    assert [closed_with(page) for page in pages[:2]] == [4008, 4008]
    # A page that is closed makes room.
    pages[-1].close()
    pages[-1] = opened(user, client)
    assert heard(pages[-1])["unread"] == 0
    notify(user, Kind.APPOINTMENT_CONFIRMED, facts=FACTS)
    notify(other, Kind.APPOINTMENT_CONFIRMED, facts=FACTS)
    assert [heard(page)["unread"] for page in (*pages[2:], theirs)] == [1] * (MOST_OF_ONE + 1)


def test_nothing_that_a_client_says_is_listened_to(user: User, opened) -> None:
    socket = opened(user)
    heard(socket)
    socket.send('{"type": "person.told"}')
    assert closed_with(socket) == 4400
    assert not Notification.objects.exists()


def test_page_of_another_origin_is_refused_at_the_handshake(user: User, daphne_process: Server) -> None:
    client = Client()
    client.force_login(user)
    with pytest.raises(InvalidStatus, match="403"):
        dialled(daphne_process, client, origin="https://elsewhere.example")


@pytest.mark.parametrize("change", [{"is_active": False}, {"password": make_password("quite another sentence")}])
def test_who_could_not_sign_in_like_this_any_more_hears_nothing_more(user: User, opened, change: dict) -> None:
    client = Client()
    client.force_login(user)
    socket = opened(user, client)
    heard(socket)
    User.objects.filter(pk=user.pk).update(**change)
    notify(user, Kind.APPOINTMENT_CONFIRMED, facts=FACTS)
    assert closed_with(socket) == 4003
    assert closed_with(opened(user, client)) == 4003


def test_who_has_yet_to_show_the_second_factor_hears_nothing() -> None:
    doctor, patient = UserFactory(as_doctor=True), UserFactory()
    command = python("daphne", "--fd", "{fd}", "config.asgi:application")
    with listening("websocket", command, SECOND_FACTOR_REQUIRED="true") as daphne:
        for user, said in ((doctor, 4003), (patient, None)):
            client = Client()
            client.force_login(user)
            with dialled(daphne, client) as socket:
                if said:
                    assert closed_with(socket) == said
                else:
                    assert heard(socket)["unread"] == 0


def test_visitors_are_told_that_sockets_are_served_and_nothing_else(daphne_process: Server) -> None:
    with dialled(daphne_process, Client()) as socket:
        assert heard(socket) == {"type": "ready"}
        assert closed_with(socket) == 1000
