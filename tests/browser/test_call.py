"""A video visit between real browsers, from the waiting room to the summary, over the relay alone."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Locator, expect

from accounts.models import User
from appointments.models import Appointment, Status
from prescriptions.models import SignedPrescription
from prescriptions.services import make_key
from telehealth.models import ChatMessage, JoinEvidence, QualitySample
from tests.appointments.visits import at
from tests.calls import PHONE, Person, begin, room_for
from tests.factories.medicines import product
from tests.factories.patients import AllergyFactory

pytestmark = pytest.mark.django_db(transaction=True)

type Make = Callable[..., Person]

# A phone whose clock is nine minutes ahead.
AHEAD = """
const RealDate = Date;
window.Date = class extends RealDate {
  constructor(...given) { super(...(given.length ? given : [RealDate.now() + 540000])); }
  static now() { return RealDate.now() + 540000; }
};
"""

UNCUT = """() => [...document.querySelectorAll('.call-bar h1, .call-bar p')]
  .every((each) => each.scrollWidth <= each.clientWidth + 1)"""
ABOVE_THE_BUTTONS = """() => document.querySelector('[data-toasts] > *').getBoundingClientRect().bottom
  <= document.querySelector('[data-controls]').getBoundingClientRect().top"""


@pytest.fixture
def visit(doctor: User, patient: User) -> Appointment:
    return room_for(doctor, patient, begins=timedelta(minutes=-2))


def test_visit_from_the_waiting_room_to_the_summary(
    person: Make, visit: Appointment, doctor: User, patient: User, stranger: User
) -> None:
    later = room_for(doctor, stranger, begins=timedelta(minutes=13), start=at(12))
    one, other, third = person(patient, viewport=PHONE, script=AHEAD), person(doctor), person(stranger, viewport=PHONE)

    # They wait: the doctor's queue shows it by itself, and each is told what concerns them.
    other.page.goto("/practice/queue/")
    expect(other.page.get_by_text("Nobody waits")).to_be_visible()
    third.come(later)
    third.until("document.querySelector('[data-self]').videoWidth > 0")
    one.come(visit)
    expect(other.page.locator(".queue-row")).to_have_count(2)
    expect(other.page.locator(".queue-row").first).to_contain_text(patient.name)
    expect(other.page.locator(".queue-row").first).to_contain_text("connection")
    expect(one.page.locator("#standing-title")).to_have_text("The doctor is here and lets you in soon")
    expect(third.page.locator("#standing")).to_contain_text("2 is your place")
    assert patient.name not in third.page.content()
    for each in (one, other):
        each.is_accessible()

    # Let in: both see each other, by the relay alone.
    other.come(visit)
    other.page.locator("#standing").get_by_role("button", name="Let the patient in").click()
    for each in (one, other):
        found = each.sees_frames(more_than=10)
        assert found["kinds"] == ["relay", "relay"]
        assert each.page.evaluate("window.__configuration.iceTransportPolicy") == "relay"
        wishes = each.page.evaluate("window.__connections.at(-1).remoteDescription.sdp")
        assert "usedtx=1" in wishes
        assert "useinbandfec=1" in wishes
    expect(third.page.locator("#standing-title")).to_have_text("The doctor is with another patient")
    expect(third.page.locator("#standing")).to_contain_text("You are next")
    # Counted from the server's clock.
    expect(one.page.locator("[data-call-clock]")).to_have_text(re.compile(r"^[0-2]:\d\d$"))

    # What one switches, the other sees.
    one.press("Mic")
    other.says("The patient’s microphone is off.")
    one.press("Mic")
    expect(other.page.locator("[data-notice=their-mic]")).to_have_count(0)
    one.press("Camera")
    expect(other.page.locator("[data-stage-words]")).to_have_text("The patient’s camera is off.")
    expect(other.page.locator("[data-remote]")).to_be_hidden()
    one.press("Camera")
    other.sees_frames(more_than=5)
    other.press("Share")
    expect(one.page.locator("[data-remote].stage-screen")).to_be_visible()
    one.sees_frames(more_than=5)
    other.page.get_by_role("button", name="Stop sharing").click()
    expect(one.page.locator("[data-remote].stage-screen")).to_have_count(0)

    # The chat, with what became of each message.
    other.write("Please show me the rash.")
    expect(one.page.locator("[data-unread]").first).to_have_text("1")
    own = other.page.locator(".chat-own [data-message-status]")
    expect(own).to_have_text("Delivered")
    one.press("Chat")
    expect(one.page.locator(".chat-text")).to_have_text("Please show me the rash.")
    expect(own).to_have_text("Read")
    one.write("It is on the left arm.")
    expect(other.page.locator(".chat-text").last).to_have_text("It is on the left arm.")
    expect(one.page.locator(".chat-own [data-message-status]")).to_have_text("Read")
    for each in (one, other):
        each.is_accessible()

    composes_by_keyboard(other, visit)
    one.sees_frames(more_than=5)

    # Devices, and more.
    other.page.locator(".control-more summary").click()
    other.page.get_by_role("button", name="Camera and sound").click()
    expect(other.page.get_by_label("Microphone", exact=True)).to_be_visible()
    other.is_accessible()
    other.page.keyboard.press("Escape")
    one.page.keyboard.press("Escape")

    # Done: both are led to what came of it, and it is written down who was there.
    other.page.locator("#standing").get_by_role("button", name="Complete the visit").click()
    for each in (one, other):
        each.page.wait_for_url("**/summary/")
        expect(each.page.locator("main")).to_contain_text("Please show me the rash.")
        each.is_accessible()
    expect(one.page.get_by_role("link", name="Book a follow-up")).to_be_visible()
    visit.refresh_from_db()
    assert visit.status == Status.COMPLETED
    rows = JoinEvidence.objects.filter(consultation=visit.pk).values_list("user", "event", "browser")
    events = [(user, event) for user, event, browser in rows if browser == "Chrome" or event == "closed"]
    assert events[:3] == [(patient.pk, "joined"), (doctor.pk, "joined"), (patient.pk, "admitted")]
    assert events.count((doctor.pk, "closed")) == 1
    assert ChatMessage.objects.filter(read_at=None).count() == 0
    assert all(sample.relayed for sample in QualitySample.objects.all())
    one.complaints.clear()


def composes_by_keyboard(doctor: Person, visit: Appointment) -> None:
    """A prescription in the panel of the call, warned of an allergy, and signed in a tab beside it; by keys alone."""
    AllergyFactory(patient=visit.patient, substance="Amoxicillin")
    make_key()
    for generic, brand in (("paracetamol", "Napa"), ("amoxicillin", "Moxacil")):
        product(generic, brand=brand)
    page, keys = doctor.page, doctor.page.keyboard
    page.locator("summary").filter(has_text="Prescription").focus()
    keys.press("Enter")
    medicine = page.get_by_role("combobox", name="Medicine").first
    expect(medicine).to_be_visible()
    # The panel is a narrow one beside a wide picture: each field has its width.
    panel = width_of(page.locator("#rx"))
    assert all(width_of(each) > panel / 3 for each in (medicine, page.get_by_label("Dose").first))
    medicine.focus()
    for typed, dose, days in (("napp", "1+0+1", "5"), ("moxa", "1 every 8 h", "7")):
        keys.type(typed)
        expect(page.get_by_role("listbox").get_by_role("option")).to_have_count(1)
        for key in ("ArrowDown", "Enter", "Enter", *dose, "Enter", "Enter", *days, "Enter", "Enter"):
            keys.press("Space" if key == " " else key)
    row = page.locator(".rx-row").nth(1)
    expect(row.locator(".rx-said")).to_contain_text("Severe: Allergy: amoxicillin")
    expect(page.locator("#rx-checked")).to_contain_text("in all 10 tablets")
    expect(page.locator("#rx [data-autosave-status]")).to_contain_text("Saved")
    doctor.is_accessible()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Look through it and sign").focus()
        keys.press("Enter")
    tab = opened.value
    tab.get_by_label("Reason").focus()
    tab.keyboard.type("Taken twice without trouble")
    tab.keyboard.press("Enter")
    tab.get_by_role("button", name="Sign the prescription").focus()
    tab.keyboard.press("Enter")
    expect(tab.locator("main")).to_contain_text("Genuine")
    signed = SignedPrescription.objects.get(patient=visit.patient)
    assert signed.medicines == ["Napa 500 mg tablet", "Moxacil 500 mg tablet"]
    assert signed.prescription.overrides.get().reason == "Taken twice without trouble"
    tab.close()


def width_of(found: Locator) -> float:
    box = found.bounding_box()
    assert box is not None
    return box["width"]


def test_call_is_whole_in_bangla_on_a_phone(person: Make, visit: Appointment, doctor: User, patient: User) -> None:
    patient.language = "bn"
    patient.save()
    one, other = person(patient), person(doctor)
    one.come(visit)
    other.come(visit)

    # What the bell says leaves the buttons free.
    other.page.locator("form.late select").select_option("10")
    other.page.get_by_role("button", name="Tell").click()
    expect(one.page.locator("[data-toasts] > *")).to_contain_text("১০ মিনিট")
    one.page.wait_for_function(ABOVE_THE_BUTTONS)

    one.page.set_viewport_size(PHONE)
    other.page.locator("#standing").get_by_role("button", name="Let the patient in").click()
    one.sees_frames(more_than=5)
    other.write("Please show me the rash.")
    expect(one.page.locator("[data-unread]").first).to_have_text("১")
    expect(one.page.locator("[data-call-clock]")).to_have_text(re.compile(r"^[০-৯]:[০-৯]{2}$"))
    # The time of a message is written as the server writes it.
    when = one.page.locator(".chat-message time")
    written = when.inner_text()
    one.page.reload()
    expect(when).to_have_text(written)
    one.page.wait_for_function(UNCUT)
    one.is_accessible()


def test_stranger_and_who_has_lost_the_right_are_shown_out(
    person: Make, visit: Appointment, doctor: User, patient: User, stranger: User
) -> None:
    outside = person(stranger)
    assert outside.page.goto(f"/consultations/{visit.pk}/").status == 404  # type: ignore[union-attr]
    refused = outside.page.evaluate(
        """(path) => new Promise((done) => {
          const socket = new WebSocket(location.origin.replace("http", "ws") + path);
          socket.onopen = () => done("open");
          socket.onclose = ({ code }) => done(code);
        })""",
        f"/ws/consultations/{visit.pk}/",
    )
    assert refused == 1006
    outside.complaints.clear()

    one, other = person(patient), person(doctor)
    begin(visit, one, other)
    patient.is_active = False
    patient.save()
    one.page.wait_for_url("**/login/**")
    other.until("document.querySelector('[data-stage-words]').textContent.includes('away')")
