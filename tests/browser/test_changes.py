"""A visit moves, and its doctor goes on leave: the patient's way through both on a phone, the doctor's on a desk."""

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from appointments.models import Appointment, Status, Terms
from appointments.services import save_terms
from doctors.models import DoctorSpecialty
from tests.appointments.visits import DHAKA, at, confirmed
from tests.browser.visitors import DESKTOP, PHONE, looks_right
from tests.factories.doctors import DoctorFactory

pytestmark = pytest.mark.django_db(transaction=True)

type Open = Callable[..., Page]


@pytest.fixture
def signed_in(browser: Browser, live_server: LiveServer) -> Iterator[Open]:
    contexts, complaints = [], []

    def opened(user: User, *, size: dict[str, int]) -> Page:
        context = browser.new_context(
            viewport=size, reduced_motion="reduce", bypass_csp=True, base_url=live_server.url, locale="en-GB"
        )
        contexts.append(context)
        client = Client()
        client.force_login(user)
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def test_visit_is_moved_by_both_and_left_to_another_doctor(doctor: User, patient: User, signed_in: Open) -> None:
    save_terms(doctor.doctor, Terms(24, 50, 2))
    specialty = DoctorSpecialty.objects.get(doctor=doctor.doctor).specialty
    colleague = DoctorFactory(with_hours=True, specialty=specialty, fee_video=Decimal(1000)).user
    visit = confirmed(doctor, patient, at(10, days=3))
    phone, desk = signed_in(patient, size=PHONE), signed_in(doctor, size=DESKTOP)

    # The patient, by keyboard from the times on.
    phone.goto(visit.get_absolute_url())
    looks_right(phone)
    phone.get_by_role("link", name="Choose another time").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Choose another time")
    looks_right(phone)
    phone.locator("ul.times a").nth(2).focus()
    phone.keyboard.press("Enter")
    expect(phone.get_by_role("heading", level=1)).to_have_text("Move the visit?")
    looks_right(phone)
    phone.get_by_role("button", name="Move the visit").click()
    expect(phone.get_by_text("The visit has its new time")).to_be_visible()
    expect(phone.get_by_text("Moved by the patient")).to_be_visible()
    visit.refresh_from_db()
    assert visit.sequence == 1

    # The doctor moves it on, and the patient says that it is fine.
    desk.goto(visit.get_absolute_url())
    looks_right(desk)
    desk.get_by_role("link", name="Move the visit").click()
    desk.locator("ul.times a").nth(5).click()
    desk.get_by_role("button", name="Move the visit").click()
    expect(desk.get_by_text("The visit has its new time")).to_be_visible()
    phone.reload()
    looks_right(phone)
    phone.get_by_role("link", name="See what you can do").click()
    looks_right(phone)
    phone.get_by_role("button", name="The new time is fine").click()
    expect(phone.get_by_text("The visit stands at its new time")).to_be_visible()

    # The doctor goes on leave over it, and sees first whom that concerns.
    visit.refresh_from_db()
    desk.goto("/practice/hours/")
    for label in ("First day", "Last day"):
        desk.get_by_label(label, exact=True).fill(visit.start.astimezone(DHAKA).date().isoformat())
    desk.get_by_role("button", name="Close this time").click()
    expect(desk.get_by_role("heading", level=1)).to_have_text("Visits that this concerns")
    expect(desk.get_by_text("Is asked to choose", exact=True)).to_have_count(1)
    looks_right(desk)
    desk.get_by_role("button", name="Close this time").click()
    expect(desk.get_by_text("1 patient is asked to choose")).to_be_visible()

    # Another doctor at that hour, at no further cost.
    phone.reload()
    phone.get_by_role("link", name="See what you can do").click()
    looks_right(phone)
    phone.get_by_role("button", name=colleague.doctor.full_name).first.click()
    expect(phone.get_by_text("You have a visit with another doctor")).to_be_visible()
    looks_right(phone)
    new = Appointment.objects.get(replaces=visit)
    assert (new.doctor, new.status) == (colleague.doctor, Status.CONFIRMED)

    # What the doctor asks of those who book, as they read it, while it is typed.
    desk.goto("/practice/terms/")
    looks_right(desk)
    desk.get_by_label("given back after that").fill("25")
    expect(desk.locator("#terms-preview")).to_contain_text("25 percent")
    phone.goto(f"{new.get_absolute_url()}cancel/confirm/")
    looks_right(phone)
