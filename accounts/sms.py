"""Providers of text messages: what sends one, and what the provider reports of it afterwards.

`SMS_URL` says which (docs/notifications.md): `console:`, `mailbox:` (into the demo's mailbox), `https://…` for any
provider that takes JSON, `twilio://SID:TOKEN@…`. Without it there are no text messages.
"""

import base64
import hashlib
import hmac
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from functools import lru_cache
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, quote, unquote, urlsplit
from uuid import uuid4

import requests
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.utils import timezone

from config.tries import NeverTaken

TIMEOUT = (3.05, 10)
# A report whose signature is older than that is a copy of one.
REPORT_LIVES = 300


class Forged(Exception):
    """A report that the provider did not sign, or not of late."""


class Busy(Exception):
    """The provider did not take it now."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a provider says of a message: `step` grows with each thing that can come next."""

    reference: str
    word: str
    step: int
    is_delivered: bool = False
    is_failed: bool = False


# What providers say, in the order in which it comes; nothing comes after the last.
STEPS = {
    **dict.fromkeys(("accepted", "scheduled", "queued"), 1),
    "sending": 2,
    "sent": 3,
    **dict.fromkeys(("delivered", "read", "undelivered", "failed", "canceled"), 4),
}
ARRIVED, LOST = {"delivered", "read"}, {"undelivered", "failed", "canceled"}


def report_of(reference: str, word: str) -> Report:
    """Raises Forged for a word that none of them knows."""
    if word not in STEPS or not reference:
        raise Forged
    return Report(reference, word, STEPS[word], word in ARRIVED, word in LOST)


class Provider(Protocol):
    def send(self, number: str, text: str, *, key: str, callback: str) -> str:
        """Hand the message over; the provider's name for it, or nothing. `key` is the same at every try.

        `callback` is where the provider reports. Raises NeverTaken for what it will never take.
        """

    def read_report(self, request: HttpRequest) -> Report:
        """What a request to `callback` says. Raises Forged unless it is signed by the provider."""


class Console:
    """Says it on the terminal. For development: whoever sees the terminal sees the codes."""

    def send(self, number: str, text: str, *, key: str, callback: str) -> str:
        sys.stdout.write(f"Text message to {number}: {text}\n")
        return ""

    def read_report(self, request: HttpRequest) -> Report:
        raise Forged


class Mailbox:
    """Into the demo's mailbox, as a mail to a number."""

    def send(self, number: str, text: str, *, key: str, callback: str) -> str:
        message = EmailMessage()
        message["To"], message["Subject"] = number, "SMS"
        message["Date"] = format_datetime(timezone.now())
        message.set_content(text)
        folder = Path(settings.MAILBOX_DIR)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"sms-{uuid4().hex}.log").write_bytes(message.as_bytes())
        return ""

    def read_report(self, request: HttpRequest) -> Report:
        raise Forged


@dataclass(frozen=True, slots=True)
class Http:
    """Any provider, or a small program before one: JSON out with a bearer token, JSON back, reports signed by HMAC.

    Out: `{"to", "text", "from", "key", "callback"}`; back: `{"id"}`. 4xx but 408 and 429 is never taken.
    Reports: `{"id", "status"}` with `X-Signature: t=<seconds>,v1=<hex of HMAC-SHA256(secret, "t.body")>`.
    """

    url: str
    token: str
    sender: str

    def send(self, number: str, text: str, *, key: str, callback: str) -> str:
        body = {"to": number, "text": text, "from": self.sender, "key": key, "callback": callback}
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key}
        answer = requests.post(self.url, json=body, headers=headers, timeout=TIMEOUT, allow_redirects=False)
        check(answer)
        return str(json_of(answer).get("id", ""))[:80]

    def read_report(self, request: HttpRequest) -> Report:
        parts = dict(part.partition("=")[::2] for part in request.headers.get("X-Signature", "").split(","))
        stamp, given = parts.get("t", ""), parts.get("v1", "")
        made = hmac.new(self.token.encode(), stamp.encode() + b"." + request.body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(made.encode(), given.encode()):
            raise Forged
        if not stamp.isascii() or not stamp.isdecimal() or abs(time.time() - int(stamp)) > REPORT_LIVES:
            raise Forged
        try:
            told = json.loads(request.body)
        except ValueError:
            raise Forged from None
        if not isinstance(told, dict):
            raise Forged
        return report_of(str(told.get("id", "")), str(told.get("status", "")))


@dataclass(frozen=True, slots=True)
class Twilio:
    """Twilio's API by plain HTTP: the form of a message, and the signature of its reports (X-Twilio-Signature)."""

    account: str
    token: str
    sender: str
    origin: str = "https://api.twilio.com"

    def send(self, number: str, text: str, *, key: str, callback: str) -> str:
        url = f"{self.origin}/2010-04-01/Accounts/{quote(self.account)}/Messages.json"
        body = {"To": number, "From": self.sender, "Body": text} | ({"StatusCallback": callback} if callback else {})
        login = (self.account, self.token)
        answer = requests.post(url, data=body, auth=login, timeout=TIMEOUT, allow_redirects=False)
        check(answer)
        return str(json_of(answer).get("sid", ""))[:80]

    def read_report(self, request: HttpRequest) -> Report:
        # By the address that Twilio was given, whatever the proxies in between made of it.
        told = {name: values[0] for name, values in parse_qs(request.body.decode(), keep_blank_values=True).items()}
        given = request.headers.get("X-Twilio-Signature", "")
        made = self.signature(settings.SITE_ORIGIN + request.get_full_path(), told)
        if not hmac.compare_digest(made.encode(), given.encode()):
            raise Forged
        return report_of(told.get("MessageSid", ""), told.get("MessageStatus", ""))

    def signature(self, url: str, told: Mapping[str, str]) -> str:
        text = url + "".join(name + told[name] for name in sorted(told))
        return base64.b64encode(hmac.new(self.token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def check(answer: requests.Response) -> None:
    """Raises NeverTaken with the provider's own code, or Busy, unless it took the message."""
    if 200 <= answer.status_code < 300:
        return
    if 400 <= answer.status_code < 500 and answer.status_code not in {401, 403, 408, 429}:
        code = json_of(answer).get("code", answer.status_code)
        raise NeverTaken(f"provider_{code}"[:80])
    raise Busy(answer.status_code)


def json_of(answer: requests.Response) -> dict[str, object]:
    try:
        found = answer.json()
    except requests.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def provider() -> Provider | None:
    """The provider that the portal is set to, or None."""
    return provider_at(settings.SMS_URL) if settings.SMS_URL else None


@lru_cache(maxsize=4)
def provider_at(url: str) -> Provider:
    """Raises ImproperlyConfigured for an address that is none of ours."""
    parts = urlsplit(url)
    login = unquote(parts.username or ""), unquote(parts.password or "")
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    match parts.scheme:
        case "console":
            return Console()
        case "mailbox":
            return Mailbox()
        case "twilio" if all(login) and options.get("from"):
            origin = options.get("origin", "https://api.twilio.com").rstrip("/")
            return Twilio(*login, sender=options["from"], origin=origin)
        case "https" | "http" if login[1]:
            host = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
            return Http(f"{parts.scheme}://{host}{parts.path}", login[1], options.get("from", ""))
    raise ImproperlyConfigured(
        "SMS_URL must be console:, mailbox:, https://:TOKEN@host/path?from=… or twilio://SID:TOKEN@?from=…"
    )
