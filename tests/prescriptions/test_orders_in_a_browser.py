"""A certificate from the phone on which it is ordered to the page that verifies it, in a real browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from prescriptions.models import Order, ServiceKind
from prescriptions.services import make_key
from tests.factories.doctors import DoctorFactory
from tests.factories.patients import PatientFactory
from tests.prescriptions.orders import offered, pay, seen
from tests.prescriptions.test_composing_in_a_browser import assert_accessible

pytestmark = pytest.mark.django_db(transaction=True)

PHONE: ViewportSize = {"width": 390, "height": 844}

type Open = Callable[..., Page]


def test_certificate_is_ordered_accepted_signed_and_verified(transactional_db: None, opened: Open) -> None:
    doctor, patient = DoctorFactory(with_hours=True).user, PatientFactory().user
    make_key()
    seen(doctor, patient)
    offered(doctor, ServiceKind.CERTIFICATE)

    phone = opened(patient, "/services/", viewport=PHONE)
    assert_accessible(phone)
    phone.get_by_role("link", name="Medical certificate").click()
    assert_accessible(phone)
    phone.get_by_role("button", name="Order, and go on to the payment").click()
    expect(phone.locator(".error-summary")).to_be_focused()
    assert_accessible(phone)
    phone.get_by_label("What do you need the certificate for?").fill("For my employer, for the days since the visit.")
    phone.get_by_role("button", name="Order, and go on to the payment").click()
    expect(phone.get_by_role("heading", name="Payment", exact=True)).to_be_visible()
    order = Order.objects.get()
    pay(order)
    phone.goto(order.get_absolute_url())
    expect(phone.get_by_text("It is with the doctor")).to_be_visible()
    assert_accessible(phone)

    desk = opened(doctor, "/practice/services/")
    assert_accessible(desk)
    desk.get_by_role("link", name="Orders").first.click()
    assert_accessible(desk)
    desk.get_by_role("link", name=patient.patient.name).click()
    assert_accessible(desk)
    desk.get_by_role("button", name="Accept the order").click()
    desk.get_by_label("Not fit for work or school").check()
    desk.get_by_label("Remarks").fill("Rest.")
    assert_accessible(desk)
    desk.get_by_role("button", name="Sign the certificate").click()
    expect(desk.get_by_text("The certificate is signed, and with the patient.")).to_be_visible()
    assert_accessible(desk)

    phone.reload()
    expect(phone.get_by_role("link", name="Download as PDF")).to_be_visible()
    assert_accessible(phone)
    phone.get_by_role("link", name="See what others see").click()
    expect(phone.get_by_text("Signed, and unchanged. Compare it with the paper.")).to_be_visible()
    assert_accessible(phone)
