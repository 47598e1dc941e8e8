"""A session's end in a real browser: told before, put off by a press, and nothing that was typed is lost by it."""

import re
import time
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from patients.models import Condition
from tests.browser.test_sign_in import PATIENCE, sign_in
from tests.factories.patients import PatientFactory
from tests.page import is_complaint
from tests.servers import Server, proxied

pytestmark = pytest.mark.django_db(transaction=True)

IDLE, LONGEST = 3600, 12 * 3600
FORM = "/account/health/me/conditions/add/"
UNATTENDED = "x-unattended"
WARNING, OVER = "You will be signed out soon", "You have been signed out"


@pytest.fixture(scope="module")
def portal(django_db_setup: None) -> Iterator[Server]:
    with proxied(static=True) as server:
        yield server


@pytest.fixture
def page(browser: Browser, portal: Server) -> Iterator[Page]:
    """On a phone; what it complains of fails the test."""
    context = browser.new_context(base_url=portal.url, viewport={"width": 390, "height": 844}, locale="en-GB")
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if is_complaint(said, "warning") else None)
    yield page
    context.close()
    assert complaints == []


def left(user: User, seconds: int, *, at_most: int = LONGEST) -> None:
    """The user's session, as of somebody on a device that others use, lasts so long if nothing happens."""
    for row in Session.objects.all():
        store = SessionStore(row.session_key)
        if store.get("_auth_user_id") == str(user.pk):
            now = int(time.time())
            store.update({"remembered": False, "seen_at": now - IDLE + seconds, "began_at": now - LONGEST + at_most})
            store.save()


def test_end_is_told_put_off_and_survived_by_what_was_typed(page: Page, browser: Browser) -> None:
    user = PatientFactory().user
    assert user
    page.clock.install()
    sign_in(page, user)
    left(user, IDLE)
    page.goto(FORM)
    dialog = page.get_by_role("alertdialog")
    page.locator("[name=name]").fill("Asthma since school")
    page.locator("[name=clinical_status]").first.check()

    # Nobody is alarmed while the session was used elsewhere.
    left(user, IDLE)
    page.clock.fast_forward((IDLE - 100) * 1000)
    # It has asked, and knows of the whole hour: until then it has no time at which to look again.
    expect(page.locator("[data-session-left]")).to_have_text(re.compile("^(60:00|59:5[0-9])$"))
    expect(dialog).to_have_count(0)

    left(user, 110)
    page.clock.fast_forward(IDLE * 1000)
    expect(dialog).to_have_accessible_name(WARNING)
    expect(dialog.get_by_role("button", name="Stay signed in")).to_be_focused()
    assert Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]}).violations_count == 0
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    assert kept(user) > IDLE - 60

    # A warning that is put aside stays so; the end is the end.
    left(user, 110)
    page.clock.fast_forward(IDLE * 1000)
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.clock.run_for(5_000)
    expect(dialog).to_have_count(0)
    left(user, -1)
    page.clock.fast_forward(120_000)
    expect(dialog).to_have_accessible_name(OVER)
    expect(dialog.get_by_role("link", name="Sign in in a new tab")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_visible()

    # In another tab the same person comes back; the form goes on, and is taken.
    with page.expect_popup() as opened:
        dialog.get_by_role("link", name="Sign in in a new tab").click()
    other = opened.value
    other.get_by_label("Email").wait_for()
    sign_in(other, user)
    dialog.get_by_role("button", name="I have signed in: go on").click()
    expect(dialog).to_have_count(0)
    page.locator("main").get_by_role("button", name="Save").click()
    page.wait_for_url("**/account/health/me/")
    assert Condition.objects.get().name == "Asthma since school"


def kept(user: User) -> int:
    """How long the user's session lasts if nothing happens."""
    stores = [SessionStore(row.session_key) for row in Session.objects.all()]
    (store,) = (store for store in stores if store.get("_auth_user_id") == str(user.pk))
    return int(store["seen_at"]) + IDLE - int(time.time())


def test_end_that_cannot_be_put_off_and_a_form_that_is_sent_too_late(page: Page) -> None:
    user = PatientFactory().user
    assert user
    page.clock.install()
    sign_in(page, user)
    left(user, 3000, at_most=3000)
    page.goto(FORM)
    dialog = page.get_by_role("alertdialog")
    page.locator("[name=name]").fill("Asthma")
    left(user, 110, at_most=110)
    page.clock.fast_forward(3000_000)
    expect(dialog).to_contain_text("for as long as is possible")
    expect(dialog.get_by_role("button", name="Stay signed in")).to_have_count(0)
    dialog.get_by_role("link", name="Back to the page").or_(
        dialog.get_by_role("button", name="Back to the page")
    ).click()
    expect(dialog).to_have_count(0)

    # The clock of the page says that it is over before it has looked: nothing goes to be turned away.
    left(user, -1)
    page.evaluate("Date.now = (now => () => now() + 600000)(Date.now)")
    page.locator("main").get_by_role("button", name="Save").click()
    expect(dialog).to_have_accessible_name(OVER)
    assert page.url.endswith(FORM)
    expect(page.locator("[name=name]")).to_have_value("Asthma")


def test_what_a_page_asks_by_itself_says_so(page: Page) -> None:
    user = PatientFactory().user
    assert user
    sign_in(page, user)
    page.goto("/doctors/")
    asked: list[bool] = []
    page.on("request", lambda request: "hx-request" in request.headers and asked.append(UNATTENDED in request.headers))
    page.evaluate("""() => {
        const look = document.createElement("div");
        look.id = "look";
        look.setAttribute("hx-get", "/account/");
        look.setAttribute("hx-trigger", "every 100ms, click");
        look.setAttribute("hx-swap", "none");
        look.textContent = "Look";
        document.querySelector("main").prepend(look);
        htmx.process(look);
    }""")
    with page.expect_response("**/account/"):
        pass
    assert asked[0] is True
    page.evaluate("document.querySelector('#look').setAttribute('hx-trigger', 'click')")
    page.evaluate("htmx.process(document.querySelector('#look'))")
    asked.clear()
    with page.expect_request(lambda request: UNATTENDED not in request.headers):
        page.locator("#look").click()
    assert False in asked
