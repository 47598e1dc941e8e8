"""A note and a prescription as a doctor writes them, by keyboard alone, in a real browser."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import zxingcpp
from playwright.sync_api import Page, ViewportSize, expect

from appointments.models import Appointment
from prescriptions.models import Prescription, VisitNote
from tests.appointments.visits import confirmed
from tests.axe import complaints
from tests.factories.doctors import DoctorFactory
from tests.factories.medicines import product
from tests.factories.patients import AllergyFactory, PatientFactory
from tests.prescriptions.papers import row, signed_for
from tests.prescriptions.test_paper import drawn, text_of

pytestmark = pytest.mark.django_db(transaction=True)

PHONE: ViewportSize = {"width": 390, "height": 844}
WIDE: ViewportSize = {"width": 1280, "height": 900}

type Open = Callable[..., Page]


@pytest.fixture
def visit(transactional_db: None) -> Appointment:
    """With a patient who is allergic to penicillins; the list has three medicines."""
    doctor, patient = DoctorFactory(with_hours=True).user, PatientFactory().user
    AllergyFactory(patient=patient.patient, substance="Amoxicillin")
    for generic, brand in (("paracetamol", "Napa"), ("amoxicillin", "Moxacil"), ("omeprazole", "Seclo")):
        product(generic, brand=brand)
    return confirmed(doctor, patient)


def assert_accessible(page: Page) -> None:
    assert complaints(page) == ""
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_doctor_composes_by_keyboard_and_is_warned(visit: Appointment, opened: Open) -> None:
    page = opened(visit.doctor.user, f"/appointments/{visit.pk}/prescription/")
    assert_accessible(page)
    medicine = page.get_by_role("combobox", name="Medicine").first
    medicine.focus()
    page.keyboard.type("napp")
    expect(page.get_by_role("listbox").get_by_role("option")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(medicine).to_have_value("Napa 500 mg tablet")
    page.keyboard.press("Enter")
    page.keyboard.type("1+0+1")
    page.keyboard.press("Enter")
    page.keyboard.type("a")  # "After food" in the list
    page.keyboard.press("Enter")
    page.keyboard.type("5")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.keyboard.type("moxa")
    expect(page.get_by_role("listbox").get_by_role("option")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.keyboard.type("1 every 8 h")
    preview = page.locator("#rx-checked")
    expect(preview).to_contain_text("Allergy: amoxicillin")
    expect(preview).to_contain_text("in all 10 tablets")
    expect(preview).to_contain_text("1 tablet every 8 hours")
    expect(preview).to_contain_text("Not checked")
    expect(page.get_by_role("textbox", name="Dose").nth(1)).to_be_focused()
    expect(page.locator("[data-autosave-status]")).to_contain_text("Saved")
    assert_accessible(page)
    items = Prescription.objects.get().items.select_related("product")
    assert [(item.product.brand if item.product else "", item.dose) for item in items] == [
        ("Napa", "1+0+1"),
        ("Moxacil", "1 every 8 h"),
    ]
    phone = opened(visit.doctor.user, f"/appointments/{visit.pk}/prescription/", PHONE)
    expect(phone.locator("#rx-checked")).to_contain_text("Allergy: amoxicillin")
    assert_accessible(phone)


def test_patient_takes_the_paper_home_and_a_pharmacy_sees_what_it_is_worth(visit: Appointment, opened: Open) -> None:
    """The PDF as the browser takes it, the code scanned from it, and what becomes of that when it is amended."""
    signed = signed_for(visit, row("Napa"), language="bn", advice="ক্ষত পরিষ্কার রাখুন")
    page = opened(visit.booked_by, "/prescriptions/", PHONE)
    page.locator("a.visit-link").first.click()
    assert_accessible(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as PDF").click()
    content = Path(download.value.path()).read_bytes()
    text = " ".join(text_of(content).split())
    for words in ("Napa", "1+0+1", visit.patient.name, visit.doctor.registration_number, "ক্ষত পরিষ্কার রাখুন", "৫ দিন ধরে"):
        assert words in text
    (code,) = zxingcpp.read_barcodes(drawn(content, scale=3))
    address = code.text[code.text.index("/rx/") :]
    pharmacy = opened(None, address, PHONE)
    expect(pharmacy.locator("main")).to_contain_text("Genuine")
    expect(pharmacy.locator("main")).to_contain_text("Napa")
    assert visit.patient.name not in pharmacy.content()
    assert_accessible(pharmacy)

    doctor = opened(visit.doctor.user, f"/prescriptions/{signed.prescription_id}/")
    doctor.get_by_role("button", name="Amend it").click()
    doctor.get_by_label("Days").first.fill("3")
    # In the language of the paper.
    expect(doctor.locator("#rx-checked")).to_contain_text("৩ দিন ধরে")
    doctor.get_by_role("link", name="Look through it and sign").click()
    doctor.get_by_role("button", name="Sign the prescription").click()
    expect(doctor.locator("main")).to_contain_text("for 3 days")
    assert_accessible(doctor)
    pharmacy.reload()
    expect(pharmacy.locator("main")).to_contain_text("Replaced by a newer one")
    expect(pharmacy.locator("main")).not_to_contain_text("Napa")
    page.reload()
    page.get_by_role("link", name="See the newer one").click()
    expect(page.locator("main")).to_contain_text("Genuine")


def test_note_is_saved_as_typed_in_the_visit_and_survives_a_broken_line(visit: Appointment, opened: Open) -> None:
    page = opened(visit.doctor.user, f"/appointments/{visit.pk}/")
    status = page.locator("[data-autosave-status]")
    plan = page.get_by_label("Plan")
    plan.press_sequentially("Rest")
    expect(status).to_have_text("Not saved yet")
    expect(status).to_contain_text(re.compile("Saved .*[0-9]"))
    page.context.set_offline(True)
    plan.press_sequentially(" and water")
    expect(page.get_by_text("The portal cannot be reached just now")).to_be_visible()
    expect(status).to_have_text("Not saved yet")
    page.context.set_offline(False)
    expect(status).to_contain_text("Saved")
    assert VisitNote.objects.get().plan == "Rest and water"
    other = opened(visit.doctor.user, f"/appointments/{visit.pk}/note/", PHONE)
    assert_accessible(other)
    other.get_by_label("Plan").fill("Rest, water, and a test")
    expect(other.locator("[data-autosave-status]")).to_contain_text("Saved")
    plan.press_sequentially(" often")
    expect(page.get_by_text("This note was saved elsewhere in the meantime")).to_be_visible()
    expect(page.locator("[data-autosave-status]")).to_have_text("Not saved yet")
    expect(page.get_by_label("Plan")).to_have_value("Rest and water often")
    expect(page.get_by_text("Rest, water, and a test")).to_be_visible()
    assert VisitNote.objects.get().plan == "Rest, water, and a test"
    page.get_by_role("button", name="Save the note").click()
    expect(page.locator("[data-autosave-status]")).to_contain_text("Saved")
    assert VisitNote.objects.get().plan == "Rest and water often"
    assert VisitNote.objects.get().versions.filter(plan="Rest, water, and a test").exists()
