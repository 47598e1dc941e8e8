"""The pages of the booking in a real browser, on a phone: axe finds nothing, nothing is wider, and what scripts add."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from appointments.models import Appointment, Status
from appointments.services import cancel_appointment, change_status, start_payment
from tests.appointments.visits import at, confirmed, held_until_past, hold, pay, shifted
from tests.axe import assert_accessible
from tests.factories.doctors import DoctorFactory
from tests.factories.patients import GuardianshipFactory, PatientFactory

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = {"width": 390, "height": 844}

type Open = Callable[..., Page]


@pytest.fixture
def open_as(browser: Browser, live_server: LiveServer) -> Iterator[Open]:
    """A phone on which that user is signed in, at that address; what the browser complains of fails the test."""
    contexts, complaints = [], []

    def opened(user: User | None, address: str) -> Page:
        context = browser.new_context(
            viewport=PHONE, reduced_motion="reduce", bypass_csp=True, base_url=live_server.url
        )
        contexts.append(context)
        if user is not None:
            client = Client()
            client.force_login(user)
            session = client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def appointments_of(doctor: User, patient: User) -> dict[str, str]:
    """An appointment in every state, by what it is; the addresses of their pages."""
    held = hold(doctor, patient, at(9))
    paying = hold(doctor, patient, at(9, 30))
    start_payment(paying, by=patient)
    risky = PatientFactory().user
    GuardianshipFactory(guardian=patient, patient=risky.patient)
    review = hold(doctor, risky, at(10))
    pay(review, risky=True)
    made = {"held": held, "paying": paying, "review": review}
    for hour, name in enumerate(("confirmed", "cancelled", "completed", "missed"), start=11):
        made[name] = confirmed(doctor, risky, at(hour))
    cancel_appointment(made["cancelled"], by=risky, side="patient")
    for name, status in {"completed": Status.COMPLETED, "missed": Status.NO_SHOW}.items():
        change_status(shifted(made[name], made[name].start - timedelta(days=3)), status, by=None)
    made["lapsed"] = held_until_past(hold(doctor, risky, at(15)))
    return {name: visit.get_absolute_url() for name, visit in made.items()}


def test_axe_finds_nothing_and_nothing_is_wider_than_a_phone(open_as: Open) -> None:
    doctor = DoctorFactory(with_hours=True, with_place=True).user
    patient = PatientFactory(user__name="Karim Uddin").user
    visits = appointments_of(doctor, patient)
    slug = doctor.doctor.slug
    book, gone = (f"/book/{slug}/?{urlencode({'start': at(hour).isoformat(), 'mode': 'video'})}" for hour in (16, 9))
    confirm = f"{visits['confirmed']}cancel/confirm/"
    of_patient = ("/", "/appointments/", "/appointments/?when=past", "/account/", "/account/family/add/", confirm, book)
    pages = {
        None: (f"/times/{slug}/", f"/times/{slug}/?mode=in_person", book, gone, "/doctors/"),
        patient: (*of_patient, *visits.values()),
        doctor: ("/practice/today/", "/practice/hours/", "/appointments/", visits["confirmed"], confirm),
    }
    for user, addresses in pages.items():
        page = open_as(user, "/live")
        for address in addresses:
            page.goto(address)
            page.wait_for_load_state("networkidle")
            assert_accessible(page)
            wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wider == 0, address


def test_panel_of_times_keeps_the_focus_and_says_what_it_shows(open_as: Open) -> None:
    doctor = DoctorFactory(with_hours=True, with_place=True)
    page = open_as(None, f"/times/{doctor.slug}/")
    said = page.locator("#times-said")

    page.get_by_role("link", name="Later days").press("Enter")
    expect(said).to_contain_text("open times")
    expect(page.get_by_role("link", name="Later days")).to_be_focused()
    assert "week=" in page.url

    day = page.locator(".days-list a").nth(2)
    day.press("Enter")
    expect(page.locator(".days-list a").nth(2)).to_have_attribute("aria-current", "date")
    expect(page.locator(".days-list a").nth(2)).to_be_focused()

    page.get_by_role("link", name="In person").press("Enter")
    expect(said).to_contain_text("In person")
    expect(page.locator("#times-in_person")).to_be_focused()
    page.reload()
    expect(page.locator("#times-in_person")).to_have_attribute("aria-current", "true")


def test_panel_in_the_doctors_page_leaves_its_address(open_as: Open) -> None:
    doctor = DoctorFactory(with_hours=True)
    page = open_as(None, f"/doctors/{doctor.slug}/")
    page.locator("#times-body .days-list a").nth(1).click()
    expect(page.locator("#times-body .days-list a").nth(1)).to_have_attribute("aria-current", "date")
    assert page.url.endswith(f"/doctors/{doctor.slug}/")
    page.locator("#times-body a[href^='/book/']").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your visit")


def test_hold_gives_way_to_what_came_of_it(open_as: Open) -> None:
    doctor = DoctorFactory(with_hours=True).user
    patient = PatientFactory().user
    visit = hold(doctor, patient)
    Appointment.objects.filter(pk=visit.pk).update(hold_expires_at=timezone.now() + timedelta(seconds=3))
    page = open_as(patient, visit.get_absolute_url())
    expect(page.get_by_role("heading", level=1)).to_have_text("Review your booking")
    expect(page.get_by_role("heading", level=1)).to_have_text("The time is no longer kept for you")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(page).not_to_have_title(re.compile("Review"))


def test_payment_that_arrives_shows_by_itself(open_as: Open) -> None:
    doctor = DoctorFactory(with_hours=True).user
    patient = PatientFactory().user
    visit = hold(doctor, patient)
    start_payment(visit, by=patient)
    page = open_as(patient, visit.get_absolute_url())
    expect(page.get_by_role("button", name="Go on with the payment")).to_be_visible()
    pay(visit)
    expect(page.get_by_role("heading", level=1)).to_have_text("Your appointment is confirmed", timeout=15_000)
    expect(page.get_by_role("heading", level=1)).to_be_focused()


def test_hours_are_added_row_by_row(open_as: Open) -> None:
    doctor = DoctorFactory(with_hours=True).user
    page = open_as(doctor, "/practice/hours/")
    page.get_by_text("The same as a list, to the minute").click()
    rows = page.locator("details.stretch:visible")
    expect(rows).to_have_count(7)
    for count in (8, 9, 10):
        page.get_by_role("button", name="Add hours").click()
        expect(rows).to_have_count(count)
        expect(rows.nth(count - 1).get_by_label("Day", exact=True)).to_be_focused()

    added = rows.nth(9)
    added.get_by_label("Day", exact=True).select_option("Friday")
    added.get_by_label("From", exact=True).fill("19:00")
    added.get_by_label("Until", exact=True).fill("21:00")
    added.get_by_label("Video", exact=True).check()
    page.get_by_role("button", name="Save the hours").click()
    expect(page.get_by_role("status").first).to_contain_text("Your hours are saved")
    page.get_by_text("The same as a list, to the minute").click()
    expect(page.locator(".stretch-time").filter(has_text="7:00")).to_have_count(1)
    expect(rows).to_have_count(8)
