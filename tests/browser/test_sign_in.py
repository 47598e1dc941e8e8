"""Passkeys, codes and sessions in a real browser, on pages that insist on the second factor of doctors and admins.

The authenticator is the one that Chromium brings for tests: it keeps passkeys and says that its owner was there.
"""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from accounts.models import User
from tests.accounts.proof import code_of, give_app, recovery_codes_of
from tests.axe import assert_accessible
from tests.factories.accounts import PASSWORD
from tests.factories.doctors import DoctorFactory
from tests.factories.patients import PatientFactory
from tests.page import is_complaint
from tests.servers import Server, proxied

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 60_000
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}

type NewPage = Callable[[], Page]


@pytest.fixture(scope="module")
def portal(django_db_setup: None) -> Iterator[Server]:
    with proxied(static=True, SECOND_FACTOR_REQUIRED="true") as server:
        yield server


@pytest.fixture
def new_page(browser: Browser, portal: Server) -> Iterator[NewPage]:
    """A browser of its own on a phone, with an authenticator; what it complains of fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def opened() -> Page:
        context = browser.new_context(base_url=portal.url, viewport={"width": 390, "height": 844}, locale="en-GB")
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if is_complaint(said, "warning") else None)
        devtools = context.new_cdp_session(page)
        devtools.send("WebAuthn.enable")
        devtools.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def sign_in(page: Page, user: User, *, path: str = "/accounts/login/") -> None:
    page.goto(path)
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/accounts/login/" not in url)


def sign_out(page: Page) -> None:
    page.goto("/accounts/logout/")
    page.locator("main").get_by_role("button", name="Sign out").click()
    page.wait_for_url(lambda url: "/logout/" not in url)


def make_passkey(page: Page) -> None:
    page.get_by_role("button", name="Make the passkey").click()
    page.wait_for_url("**/recovery-codes/**")


def looks_right(page: Page) -> None:
    """Nothing for axe to say, and nothing wider than the phone."""
    assert_accessible(page)
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider == 0, page.url


def test_doctor_is_led_to_a_passkey_and_signs_in_with_it_alone(new_page: NewPage) -> None:
    doctor = DoctorFactory(with_hours=True).user
    page = new_page()
    sign_in(page, doctor, path="/accounts/login/?next=/practice/hours/")

    # Closed, until there is a second factor; then on to where the doctor was going.
    expect(page.get_by_role("heading", level=1)).to_have_text("Add a second step")
    page.goto("/practice/today/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Add a second step")
    page.goto("/practice/hours/")
    page.get_by_role("link", name="A passkey").click()
    make_passkey(page)
    expect(page.locator(".recovery-codes li")).to_have_count(10)
    page.get_by_role("link", name="I have kept them: go on").click()
    page.wait_for_url("**/practice/hours/")

    # Both factors in one: no password, no second step.
    sign_out(page)
    page.goto("/accounts/login/?next=/practice/hours/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/practice/hours/")


def test_doctors_password_is_followed_by_the_passkey(new_page: NewPage) -> None:
    doctor = DoctorFactory(with_hours=True).user
    page = new_page()
    sign_in(page, doctor)
    page.get_by_role("link", name="A passkey").click()
    make_passkey(page)
    sign_out(page)
    sign_in(page, doctor)
    expect(page.get_by_role("heading", level=1)).to_have_text("One more step")
    page.get_by_role("button", name="Use your passkey").click()
    page.wait_for_url("**/practice/today/")

    # In another browser, without that device, the password opens nothing.
    other = new_page()
    sign_in(other, doctor)
    other.goto("/practice/today/")
    # It waits for the second step, or begins anew.
    expect(other.get_by_role("heading", level=1)).to_have_text(re.compile("^(One more step|Sign in)$"))


def test_passkey_that_is_not_known_is_told_in_words(new_page: NewPage) -> None:
    page = new_page()
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("Try once more, or take another way")


def test_app_is_set_up_and_a_recovery_code_signs_in_once(new_page: NewPage) -> None:
    patient = PatientFactory().user
    page = new_page()
    sign_in(page, patient)
    page.goto("/account/")
    page.get_by_role("link", name="Second step and passkeys").click()
    page.get_by_role("link", name="Set up an app").click()
    secret = page.locator("code.secret").inner_text().replace(" ", "")
    page.get_by_label("Code that your app shows").fill(code_of(secret))
    page.get_by_role("button", name="Turn it on").click()
    page.wait_for_url("**/recovery-codes/**")
    codes = page.locator(".recovery-codes code").all_inner_texts()
    assert codes == recovery_codes_of(patient)

    sign_out(page)
    sign_in(page, patient)
    field = page.get_by_label("Code of your app, or a recovery code")
    field.fill("000000")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Please put this right")).to_be_visible()
    field.fill(codes[0])
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(lambda url: "/accounts/" not in url)

    sign_out(page)
    sign_in(page, patient)
    page.get_by_label("Code of your app, or a recovery code").fill(codes[0])
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Please put this right")).to_be_visible()


def test_app_shows_the_code_that_signs_in(new_page: NewPage) -> None:
    doctor = DoctorFactory(with_hours=True).user
    give_app(doctor)
    page = new_page()
    sign_in(page, doctor)
    page.get_by_label("Code of your app, or a recovery code").fill(code_of())
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/practice/today/")


def test_other_browser_is_signed_out_at_once(new_page: NewPage) -> None:
    patient = PatientFactory().user
    here, there = new_page(), new_page()
    sign_in(here, patient)
    sign_in(there, patient)
    there.goto("/account/")
    expect(there.get_by_role("heading", level=1)).to_have_text("Account")

    here.goto("/accounts/sessions/")
    expect(here.locator(".rows > li")).to_have_count(2)
    expect(here.locator(".rows > li").first).to_contain_text("This device")
    here.get_by_role("button", name="Sign out Chrome").click()
    expect(here.get_by_role("status").first).to_contain_text("That device is signed out")
    expect(here.locator(".rows > li")).to_have_count(1)

    there.goto("/appointments/")
    expect(there.get_by_role("heading", level=1)).to_have_text("Sign in")
    expect(there.get_by_role("status").first).to_contain_text("Your session has ended")
    here.goto("/appointments/")
    expect(here.get_by_role("heading", level=1)).not_to_have_text("Sign in")


def test_pages_are_for_everybody_and_fit_a_phone(browser: Browser, portal: Server) -> None:
    patient = PatientFactory().user
    # axe brings a script of its own, which the policy would rightly keep out.
    context = browser.new_context(base_url=portal.url, viewport={"width": 390, "height": 844}, bypass_csp=True)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    for path in ("/accounts/login/", "/accounts/login/code/", "/accounts/signup/", "/accounts/password/reset/"):
        page.goto(path)
        looks_right(page)
    sign_in(page, patient)
    for path in ("", "needed/", "totp/activate/", "webauthn/add/", "webauthn/"):
        page.goto(f"/accounts/second-step/{path}")
        looks_right(page)
    for path in ("/accounts/sessions/", "/accounts/email/", "/accounts/password/change/"):
        page.goto(path)
        looks_right(page)
    context.close()
