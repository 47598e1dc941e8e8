"""The demo's mailbox: what the portal would have sent."""

from pathlib import Path

import pytest
from django.conf import Settings
from django.core.mail import EmailMessage
from django.test import Client

from tests.page import read

MARKUP = "<script>alert(1)</script>"


@pytest.fixture
def mailbox(settings: Settings, tmp_path: Path) -> Client:
    """A visitor of the demo, whose mails land in a folder."""
    settings.DEMO = True
    settings.MAILBOX_DIR = tmp_path
    backend = "django.core.mail.backends.filebased.EmailBackend"
    settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": {"file_path": str(tmp_path)}}}
    return Client()


def test_mailbox_is_the_demos_alone(mailbox: Client, settings: Settings, db: None) -> None:
    assert "No mails yet" in read(mailbox, "/demo/mailbox/").html
    settings.DEMO = False
    assert mailbox.get("/demo/mailbox/").status_code == 404


def test_mailbox_shows_the_newest_first_as_text(mailbox: Client, db: None) -> None:
    EmailMessage(
        f"Older {MARKUP}", f"Hello {MARKUP}\n\nhttp://localhost:8000/appointments/", to=["karim@example.com"]
    ).send()
    newer = EmailMessage("Newer", "Confirmed.", to=["rahima@example.com"])
    newer.attach("appointment.ics", "BEGIN:VCALENDAR", "text/calendar")
    newer.send()
    page = read(mailbox, "/demo/mailbox/")
    assert [words for tag, words in page.headings if tag == "h2"] == ["Newer", f"Older {MARKUP}"]
    assert MARKUP not in page.html
    assert page.links["http://localhost:8000/appointments/"] == "http://localhost:8000/appointments/"
    assert "appointment.ics" in page.html
    assert "rahima@example.com" in page.html


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("Type this:\n\nX9K-2PD\n\nThank you", "X9K-2PD"),
        ("Type this:\n\n  123456\n", "123456"),
        ("Hello\n\nNIROG\n\nYour appointment is confirmed", ""),
        ("The code X9K-2PD is in a sentence.", ""),
    ],
)
def test_code_of_a_mail_can_be_copied(mailbox: Client, db: None, body: str, code: str) -> None:
    EmailMessage("Your code", body, to=["new@example.com"]).send()
    page = read(mailbox, "/demo/mailbox/")
    assert (f'data-copy="{code}"' in page.html) is bool(code)
    assert ("data-copy=" in page.html) is bool(code)
