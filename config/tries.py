"""What failed is tried again, ever later: when, and what is written down of it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from smtplib import SMTPException, SMTPRecipientsRefused

import requests
import structlog
from django.utils import timezone

log = structlog.get_logger()

# What mail servers say of the address itself (RFC 3463): there is no such mailbox or server, it moved or was closed.
# What is said of us, of the mail, or of a mailbox that is full is said of one mail alone.
NO_MAILBOX = re.compile(r"\b5\.(?:1\.(?:1|2|3|6|10)|2\.1)\b")


class NeverTaken(Exception):
    """However often it is tried, it will not be taken. `reason` says why, as a code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of a try: what it failed of, by name, or nothing; and when to try again, if at all."""

    failure: str = ""
    again_at: datetime | None = None


def attempt(
    do: Callable[[], object], event: str, *, backoff: Sequence[timedelta], tries: int, **about: object
) -> Attempt:
    """Try once what was tried `tries` times, this one counted in; after the last wait of `backoff` it is given up.

    Whatever `do` fails of, even a bug of ours, must not keep what stands behind it waiting: it is logged as `event`
    with what it is `about`, and with its traceback where it is nothing that happens to whoever asks others.
    """
    try:
        do()
    except NeverTaken as never:
        log.warning(event, error=never.reason, **about)
        return Attempt(never.reason)
    except SMTPRecipientsRefused as refused:
        answers = refused.recipients.values()
        is_final = all(500 <= code < 600 for code, _words in answers)
        log.warning(event, error=type(refused).__name__, final=is_final, **about)
        if is_final:
            is_none = all(NO_MAILBOX.search(words.decode(errors="replace")) for _code, words in answers)
            return Attempt("address_unknown" if is_none else "address_refused")
        return Attempt(type(refused).__name__, next_try(backoff, tries))
    except Exception as error:
        expected = isinstance(error, OSError | SMTPException | requests.RequestException)
        log.warning(event, error=type(error).__name__, exc_info=not expected, **about)
        return Attempt(type(error).__name__, next_try(backoff, tries))
    return Attempt()


def next_try(waits: Sequence[timedelta], tries: int) -> datetime | None:
    """When to try again after so many tries in vain; None, when enough was tried."""
    return timezone.now() + waits[tries - 1] if tries <= len(waits) else None


def try_again_at(waits: Sequence[timedelta], tries: int) -> datetime:
    """The same for what is never given up: the last wait goes on for ever."""
    return timezone.now() + waits[min(tries, len(waits)) - 1]
