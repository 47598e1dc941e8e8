"""Video visits between real browsers, on the processes of `make demo`: Caddy, gunicorn, daphne, coturn.

Cameras and microphones are Chromium's own fakes. All sound and picture goes over the relay, and nowhere else.
"""

import asyncio
import contextlib
import re
import signal
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from accounts.models import User
from appointments.models import Appointment
from config.processes import stop, wait_until
from telehealth.models import Desk, Presence
from tests.axe import complaints
from tests.coturn import Relay
from tests.lines import Line
from tests.page import is_complaint
from tests.servers import Server, proxied, python, running
from tests.telehealth.rooms import agreed, visit_now

PATIENCE = 30_000
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}

# Every connection of a page is kept where a test finds it.
SPY = """
window.__connections = [];
const Real = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Real {
  constructor(...given) { super(...given); window.__connections.push(this); window.__configuration = given[0]; }
};
const RealSocket = window.WebSocket;
window.__sockets = [];
window.WebSocket = class extends RealSocket {
  constructor(...given) { super(...given); window.__sockets.push(this); }
};
"""
# Frames that came, and which kinds of candidates the pair has that carries them.
LOOK = """async () => {
  const live = window.__connections.filter((pc) => pc.connectionState === "connected");
  const pc = live.at(-1);
  if (!pc) return null;
  const report = await pc.getStats();
  const found = { frames: 0, width: 0, sound: 0, kinds: [], state: pc.connectionState, count: live.length };
  for (const each of report.values()) {
    if (each.type === "inbound-rtp" && each.kind === "video") {
      found.frames = each.framesDecoded;
      found.width = each.frameWidth;
    }
    if (each.type === "inbound-rtp" && each.kind === "audio") found.sound = each.packetsReceived;
    if (each.type === "transport") {
      const pair = report.get(each.selectedCandidatePairId);
      const ends = pair ? [pair.localCandidateId, pair.remoteCandidateId] : [];
      found.kinds = ends.map((end) => report.get(end).candidateType);
    }
  }
  return found;
}"""


@dataclass
class Portal:
    """The running portal, whose daphne can be restarted."""

    web: Server
    relay: Relay
    socket_path: str
    held: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    daphne: Server | None = None

    @property
    def url(self) -> str:
        return self.web.url

    def start_daphne(self) -> None:
        command = python("daphne", "--unix-socket", self.socket_path, "--proxy-headers", "config.asgi:application")
        words = {"SITE_ORIGIN": self.url, "TRUSTED_PROXIES": "1"}
        self.daphne = self.held.enter_context(running(command, name="websocket", pass_fds=(), **words))
        assert wait_until(self._answers, timeout=60, watched=[self.daphne.process]), self.daphne.log.read_text()

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as caller:
            caller.connect(self.socket_path)
            return True
        return False

    def end_daphne(self, number: int = signal.SIGTERM) -> None:
        assert self.daphne is not None
        self.daphne.process.send_signal(number)
        self.daphne.process.wait(30)
        Path(self.socket_path).unlink(missing_ok=True)


@contextlib.contextmanager
def portal_for_calls(turn: Relay) -> Iterator[Portal]:
    folder = tempfile.mkdtemp(prefix="ws-", dir="/tmp")
    path = f"{folder}/websocket.sock"
    relay = {"TURN_URLS": turn.urls[0], "TURN_SECRET": settings.TURN_SECRET, "TURN_ONLY": "true"}
    with proxied(static=True, sockets=path, **relay) as web, contextlib.ExitStack() as held:
        portal = Portal(web, turn, path, held)
        portal.start_daphne()
        yield portal
        if portal.daphne:
            stop(portal.daphne.process)


class Person:
    """A user in a browser of their own, in the room of a visit."""

    def __init__(self, context: BrowserContext, portal: Portal, user: User) -> None:
        self.context, self.portal, self.user = context, portal, user
        self.complaints: list[str] = []
        self.page = self.new_page()

    def new_page(self) -> Page:
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self.complaints.append(said.text) if is_complaint(said) else None)
        return page

    def come(self, visit: Appointment) -> None:
        self.page.goto(f"/consultations/{visit.pk}/")

    def look(self, page: Page | None = None) -> dict[str, Any] | None:
        found: dict[str, Any] | None = (page or self.page).evaluate(LOOK)
        return found

    def sees_frames(self, *, more_than: int = 0, timeout: float = 30) -> dict[str, Any]:
        """What getStats says once so many frames more than now have been decoded."""
        begun = (self.look() or {"frames": 0})["frames"]
        found: dict[str, Any] = {}

        def moving() -> bool:
            found.clear()
            found.update(self.look() or {})
            frames = found.get("frames", 0)
            # A new connection begins at nothing.
            return bool(frames > (begun if frames >= begun else 0) + more_than)

        assert wait_until(moving, timeout=timeout, pause=0.1), (found, self.notices())
        return found

    def notices(self) -> str:
        return self.page.locator("[data-notices]").inner_text()

    def says(self, words: str | re.Pattern[str]) -> None:
        """The page says so over the picture, in its live region."""
        expect(self.page.locator("[data-notices]")).to_contain_text(words)

    def press(self, name: str) -> None:
        # Before the name of the chat's stands how much of it is new.
        named = re.compile(rf"^(\d+ )?{name}$")
        self.page.get_by_role("group", name="The call").get_by_role("button", name=named).click()

    def choose(self, name: str) -> None:
        """Out of what is behind "More"."""
        self.page.locator(".control-more summary").click()
        self.page.locator(".control-menu").get_by_role("button", name=name).click()

    def write(self, text: str) -> None:
        self.page.locator("[data-chat-form] [name=text]").fill(text)
        self.page.locator("[data-chat-form]").get_by_role("button", name="Send").click()

    def is_accessible(self) -> None:
        assert complaints(self.page) == ""
        wider = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider == 0

    def until(self, script: str, *, timeout: float = 30) -> None:
        """Wait for it; Playwright's own way to wait needs `eval` in the page, which the content policy forbids."""
        assert wait_until(lambda: bool(self.page.evaluate(script)), timeout=timeout, pause=0.1), script

    def by(self, line: Line) -> Self:
        """From now on this person's way to the relay is that line."""

        def answer(route: Route) -> None:
            response = route.fetch()
            body = response.json()
            body["ice_servers"][0]["urls"] = [f"turn:127.0.0.1:{line.port}?transport=udp"]
            route.fulfill(response=response, json=body)

        self.context.route(re.compile(r"/ice/$"), answer)
        return self


def room_for(doctor: User, patient: User, **details: Any) -> Appointment:
    """A visit as `visit_now` makes it, whose patient has agreed."""
    # Services tell the sockets by a loop of their own, which the browser's would not let run. Beside a loop Django has
    # another connection than without one.
    waiting = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    try:
        return agreed(visit_now(doctor, patient, **details), patient)
    finally:
        connection.close()
        asyncio._set_running_loop(waiting)


def begin(visit: Appointment, one: Person, other: Person) -> None:
    """The patient waits, the doctor lets them in, both see each other."""
    one.come(visit)
    expect(one.page.locator("#standing-title")).to_contain_text("doctor")
    other.come(visit)
    other.page.locator("#standing").get_by_role("button", name="Let the patient in").click()
    for each in (one, other):
        each.sees_frames(more_than=5)


@contextlib.contextmanager
def persons(browser: Browser, portal: Portal) -> Iterator[Any]:
    """Makes people; what their browsers complain of fails the test."""
    made: list[Person] = []

    def make(user: User, *, within: Browser = browser, script: str = "", **options: Any) -> Person:
        options = {"viewport": DESKTOP, "locale": "en-GB", "base_url": portal.url, "reduced_motion": "reduce"} | options
        context = within.new_context(**options)
        context.set_default_timeout(PATIENCE)
        context.add_init_script(SPY + script)
        client = Client()
        client.force_login(user)
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": portal.url}])
        made.append(Person(context, portal, user))
        return made[-1]

    yield make
    for person in made:
        # A page may just be asking for the relay (Person.by), where a test has not closed a browser of its own.
        if person.context.browser and person.context.browser.is_connected():
            person.context.unroute_all(behavior="ignoreErrors")
        person.context.close()
    complaints = [each for person in made for each in person.complaints]
    assert not complaints, complaints


@pytest.fixture(scope="session")
def call_portal(django_db_setup: None, turn: Relay) -> Iterator[Portal]:
    with portal_for_calls(turn) as found:
        yield found


@pytest.fixture
def person(browser: Browser, call_portal: Portal, transactional_db: None) -> Iterator[Any]:
    """Makes people with a browser of their own; the database is not emptied while they are still going."""
    expect.set_options(timeout=PATIENCE)
    with persons(browser, call_portal) as make:
        yield make
    expect.set_options(timeout=5_000)
    # Who left is written down by daphne.
    left = Presence.objects.filter(is_connected=True)
    assert wait_until(lambda: not (left.exists() or Desk.objects.exclude(seen_at=None).exists()), timeout=20)
