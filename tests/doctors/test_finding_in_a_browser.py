"""The pages where a doctor is found, in a real browser: with JavaScript and without, on a phone and on a desk."""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, Route, ViewportSize, expect

from appointments.listings import refresh_listings
from doctors.models import Doctor, Gender
from specialties.models import Specialty
from tests.axe import assert_accessible
from tests.factories.doctors import DoctorFactory, QualificationFactory
from tests.factories.specialties import SpecialtyFactory, SymptomFactory
from tests.page import is_complaint

pytestmark = pytest.mark.django_db(transaction=True)

WIDE: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
NARROW: ViewportSize = {"width": 320, "height": 700}

# What htmx says of a request that a newer one, or the next page, took the place of.
GIVEN_UP = ("htmx:afterRequest", "htmx:sendAbort")

type Open = Callable[..., Page]


@pytest.fixture
def oncology(transactional_db: None) -> Specialty:
    specialty = SpecialtyFactory(slug="oncology", name_en="Oncology", name_bn="ক্যান্সার")
    SymptomFactory(name_en="Weight loss", specialties=[specialty])
    return specialty


@pytest.fixture
def farhana(oncology: Specialty) -> Doctor:
    """With times from tomorrow on, by video and in Dhaka."""
    doctor = DoctorFactory(
        name="Farhana Rahman",
        slug="farhana-rahman",
        gender=Gender.FEMALE,
        specialty=oncology,
        with_hours=True,
        with_place=True,
        about="Explains what was found and what to do next.",
        listing__rating=Decimal("4.7"),
        listing__rating_count=31,
    )
    QualificationFactory(doctor=doctor, degree="FCPS")
    refresh_listings([doctor.pk])
    return doctor


@pytest.fixture
def anisul(transactional_db: None) -> Doctor:
    """Without times, and without a place."""
    return DoctorFactory(name="Anisul Haque", slug="anisul-haque", fee_video=Decimal(500))


@pytest.fixture
def opened(browser: Browser, live_server) -> Iterator[Open]:
    """Opens an address in a window of its own; what the browser complains of fails the test."""
    complaints: list[str] = []
    contexts = []

    def open_page(address: str, *, viewport: ViewportSize = WIDE, **options: object) -> Page:
        contexts.append(browser.new_context(base_url=live_server.url, viewport=viewport, **options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: complaints.append(message.text) if is_complaint(message) else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [complaint for complaint in complaints if not complaint.startswith(GIVEN_UP)] == []


FIND = reverse("doctors:find")


def test_a_changed_filter_searches_and_the_back_button_undoes_it(opened: Open, farhana: Doctor, anisul: Doctor) -> None:
    page = opened(FIND)
    count = page.locator("#results-count")
    expect(count).to_have_text("2 doctors")
    page.evaluate("window.stayed = true")

    page.get_by_role("radio", name="Female", exact=True).check()
    expect(count).to_have_text("1 doctor")
    expect(page).to_have_url(re.compile(r"/doctors/\?gender=female$"))
    expect(page.locator(".doctor-card-name")).to_have_text(["Dr. Farhana Rahman"])
    page.get_by_label("Sort by").select_option("fee")
    expect(page).to_have_url(re.compile(r"gender=female&sort=fee$"))
    assert page.evaluate("window.stayed")

    page.go_back()
    expect(page).to_have_url(re.compile(r"gender=female$"))
    expect(page.get_by_label("Sort by")).to_have_value("")
    expect(page.get_by_role("radio", name="Female", exact=True)).to_be_checked()
    page.wait_for_load_state("networkidle")
    page.go_back()
    expect(page.locator("#results-count")).to_have_text("2 doctors")
    expect(page.get_by_role("radio", name="Female", exact=True)).not_to_be_checked()


def test_a_search_gives_up_the_open_times_of_the_cards_that_it_replaces(
    opened: Open, farhana: Doctor, anisul: Doctor
) -> None:
    held: list[Route] = []
    page = opened("about:blank")
    page.route(re.compile(r"/times/\?doctors="), lambda route: route.continue_() if held else held.append(route))
    page.goto(FIND)
    expect(page.locator("#results-count")).to_have_text("2 doctors")
    with page.expect_event("requestfailed") as given_up:
        page.get_by_role("radio", name="Female", exact=True).check()
    assert given_up.value == held[0].request
    expect(page.locator(".strip-times").first).to_be_visible()


def test_a_chip_takes_its_filter_away(opened: Open, farhana: Doctor, anisul: Doctor) -> None:
    page = opened(f"{FIND}?gender=female&fee_max=5000")
    page.get_by_role("link", name="Female (remove)").click()
    expect(page.locator("#results-count")).to_have_text("2 doctors")
    expect(page.get_by_label("Fee up to")).to_have_value("5000")


def test_a_wrong_fee_is_told_beside_the_field_at_once_and_again_after_a_reload(opened: Open, farhana: Doctor) -> None:
    page = opened(FIND)
    page.get_by_label("Fee up to").fill("cheap")
    page.get_by_label("Fee up to").press("Enter")
    error = page.locator("#fee-errors")
    expect(error).to_have_text("Enter a whole number.")
    page.get_by_label("Fee up to").fill("2000")
    page.get_by_label("Fee up to").press("Enter")
    expect(error).to_be_empty()
    expect(page).to_have_url(re.compile(r"fee_max=2000$"))


def test_filters_come_up_on_a_phone_and_show_what_they_leave(opened: Open, farhana: Doctor, anisul: Doctor) -> None:
    page = opened(FIND, viewport=PHONE)
    sheet = page.get_by_role("dialog", name="Filters")
    expect(sheet).to_be_hidden()
    page.get_by_role("button", name="Filters").click()
    expect(sheet).to_be_visible()
    sheet.get_by_role("radio", name="In person", exact=True).check()
    sheet.get_by_role("button", name="Show 1 doctor").click()
    expect(sheet).to_be_hidden()
    expect(page.locator(".doctor-card-name")).to_have_text(["Dr. Farhana Rahman"])


def test_without_scripts_search_and_filters_are_a_form(opened: Open, farhana: Doctor, anisul: Doctor) -> None:
    page = opened(reverse("home"), java_script_enabled=False)
    page.get_by_label("Specialty, symptom or doctor").fill("weight loss")
    page.get_by_label("District").select_option("dhaka")
    page.get_by_role("radio", name="Video", exact=True).check()
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".doctor-card-name")).to_have_text(["Dr. Farhana Rahman"])
    expect(page.locator(".strip")).to_contain_text("Next:")

    page.get_by_label("Specialty", exact=True).select_option("oncology")
    page.get_by_role("radio", name="Male", exact=True).check()
    page.get_by_role("button", name="Show 1 doctor").click()
    expect(page.get_by_role("heading", name="No doctor fits all of this")).to_be_visible()
    page.get_by_role("link", name="Male +1").click()
    page.get_by_role("link", name="Dr. Farhana Rahman", exact=True).click()
    page.get_by_role("link", name="See all times").click()
    expect(page.get_by_role("heading", name="Choose a time")).to_be_visible()


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_times_come_into_their_space_and_nothing_moves(
    opened: Open, farhana: Doctor, anisul: Doctor, viewport: ViewportSize
) -> None:
    asked: list[Route] = []
    context_page = opened(reverse("home"), viewport=viewport)
    context_page.route(re.compile(r"/times/\?doctors="), lambda route: asked.append(route))
    context_page.goto(FIND)
    expect(context_page.locator(".strip-next")).to_have_count(2)
    context_page.wait_for_function("document.fonts.status === 'loaded'")
    tops = "[...document.querySelectorAll('.doctor-card')].map((card) => Math.round(card.getBoundingClientRect().top))"
    before = context_page.evaluate(tops)
    assert len(asked) == 1
    asked[0].continue_()
    expect(context_page.locator(".strip .time").first).to_be_visible()
    assert context_page.evaluate(tops) == before


def test_the_booking_panel_brings_the_times(opened: Open, farhana: Doctor) -> None:
    page = opened(farhana.get_absolute_url())
    panel = page.get_by_role("region", name="Book a visit")
    expect(panel.locator(".time").first).to_be_visible()
    expect(panel.get_by_role("navigation", name="Days")).to_be_visible()


def test_on_a_phone_a_bar_leads_to_the_panel(opened: Open, farhana: Doctor) -> None:
    page = opened(farhana.get_absolute_url(), viewport=PHONE)
    page.get_by_role("link", name="Choose a time").click()
    expect(page.get_by_role("heading", name="Book a visit")).to_be_in_viewport()


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing(opened: Open, farhana: Doctor, anisul: Doctor, viewport: ViewportSize) -> None:
    pages = [reverse("home"), f"{FIND}?q=weight+loss&mode=video&fee_max=x", f"{FIND}?q=nobody"]
    for address in [*pages, farhana.get_absolute_url()]:
        page = opened(address, viewport=viewport, reduced_motion="reduce", bypass_csp=True)
        page.wait_for_load_state("networkidle")
        assert_accessible(page)


@pytest.mark.parametrize("language", ["en", "bn"])
@pytest.mark.parametrize("viewport", [WIDE, PHONE, NARROW], ids=["wide", "phone", "narrow"])
def test_nothing_is_wider_than_the_screen(
    opened: Open, live_server, settings, farhana: Doctor, anisul: Doctor, language: str, viewport: ViewportSize
) -> None:
    page = opened(reverse("home"), viewport=viewport)
    page.context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": live_server.url}])
    for address in (reverse("home"), FIND, farhana.get_absolute_url()):
        page.goto(address)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0, (
            address
        )


def test_suggestions_by_keyboard_then_a_filter_then_near_a_position(
    opened: Open, farhana: Doctor, anisul: Doctor
) -> None:
    # Dhaka, where Farhana has her place.
    here = {"latitude": 23.7612, "longitude": 90.3898}
    page = opened(FIND, geolocation=here, permissions=["geolocation"])
    bar = page.get_by_role("combobox", name="Specialty, symptom or doctor")
    bar.press_sequentially("farh")
    offered = page.get_by_role("option", name="Dr. Farhana Rahman")
    expect(offered).to_be_visible()
    expect(bar).to_have_attribute("aria-expanded", "true")
    bar.press("ArrowDown")
    expect(offered).to_have_attribute("aria-selected", "true")
    expect(bar).to_have_attribute("aria-activedescendant", offered.get_attribute("id") or "")
    bar.press("Enter")
    expect(bar).to_have_value("Dr. Farhana Rahman")
    expect(page.locator(".doctor-card-name")).to_have_text(["Dr. Farhana Rahman"])

    bar.fill("")
    bar.press("Enter")
    expect(page.locator("#results-count")).to_have_text("2 doctors")
    male = page.get_by_role("radio", name="Male", exact=True)
    expect(male).to_have_accessible_description("1")
    page.get_by_role("radio", name="Video", exact=True).check()
    expect(page).to_have_url(re.compile(r"mode=video$"))

    page.get_by_role("button", name="Use my position").click()
    expect(page).to_have_url(re.compile(r"near=23\.76%2C90\.39&km=10&mode=video$"))
    expect(page.locator(".doctor-card-name")).to_have_text(["Dr. Farhana Rahman"])
    expect(page.get_by_label("Near", exact=True)).to_have_value("23.76,90.39")
    expect(male).to_have_accessible_description("0")
    page.wait_for_load_state("networkidle")
    page.go_back()
    expect(page.locator("#results-count")).to_have_text("2 doctors")
