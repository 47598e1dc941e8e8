"""Cameras, microphones and lines as they are: tried before the visit, missing or denied in it."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserType, expect

from accounts.models import User
from appointments.models import Appointment
from tests.calls import PHONE, Person, room_for

pytestmark = pytest.mark.django_db(transaction=True)

type Make = Callable[..., Person]


@pytest.fixture
def visit(doctor: User, patient: User) -> Appointment:
    return room_for(doctor, patient)


FAKES, ALLOWED = "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"


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
    expect(without.page.locator("[data-check=network]")).to_contain_text("once you have a video visit ahead")
    without.complaints.clear()


def test_call_goes_on_without_a_camera_and_says_so(
    person: Make, visit: Appointment, doctor: User, patient: User, without_camera: Browser, which_asks: Browser
) -> None:
    one, other = person(patient, within=without_camera, viewport=PHONE), person(doctor, within=which_asks)
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
        each.until(
            """async () => {
              const pc = window.__connections.find((each) => each.connectionState === "connected");
              const report = [...(await pc.getStats()).values()];
              const sound = report.find((each) => each.type === "inbound-rtp" && each.kind === "audio");
              return sound?.packetsReceived > 20;
            }"""
        )
        each.is_accessible()
    # Allowed after all: the picture comes into the same call.
    other.context.grant_permissions(["microphone", "camera"])
    other.page.get_by_role("button", name="Try again").click()
    one.sees_frames(more_than=5)
