"""Video visits whose room is open now, and people who come into it by sockets."""

import contextlib
import json
from collections.abc import Iterator
from datetime import timedelta
from time import monotonic
from typing import Any, Self
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from accounts.models import User
from appointments.models import Appointment
from telehealth.services import give_consent, room_of
from tests.appointments.visits import at, confirmed, shifted
from tests.servers import Server

# An answer is there at once, but on a machine whose cores are all busy.
WITHIN = 40.0
PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36"
# What a guest has seen in a beat, and a device: each brings about a fault of tests/telehealth/faulty.py.
DIES, HANGS, SLOW = 1001, 1002, "00000000-0000-4000-8000-000000000001"
SDP = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\n"


def visit_now(doctor: User, by: User, *, begins: timedelta = timedelta(minutes=5), **details: Any) -> Appointment:
    """A confirmed video visit that begins so soon; details as `confirmed` takes them."""
    visit = confirmed(doctor, by, details.pop("start", at(10)), **details)
    return shifted(visit, timezone.now() + begins)


def agreed(visit: Appointment, *users: User) -> Appointment:
    """These users have agreed to the text."""
    for user in users:
        give_consent(room_of(visit), by=user)
    return visit


class Guest:
    """One device of a user in a room: a socket, and the ids that a tab and a page have."""

    def __init__(self, socket: ClientConnection, *, device: str = "", session: str = "") -> None:
        self.socket = socket
        self.device, self.session = device or str(uuid4()), session or str(uuid4())

    def say(self, type_: str, **fields: Any) -> None:
        self.socket.send(json.dumps({"type": type_, **fields}))

    def send(self, frame: str) -> None:
        self.socket.send(frame)

    def hear(self, timeout: float = WITHIN) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.socket.recv(timeout=timeout))
        return found

    def hear_until(self, type_: str, timeout: float = WITHIN, **wanted: Any) -> dict[str, Any]:
        """The next message of this type whose fields are these, past all others."""
        until = monotonic() + timeout
        while True:
            found = self.hear(max(0.01, until - monotonic()))
            if found["type"] == type_ and all(found.get(name) == value for name, value in wanted.items()):
                return found

    def state_in_which(self, check: Any, timeout: float = WITHIN) -> dict[str, Any]:
        while True:
            found = self.hear_until("state", timeout)
            if check(found):
                return found

    def error(self) -> str:
        return str(self.hear_until("error")["code"])

    def enter(self) -> dict[str, Any]:
        self.say("enter", device=self.device, session=self.session)
        return self.hear_until("state")

    def close_code(self, timeout: float = WITHIN) -> int:
        """How the server closes it, past all that it still says."""
        with pytest.raises(ConnectionClosed) as closed:
            self.drain(timeout)
        assert closed.value.rcvd is not None
        return closed.value.rcvd.code

    def drain(self, timeout: float) -> None:
        while True:
            self.socket.recv(timeout=timeout)

    def everything(self, seconds: float = 0.5) -> list[dict[str, Any]]:
        """What it is sent until it is silent for so long."""
        found = []
        with contextlib.suppress(TimeoutError):
            while True:
                found.append(self.hear(seconds))
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


def cookies(user: User | None) -> str:
    if user is None:
        return ""
    client = Client()
    client.force_login(user)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def path_of(visit: Appointment) -> str:
    return f"/ws/consultations/{visit.pk}/"


def dial(server: Server, path: str, user: User | None, *, cookie: str = "", origin: str = "") -> ClientConnection:
    """A socket with the user's session. Raises InvalidStatus when it is refused at the handshake."""
    headers = {"Cookie": cookie or cookies(user)}
    address = server.url.replace("http", "ws", 1) + path
    return connect(address, origin=Origin(origin or server.url), additional_headers=headers, user_agent_header=PHONE)


@contextlib.contextmanager
def visitor(server: Server, visit: Appointment, user: User, **details: Any) -> Iterator[Guest]:
    """The user's socket into the visit's room; it has not said anything yet."""
    ids = {name: details.pop(name) for name in ("device", "session") if name in details}
    with dial(server, path_of(visit), user, **details) as socket:
        yield Guest(socket, **ids)


@contextlib.contextmanager
def inside(server: Server, visit: Appointment, user: User, **details: Any) -> Iterator[Guest]:
    """The user, who has entered."""
    with visitor(server, visit, user, **details) as guest:
        assert guest.enter()["you"]["seat"] == "held"
        yield guest
