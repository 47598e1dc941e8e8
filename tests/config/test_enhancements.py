"""What the scripts add to the components, in a real browser, and that nothing depends on them."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from tests.axe import assert_accessible
from tests.page import is_complaint

WIDE, PHONE, NARROW = (
    {"width": 1280, "height": 900},
    {"width": 390, "height": 844},
    {"width": 320, "height": 700},
)


@pytest.fixture
def address(live_server, settings) -> str:
    return live_server.url + reverse("components")


@pytest.fixture
def components(page: Page, address: str) -> Page:
    """The page of components; what the browser complains of fails the test."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if is_complaint(message) else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    yield page
    assert complaints == []


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing(browser: Browser, address, size):
    context = browser.new_context(viewport=size, reduced_motion="reduce", bypass_csp=True)
    page = context.new_page()
    page.goto(address)
    assert_accessible(page)
    context.close()


@pytest.mark.parametrize("language", ["en", "bn"])
@pytest.mark.parametrize("size", [WIDE, PHONE, NARROW], ids=["wide", "phone", "narrow"])
def test_nothing_is_wider_than_the_screen(browser: Browser, address, settings, language, size):
    context = browser.new_context(viewport=size)
    context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": address}])
    page = context.new_page()
    page.goto(address)
    page.evaluate("document.fonts.ready")
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    context.close()


def test_targets_are_large_enough(browser: Browser, address):
    """Every control can be pressed within 44 by 44 pixels, the invisible margin counted; links in a sentence aside."""
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    page.goto(address)
    small = page.evaluate(
        """() => [...document.querySelectorAll(
             "main :is(button, select, a.button, a.icon-button, a.chip, a.segment, a.tab, a.time, a.day, a.back," +
             " .pagination a, label.chip, label.segment, label.time, label.choice, label.check)," +
             ".header :is(a, button), .footer :is(nav a, button)"
           )].filter((element) => element.checkVisibility() && !element.matches(".field-reveal")).filter((element) => {
             const box = element.getBoundingClientRect();
             const margin = getComputedStyle(element, "::after");
             const more = margin.content === "none" ? 0 : -2 * parseFloat(margin.top || 0);
             return Math.round(box.height + Math.max(0, more)) < 44;
           }).map((element) => element.outerHTML.slice(0, 120))"""
    )
    context.close()
    assert small == []


def test_dialog_takes_the_focus_and_gives_it_back(components: Page):
    opener = components.get_by_role("button", name="Open the dialog")
    opener.click()
    dialog = components.get_by_role("dialog", name="Cancel this appointment?")
    expect(dialog).to_be_visible()
    assert dialog.evaluate("dialog => dialog.matches(':modal') && dialog.contains(document.activeElement)")
    components.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()
    opener.press(" ")
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()


def test_dialog_opens_in_place_without_scripts(browser: Browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    page.get_by_text("Open the dialog").click()
    dialog = page.get_by_role("dialog", name="Cancel this appointment?")
    expect(dialog).to_be_visible()
    dialog.get_by_label("Close").click()
    expect(dialog).to_be_hidden()
    context.close()


def test_hold_counts_down_and_speaks(page: Page, address):
    page.clock.install()
    page.goto(address)
    long, short, over = (page.locator("[data-hold]").nth(index) for index in range(3))
    expect(long.get_by_role("timer")).to_have_text(re.compile(r"^9:[34]\d$"))
    expect(short.locator("[data-hold-said]")).to_have_text("Two minutes left to finish your booking.")
    expect(over).to_contain_text("The time is no longer kept for you.")
    expect(over.get_by_role("link", name="See the open times")).to_be_visible()
    expect(long.locator("[data-hold-said]")).to_have_text("")
    page.clock.fast_forward("08:00")
    expect(long.locator("[data-hold-said]")).to_have_text("Two minutes left to finish your booking.")
    expect(short.locator("[data-hold-said]")).to_have_text("The time is no longer kept for you.")
    page.clock.fast_forward("02:00")
    expect(long.get_by_role("timer")).to_be_hidden()
    expect(long.locator("[data-hold-over]")).to_be_visible()


def test_hold_says_until_when_without_scripts(browser: Browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    expect(page.locator("[data-hold]").first).to_contain_text(re.compile(r"kept for you until \d+:\d\d"))
    context.close()


def test_combobox_offers_and_takes_by_keyboard(components: Page):
    box = components.get_by_role("combobox", name="Specialty, symptom or doctor")
    box.fill("thr")
    options = components.locator("[role=listbox]").first.get_by_role("option")
    expect(options).to_have_count(1)
    expect(box).to_have_attribute("aria-expanded", "true")
    box.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    box.press("Enter")
    expect(box).to_have_value("Sore throat")
    expect(options).to_have_count(0)
    # The hint finds it too, and what is typed otherwise stays.
    box.fill("heart")
    expect(options).to_have_text(re.compile("Cardiology"))
    box.press("Escape")
    expect(box).to_have_value("heart")


def test_password_can_be_shown(components: Page):
    field = components.locator("#fresh_password")
    field.fill("correct horse")
    components.get_by_role("button", name="Show Password").first.click()
    expect(field).to_have_attribute("type", "text")
    expect(field).to_be_focused()
    components.get_by_role("button", name="Hide Password").first.click()
    expect(field).to_have_attribute("type", "password")


def test_error_summary_takes_the_focus_and_leads_to_the_field(components: Page):
    summary = components.locator(".error-summary")
    expect(summary).to_be_focused()
    summary.get_by_role("link", name="E-mail address").click()
    assert components.evaluate("document.activeElement.id || location.hash.slice(1)") == "wrong_email"


def test_menu_closes_by_escape_and_by_a_press_elsewhere(components: Page):
    button = components.locator(".header summary")
    panel = components.locator(".header .menu-panel")
    button.click()
    expect(panel).to_be_visible()
    components.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(button).to_be_focused()
    button.click()
    components.get_by_role("heading", name="Components").click()
    expect(panel).to_be_hidden()


def test_alert_can_be_closed(components: Page):
    alert = components.locator(".alert", has_text="Your appointment is confirmed")
    alert.get_by_role("button", name="Close this message").click()
    expect(alert).to_have_count(0)


def test_skip_link_is_the_first_stop(page: Page, live_server):
    page.goto(live_server.url + reverse("account_login"))
    page.keyboard.press("Tab")
    link = page.get_by_role("link", name="Skip to the content")
    expect(link).to_be_focused()
    expect(link).to_be_in_viewport()


@pytest.mark.parametrize(
    ("language", "fonts"),
    [("en", {"noto-sans-bengali-few.woff2"}), ("bn", {"noto-sans-bengali-few.woff2", "noto-sans-bengali.woff2"})],
)
def test_the_whole_bangla_typeface_is_fetched_for_bangla_alone(page: Page, live_server, settings, language, fonts):
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(request.url.rpartition("/")[2]))
    page.context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": live_server.url}])
    page.goto(live_server.url + reverse("account_login"))
    page.evaluate("document.fonts.ready")
    assert {name for name in asked if name.endswith(".woff2")} == fonts
