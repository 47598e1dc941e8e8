"""The demo's mailbox: what the portal would have sent, for whoever tries it out. Not routed anywhere else."""

import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime
from typing import cast

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

SHOWN = 50
CODE = re.compile(r"^[ \t]*[A-Z0-9]{3,4}-?[A-Z0-9]{3,4}[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail that lies in the box."""

    to: str
    subject: str
    sent: datetime
    body: str
    attachments: list[str]

    @property
    def code(self) -> str:
        """The code that stands on a line of its own, if this is a mail that brings one."""
        found = CODE.search(self.body)
        return found[0].strip() if found else ""


def mails() -> list[Mail]:
    """The newest mails, newest first. The file backend writes those of one connection into one file."""
    files = sorted(settings.MAILBOX_DIR.glob("*.log"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    found: list[Mail] = []
    for path in files[:SHOWN]:
        parts = path.read_bytes().split(b"\n" + b"-" * 79 + b"\n")
        found += [read(part) for part in reversed(parts) if part.strip()]
    return found[:SHOWN]


def read(raw: bytes) -> Mail:
    message = message_from_bytes(raw, policy=policy.default)
    body = message.get_body(preferencelist=("plain", "html"))
    return Mail(
        to=str(message["To"]),
        subject=str(message["Subject"]),
        sent=parsedate_to_datetime(str(message["Date"])),
        body=cast(str, body.get_content()) if body is not None else "",
        attachments=[part.get_filename() or "" for part in message.iter_attachments()],
    )


@never_cache
@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    if not settings.DEMO:
        raise Http404
    return render(request, "demo/mailbox.html", {"mails": mails()})
