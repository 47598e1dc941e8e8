"""A video visit that loses its socket, its network, its wakefulness, its server or its page, and goes on."""

import random
import signal
from collections.abc import Callable
from time import monotonic

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from appointments.models import Appointment
from config.processes import wait_until
from telehealth.models import QualitySample
from tests.calls import PHONE, Person, Portal, begin, room_for
from tests.lines import Line

pytestmark = pytest.mark.django_db(transaction=True)

type Make = Callable[..., Person]


# Signals that no page of ours would send, by the socket of one that is in the call.
SIGNALS = """
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (frame) {
  window.__to = JSON.parse(frame).to ?? window.__to;
  send.call(this, frame);
};
window.__signal = (signal) =>
  window.__sockets.at(-1).send(JSON.stringify({ type: "signal", to: window.__to, ...signal }));
"""
OURS = "window.__connections.findLast((pc) => pc.connectionState === 'connected').localDescription.sdp"


@pytest.fixture
def visit(doctor: User, patient: User) -> Appointment:
    return room_for(doctor, patient)


def test_visit_goes_on_after_each_loss(
    person: Make, visit: Appointment, doctor: User, patient: User, call_portal: Portal
) -> None:
    with Line(call_portal.relay.port) as line:
        one, other = person(patient, viewport=PHONE).by(line), person(doctor)
        begin(visit, one, other)

        # The socket alone: the picture goes on, what was written meanwhile arrives.
        one.page.evaluate("window.__sockets.at(-1).close()")
        one.press("Chat")
        one.write("Do you hear me?")
        expect(other.page.locator(".chat-text")).to_have_text("Do you hear me?")
        expect(one.page.locator("[data-notice=reconnecting]")).to_have_count(0)
        expect(one.page.locator(".chat-own [data-message-status]")).to_have_text("Read")
        one.sees_frames(more_than=5)
        one.page.keyboard.press("Escape")

        # One side is offline: nothing gets through, by no way.
        one.context.set_offline(True)
        line.is_cut = True
        for each in (one, other):
            expect(each.page.locator("main[data-link=interrupted]")).to_have_count(1)
        line.is_cut = False
        one.context.set_offline(False)
        for each in (one, other):
            each.sees_frames(more_than=5)
            expect(each.page.locator("[data-notice=interrupted], [data-notice=reconnecting]")).to_have_count(0)
        assert one.page.evaluate("window.__connections.filter((pc) => pc.connectionState === 'connected').length") == 1

        # A phone that slept wakes up in another network: nothing of its page ran, and the relay does not know it there.
        devtools = one.context.new_cdp_session(one.page)
        devtools.send("Page.setWebLifecycleState", {"state": "frozen"})
        line.move()
        line.is_cut = True
        expect(other.page.locator("main[data-link=interrupted]")).to_have_count(1)
        line.is_cut = False
        devtools.send("Page.setWebLifecycleState", {"state": "active"})
        for each in (one, other):
            each.sees_frames(more_than=5)
            expect(each.page.locator("[data-notice=interrupted], [data-notice=reconnecting]")).to_have_count(0)

        # The server restarts: 1012, and both come back.
        call_portal.end_daphne(signal.SIGTERM)
        other.says("Picture and sound go on.")
        other.sees_frames(more_than=5)
        call_portal.start_daphne()
        for each in (one, other):
            expect(each.page.locator("[data-notice=reconnecting]")).to_have_count(0)
        other.write("There you are.")
        one.press("Chat")
        expect(one.page.locator(".chat-text").last).to_have_text("There you are.")
        one.page.keyboard.press("Escape")

        # A page that is loaded again is another session: a new connection, no new wait.
        other.page.reload()
        for each in (one, other):
            each.sees_frames(more_than=5)

        # A second tab is asked, and takes over.
        second = one.new_page()
        second.goto(f"/consultations/{visit.pk}/")
        expect(second.locator("[data-notices]")).to_contain_text("open on another device")
        second.get_by_role("button", name="Use this device").click()
        expect(one.page.locator("[data-notices]")).to_contain_text("went on, on another device")
        expect(one.page.locator("[data-stage-words]")).to_have_text("The visit went on, on another device.")
        assert wait_until(lambda: frames(one, second) > 5, timeout=30, pause=0.2)
        other.sees_frames(more_than=5)
        one.page.get_by_role("button", name="Use this device").click()
        one.sees_frames(more_than=5)
    for each in (one, other):
        each.complaints[:] = [said for said in each.complaints if "WebSocket" not in said and "net::ERR" not in said]


def frames(person: Person, page: Page) -> int:
    found = person.look(page)
    return int(found["frames"]) if found else 0


def garbled(sdp: str, dice: random.Random) -> str:
    """Some lines of it gone, twice, in another place, cut off or with other characters in them."""
    first, *lines = sdp.splitlines()
    for _ in range(dice.randint(1, 8)):
        at = dice.randrange(len(lines))
        match dice.randrange(5):
            case 0:
                del lines[at]
            case 1:
                lines.insert(dice.randrange(len(lines)), lines[at])
            case 2:
                lines[at] = lines[at][: dice.randrange(len(lines[at]) + 1)]
            case 3:
                lines[at] = "".join(dice.choice((each, chr(dice.randint(33, 1500)))) for each in lines[at])
            case 4:
                lines.insert(at, "m=" + "9" * dice.randint(1, 3000))
    return "\r\n".join([first, *lines, ""])


def test_garbled_descriptions_and_candidates_end_neither_page_nor_call(
    person: Make, visit: Appointment, doctor: User, patient: User
) -> None:
    one, other = person(patient, script=SIGNALS), person(doctor, script=SIGNALS)
    begin(visit, one, other)
    dice = random.Random(4)
    for sender, receiver in ((one, other), (other, one)):
        sdp = sender.page.evaluate(OURS)
        for _ in range(40):
            kind = dice.choice(("offer", "answer", "answer", "rollback"))
            sender.page.evaluate("window.__signal", {"description": {"type": kind, "sdp": garbled(sdp, dice)}})
            line = "candidate:" + "".join(chr(dice.randint(32, 300)) for _ in range(dice.randint(0, 200)))
            candidate = {"candidate": line, "sdpMid": dice.choice(("0", "9", "")), "sdpMLineIndex": dice.randint(0, 9)}
            sender.page.evaluate("window.__signal", {"candidate": candidate})
        receiver.sees_frames(more_than=20, timeout=90)
        sender.sees_frames(more_than=20, timeout=90)
    other.write("Do you see me?")
    expect(one.page.locator(".chat-text")).to_have_text("Do you see me?")


def test_narrow_line_goes_to_sound_alone_and_back(
    person: Make, visit: Appointment, doctor: User, patient: User, call_portal: Portal
) -> None:
    with Line(call_portal.relay.port) as line:
        one, other = person(patient, viewport=PHONE).by(line), person(doctor)
        begin(visit, one, other)
        line.rate = 100_000
        one.says("The call goes on by sound")
        other.says("The call goes on by sound")
        sound = one.look()["sound"]  # type: ignore[index]
        assert wait_until(lambda: one.look()["sound"] > sound + 20, timeout=15)  # type: ignore[index]
        assert wait_until(lambda: QualitySample.objects.filter(audio_only=True, relayed=True).exists(), timeout=30)
        for each in (one, other):
            expect(each.page.locator("[data-remote]")).to_be_hidden()
            each.is_accessible()
        line.rate = None
        begun = monotonic()
        for each in (one, other):
            expect(each.page.locator("[data-notice=audio-only]")).to_have_count(0, timeout=90_000)
            each.sees_frames(more_than=5, timeout=60)
        assert monotonic() - begun < 150
