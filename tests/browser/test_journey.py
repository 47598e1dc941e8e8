"""The main job, from end to end, on the stack that `make demo` starts: found, booked, paid, cancelled, refunded."""

import re
import secrets
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from config.processes import wait_until
from tests.stack import Stack

PASSWORD = "a long enough password"
DEMO_PASSWORD = "demo-portal-2026"
PATIENCE = 30_000


class Mailbox:
    """The mails that the portal sent to one address, as files in the demo's data folder."""

    def __init__(self, stack: Stack, address: str) -> None:
        self.folder, self.address = stack.data_dir / "mail", address

    def mails(self) -> list[EmailMessage]:
        parts = [
            part
            for path in sorted(self.folder.glob("*.log"), key=lambda path: path.stat().st_mtime_ns)
            for part in path.read_bytes().split(b"\n" + b"-" * 79 + b"\n")
            if part.strip()
        ]
        mails = [cast(EmailMessage, message_from_bytes(part, policy=policy.default)) for part in parts]
        return [mail for mail in mails if str(mail["To"]) == self.address]

    def wait_for(self, matches: Callable[[EmailMessage], bool]) -> EmailMessage:
        found: list[EmailMessage] = []

        def arrived() -> bool:
            found[:] = [mail for mail in self.mails() if matches(mail)]
            return bool(found)

        assert wait_until(arrived, timeout=60), [str(mail["Subject"]) for mail in self.mails()]
        return found[-1]

    def code(self) -> str:
        """The newest code to sign up with."""
        mail = self.wait_for(lambda mail: re.search(r"^[A-Z0-9-]{6,}$", text_of(mail), re.MULTILINE) is not None)
        return re.findall(r"^[A-Z0-9-]{6,}$", text_of(mail), re.MULTILINE)[-1]


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return str(body.get_content()) if body else ""


def calendar_of(mail: EmailMessage) -> str:
    (calendar,) = (part for part in mail.iter_attachments() if part.get_content_type() == "text/calendar")
    return str(calendar.get_content())


@pytest.fixture
def new_context(browser: Browser, stack: Stack) -> Iterator[Callable[..., BrowserContext]]:
    made: list[BrowserContext] = []

    def make(**options: object) -> BrowserContext:
        context = browser.new_context(base_url=stack.url, locale="en-GB", **options)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE)
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()


def sign_in(context: BrowserContext, email: str) -> Page:
    page = context.new_page()
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(DEMO_PASSWORD)
    page.locator("main").get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/accounts/" not in url)
    return page


def find_a_doctor(page: Page, search: str, *, nth: int) -> str:
    """From the home page to a doctor's page, by a search; the doctor's name as the card had it."""
    page.goto("/")
    page.locator("input[name=q]").fill(search)
    page.locator("main").get_by_role("button", name="Search").click()
    card = page.locator("[data-doctor], article").nth(nth)
    name = card.get_by_role("heading").inner_text()
    card.get_by_role("heading").get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    return name


def open_all_times(page: Page) -> None:
    """The page of times of the doctor whose page is open; it works with and without JavaScript."""
    slug = page.url.rstrip("/").rpartition("/")[2]
    page.goto(f"/times/{slug}/?mode=video")


def take_the_last_time(page: Page) -> str:
    """Follow the last open time that the page shows; the address of the booking form."""
    page.locator("a[href*='/book/']").last.click()
    page.wait_for_url("**/book/**")
    return page.url


def fill_reason_and_sign_up(page: Page, stack: Stack, reason: str) -> Mailbox:
    address = f"visitor-{secrets.token_hex(4)}@example.org"
    page.get_by_label("Reason for the visit").fill(reason)
    page.locator("main").get_by_role("button", name="Go on").click()
    page.get_by_label("Your full name").fill("Sabina Yasmin")
    page.get_by_label("Email").fill(address)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.locator("main form").get_by_role("button", name=re.compile("Create|Sign up")).click()
    mailbox = Mailbox(stack, address)
    page.locator("input[name=code]").fill(mailbox.code())
    page.locator("main form").get_by_role("button").first.click()
    page.wait_for_url("**/book/**")
    return mailbox


def hold(page: Page, reason: str) -> None:
    """Finish the booking form, which kept what was typed before signing up."""
    expect(page.get_by_label("Reason for the visit")).to_have_value(reason)
    page.get_by_label("Mobile number").fill("01712 345678")
    page.get_by_role("button", name="Keep this time").click()
    page.wait_for_url("**/appointments/*/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Review your booking")


def test_a_visitor_books_pays_and_cancels(stack: Stack, new_context: Callable[..., BrowserContext]) -> None:
    page = new_context(viewport={"width": 390, "height": 844}).new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)

    # By a symptom, on a phone, to a time.
    doctor = find_a_doctor(page, "buke betha", nth=0)
    open_all_times(page)
    form_address = take_the_last_time(page)
    reason = "Chest feels tight on stairs since Friday."
    mailbox = fill_reason_and_sign_up(page, stack, reason)
    assert page.url == form_address
    hold(page, reason)
    appointment = page.url

    # Money: to the gateway's own origin and back.
    page.get_by_role("button", name=re.compile("Pay ৳")).click()
    page.wait_for_url("**/payments/*/")
    page.locator("main").get_by_role("button", name=re.compile("Pay")).click()
    page.wait_for_url(f"{stack.sandbox_url}/**")
    page.get_by_role("button", name=re.compile("^Pay")).first.click()
    page.wait_for_url(lambda url: url.startswith(stack.url))
    expect(page.locator("main")).to_contain_text(re.compile("paid|confirmed", re.IGNORECASE))
    page.goto(appointment)
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile("confirmed|booked", re.IGNORECASE))

    # Both are told; the calendar file names no reason.
    mail = mailbox.wait_for(lambda mail: "is confirmed" in str(mail["Subject"]))
    calendar = calendar_of(mail)
    assert "METHOD:REQUEST" in calendar
    assert "SEQUENCE:0" in calendar
    assert reason not in mail.as_string()

    # The doctor sees it; whoever does not belong there, does not.
    identity = appointment.rstrip("/").rpartition("/")[2]
    stranger = sign_in(new_context(), "patient-5@example.com")
    assert stranger.goto(f"/appointments/{identity}/").status == 404  # type: ignore[union-attr]
    doctors_mail = Mailbox(stack, _mail_of_doctor(stack, doctor, identity))
    own = sign_in(new_context(), doctors_mail.address)
    own.goto(f"/appointments/{identity}/")
    expect(own.locator("main")).to_contain_text("Sabina Yasmin")
    expect(own.locator("main")).to_contain_text(reason)

    # Called off: all of the money goes back, the time is open again.
    page.get_by_role("link", name=re.compile("Cancel")).first.click()
    page.locator("main form").get_by_role("button", name=re.compile("Cancel")).click()
    page.wait_for_url(appointment)
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile("cancelled", re.IGNORECASE))
    mailbox.wait_for(lambda mail: "refund" in str(mail["Subject"]).lower() or "money" in str(mail["Subject"]).lower())
    cancelled = mailbox.wait_for(lambda mail: "cancelled" in str(mail["Subject"]))
    assert "METHOD:CANCEL" in calendar_of(cancelled)
    assert _uid(calendar_of(cancelled)) == _uid(calendar)
    assert page.goto(form_address).status == 200  # type: ignore[union-attr]

    assert problems == []


def _uid(calendar: str) -> str:
    found = re.search(r"UID:(\S+)", calendar)
    assert found is not None
    return found[1]


def _mail_of_doctor(stack: Stack, doctor: str, identity: str) -> str:
    """The address to which the doctor's own notice of this booking went."""
    folder = stack.data_dir / "mail"
    found: list[str] = []

    def arrived() -> bool:
        for path in folder.glob("*.log"):
            for part in path.read_bytes().split(b"\n" + b"-" * 79 + b"\n"):
                mail = message_from_bytes(part, policy=policy.default)
                to = str(mail["To"])
                if to.startswith("doctor") and identity in mail.as_string():
                    found.append(to)
        return bool(found)

    assert wait_until(arrived, timeout=60), doctor
    return found[0]


def test_without_javascript_as_far_as_the_payment_page(
    stack: Stack, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context(java_script_enabled=False).new_page()

    find_a_doctor(page, "skin", nth=0)
    open_all_times(page)
    take_the_last_time(page)
    reason = "Itchy rash on both arms."
    fill_reason_and_sign_up(page, stack, reason)
    hold(page, reason)
    page.get_by_role("button", name=re.compile("Pay ৳")).click()
    page.wait_for_url("**/payments/*/")
    page.locator("main").get_by_role("button", name=re.compile("Pay")).click()
    page.wait_for_url(f"{stack.sandbox_url}/**")

    expect(page.get_by_role("button", name=re.compile("^Pay")).first).to_be_visible()
