"""Cameras, microphones and lines as they are: tried before the visit, missing or denied in it."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserType, expect

from accounts.models import User
from appointments.models import Appointment, Status
from config.processes import wait_until
from telehealth.models import Consultation, JoinEvidence, Side
from tests.appointments.visits import at
from tests.calls import PHONE, Person, room_for

pytestmark = pytest.mark.django_db(transaction=True)

type Make = Callable[..., Person]

# What comes after an offer and its answer gets lost, as with a socket that ends there.
WITHOUT_CANDIDATES = """
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (frame) {
  if (!JSON.parse(frame).candidate) send.call(this, frame);
};
"""


@pytest.fixture
def visit(doctor: User, patient: User) -> Appointment:
    return room_for(doctor, patient)


FAKES, ALLOWED = "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"
HEARS = """async () => {
  const pc = window.__connections.find((each) => each.connectionState === "connected");
  const report = pc ? [...(await pc.getStats()).values()] : [];
  return (report.find((each) => each.type === "inbound-rtp" && each.kind === "audio")?.packetsReceived ?? 0) > 20;
}"""
# Another program has the camera, as the system says it; no fake camera of the browser can be taken so.
TAKEN = """
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
window.__isTaken = true;
navigator.mediaDevices.getUserMedia = async (wanted) => {
  if (wanted.video && window.__isTaken) throw new DOMException("Could not start video source", "NotReadableError");
  return ask(wanted);
};
"""
# No button sticks out of the bar.
FITS = """[...document.querySelectorAll("[data-controls] > :not([hidden])")].every((each) => {
  const bar = each.parentElement.getBoundingClientRect();
  const { left, right, width } = each.getBoundingClientRect();
  return width >= 44 && left >= bar.left && right <= bar.right && bar.left >= 0 && bar.right <= innerWidth;
})"""
# What goes out on the line of that kind.
SENT = """(kind) => window.__connections.at(-1).getSenders().map(({ track }) => track)
  .find((track) => track?.kind === kind)?.label"""


@pytest.fixture
def without_camera(browser_type: BrowserType, browser_type_launch_args: dict[str, Any]) -> Iterator[Browser]:
    arguments = [f"{each}=device-count=0" if each == FAKES else each for each in browser_type_launch_args["args"]]
    browser = browser_type.launch(**browser_type_launch_args | {"args": arguments})
    yield browser
    browser.close()


@pytest.fixture
def which_asks(browser_type: BrowserType, browser_type_launch_args: dict[str, Any]) -> Iterator[Browser]:
    """A browser in which nothing is allowed beforehand."""
    arguments = [each for each in browser_type_launch_args["args"] if each != ALLOWED]
    browser = browser_type.launch(**browser_type_launch_args | {"args": arguments})
    yield browser
    browser.close()


@pytest.fixture
def with_two_cameras(browser_type: BrowserType, browser_type_launch_args: dict[str, Any]) -> Iterator[Browser]:
    arguments = [f"{each}=device-count=2" if each == FAKES else each for each in browser_type_launch_args["args"]]
    browser = browser_type.launch(**browser_type_launch_args | {"args": arguments})
    yield browser
    browser.close()


def test_device_page_shows_what_works_and_remembers_the_choice(
    person: Make, visit: Appointment, patient: User, stranger: User
) -> None:
    one = person(patient, viewport=PHONE)
    one.page.goto("/telehealth/device/")
    one.is_accessible()
    one.page.get_by_role("button", name="Try camera and microphone").click()
    one.until("document.querySelector('[data-self]').videoWidth > 0")
    expect(one.page.locator("[data-check=camera]")).to_have_attribute("data-grade", "good")
    one.until("document.querySelector('[data-meter]').value > 0.1")
    one.page.get_by_role("button", name="Play a sound").click()
    one.page.get_by_role("button", name="I hear it").click()
    expect(one.page.locator("[data-check=speaker]")).to_contain_text("You hear the sound.")

    one.page.get_by_role("button", name="Test the connection").click()
    expect(one.page.locator("[data-check=network]")).to_have_attribute("data-grade", "good")
    expect(one.page.locator("[data-check=network]")).to_contain_text(re.compile(r"[\d,]+ kbit/s, \d+ ms"))
    one.is_accessible()

    microphones = one.page.get_by_label("Microphone", exact=True)
    labels = microphones.locator("option").all_inner_texts()
    microphones.select_option(labels[-1])
    expect(microphones).to_have_value(re.compile(".+"))
    one.page.reload()
    one.page.get_by_role("button", name="Try camera and microphone").click()
    expect(one.page.get_by_label("Microphone", exact=True).locator("option:checked")).to_have_text(labels[-1])

    # The relay is for those who have a visit.
    without = person(stranger)
    without.page.goto("/telehealth/device/")
    without.page.get_by_role("button", name="Test the connection").click()
    expect(without.page.locator("[data-check=network]")).to_contain_text("from a week before a video visit")
    without.complaints.clear()


def test_who_allowed_neither_can_try_each_again_on_a_phone(
    person: Make, visit: Appointment, patient: User, which_asks: Browser
) -> None:
    one = person(patient, within=which_asks, viewport=PHONE)
    one.page.goto("/telehealth/device/")
    one.page.get_by_role("button", name="Try camera and microphone").click()
    can_try_each_again(one)
    one.come(visit)
    can_try_each_again(one)


def can_try_each_again(one: Person) -> None:
    """Both buttons can be pressed: neither is cut off or lies under another."""
    again = one.page.get_by_role("button", name="Try again")
    expect(again).to_have_count(2)
    for each in again.all():
        each.click(trial=True)
    one.is_accessible()


def test_call_goes_on_without_a_camera_and_says_so(
    person: Make, visit: Appointment, doctor: User, patient: User, without_camera: Browser, which_asks: Browser
) -> None:
    one = person(patient, within=without_camera, viewport=PHONE, script=WITHOUT_CANDIDATES)
    other = person(doctor, within=which_asks, script=WITHOUT_CANDIDATES)
    # The doctor has a camera and did not allow it.
    other.context.grant_permissions(["microphone"])
    one.come(visit)
    one.says("No camera was found. The visit goes on by sound.")
    other.come(visit)
    other.says("The camera is not allowed.")
    other.page.locator("#standing").get_by_role("button", name="Let the patient in").click()
    for each, whose in ((one, "doctor"), (other, "patient")):
        each.until("window.__connections.some((pc) => pc.connectionState === 'connected')")
        expect(each.page.locator("[data-stage-words]")).to_have_text(f"The {whose}’s camera is off.")
        each.until(HEARS)
        each.is_accessible()
        # Each was told of the other's relay after all, and did not have to find it by what came from there.
        assert wait_until(lambda each=each: each.look()["kinds"] == ["relay", "relay"], timeout=10), each.look()
    # Allowed after all: the picture comes into the same call.
    other.context.grant_permissions(["microphone", "camera"])
    other.page.get_by_role("button", name="Try again").click()
    one.sees_frames(more_than=5)


def test_devices_and_views_change_within_a_call(
    person: Make, visit: Appointment, doctor: User, patient: User, stranger: User, with_two_cameras: Browser
) -> None:
    missed = room_for(doctor, stranger, begins=timedelta(minutes=-15), start=at(12))
    vain = room_for(doctor, patient, begins=timedelta(minutes=-45), start=at(14))
    one, other = person(patient, script=TAKEN, viewport=PHONE), person(doctor, within=with_two_cameras)

    # Another program has the camera: the visit goes on by sound, and says so.
    one.come(visit)
    one.says("The camera is in use by another program. Close that one. The visit goes on by sound.")
    other.come(visit)
    other.page.locator("#standing").get_by_role("button", name="Let the patient in").click()
    one.sees_frames(more_than=5)
    expect(other.page.locator("[data-stage-words]")).to_have_text("The patient’s camera is off.")
    other.until(HEARS)
    # It is free again.
    one.page.evaluate("window.__isTaken = false")
    one.page.get_by_role("button", name="Try again").click()
    other.sees_frames(more_than=5)
    expect(one.page.locator("[data-notice=trouble-video]")).to_have_count(0)

    for each in (one, other):
        each.page.evaluate("window.__call = window.__connections.findLast((pc) => pc.connectionState === 'connected')")

    # The other camera, then another microphone, in the same call.
    first = other.page.evaluate(SENT, "video")
    other.choose("The other camera")
    other.until(f"({SENT})('video') !== {first!r} && Boolean(({SENT})('video'))")
    # The browser's second made-up camera draws nothing that headless Chromium decodes: the first one's frames are seen.
    other.choose("The other camera")
    other.until(f"({SENT})('video') === {first!r}")
    one.sees_frames(more_than=5)
    other.choose("Camera and sound")
    microphones = other.page.get_by_label("Microphone", exact=True)
    wanted = microphones.locator("option").all_inner_texts()[-1]
    assert other.page.evaluate(SENT, "audio") != wanted
    microphones.select_option(wanted)
    other.until(f"({SENT})('audio') === {wanted!r}")
    other.page.keyboard.press("Escape")
    one.until(HEARS)

    # The whole screen, until something beside the picture is wanted.
    for each in (one, other):
        each.choose("Full screen")
        each.until("document.fullscreenElement?.matches('[data-stage]')")
        each.is_accessible()
        each.press("Chat")
        each.until("!document.fullscreenElement")
        expect(each.page.locator("[data-chat-form] [name=text]")).to_be_focused()
        each.page.keyboard.press("Escape")

    # A small window, and back.
    other.choose("Small window")
    other.until("document.pictureInPictureElement?.matches('[data-remote]')")
    other.choose("Small window")
    other.until("!document.pictureInPictureElement")

    # On the narrowest phone, too, six buttons stand side by side.
    for width in (320, 390):
        one.page.set_viewport_size({"width": width, "height": 640})
        one.until(FITS)
        one.is_accessible()

    # All of that was one and the same connection; those before it tested the way to the relay.
    for each in (one, other):
        assert each.page.evaluate("window.__call === window.__connections.at(-1)")
        assert each.page.evaluate("window.__call.connectionState") == "connected"

    # Somebody else never came, and that is asked once more.
    other.come(missed)
    other.page.locator("#standing").get_by_role("button", name="The patient did not come").click()
    asked = other.page.get_by_role("dialog", name="The patient did not come")
    expect(asked).to_contain_text("The fee is settled by the terms of the booking.")
    other.is_accessible()
    other.page.keyboard.press("Escape")
    expect(asked).to_be_hidden()
    other.page.locator("#standing").get_by_role("button", name="The patient did not come").click()
    asked.get_by_role("button", name="Write it down").click()
    other.page.wait_for_url("**/summary/")
    expect(other.page.locator("main")).to_contain_text("You wrote down that the patient did not come.")
    missed.refresh_from_db()
    assert missed.status == Status.NO_SHOW

    # And where the doctor never came, the patient who waited says so.
    room = Consultation.objects.get(appointment=vain)
    joined = {"event": JoinEvidence.Event.JOINED, "at": vain.start - timedelta(minutes=1)}
    JoinEvidence.objects.create(consultation=room, user=patient, side=Side.PATIENT, **joined)
    one.come(vain)
    one.page.locator("#standing").get_by_role("button", name="The doctor did not come: give the fee back").click()
    asked = one.page.get_by_role("dialog", name="The doctor did not come")
    expect(asked).to_contain_text("All of the fee goes back to you.")
    one.is_accessible()
    asked.get_by_role("button", name="Write it down").click()
    expect(one.page.locator("main")).to_contain_text("The doctor did not come.")
    vain.refresh_from_db()
    assert (vain.status, vain.no_show_by) == (Status.NO_SHOW, "doctor")
