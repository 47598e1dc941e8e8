"""People at the stack that tests share: their browsers, their mail, and what every one of their pages must be."""

import re
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

from playwright.sync_api import BrowserContext, Page

from config.processes import wait_until
from tests.axe import complaints
from tests.stack import Stack

type NewContext = Callable[..., BrowserContext]

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
    (calendar,) = (part for part in mail.walk() if part.get_content_type() == "text/calendar")
    return str(cast(EmailMessage, calendar).get_content())


def sign_in(context: BrowserContext, email: str) -> Page:
    page = context.new_page()
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(DEMO_PASSWORD)
    page.locator("main").get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/accounts/" not in url)
    return page


def doctor_who_was_told(stack: Stack, identity: str) -> str:
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

    assert wait_until(arrived, timeout=60), identity
    return found[0]


PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 800}


def looks_right(page: Page) -> None:
    """On a phone and on a desktop axe has nothing to say, and nothing is wider than the screen. Wants `bypass_csp`."""
    before = page.viewport_size
    for size in (PHONE, DESKTOP):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert complaints(page) == "", size
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider == 0, (page.url, size)
    if before:
        page.set_viewport_size(before)
