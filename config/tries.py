"""What failed is tried again, ever later: when, and what is written down of it."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from smtplib import SMTPException

import structlog
from django.core.mail import EmailMessage
from django.utils import timezone

log = structlog.get_logger()


def try_again_at(waits: Sequence[timedelta], tries: int) -> datetime:
    """When to try again after so many tries in vain; the last wait goes on for ever."""
    return timezone.now() + waits[min(tries, len(waits)) - 1]


def next_try(waits: Sequence[timedelta], tries: int) -> datetime | None:
    """The same for what is given up in the end: None, when enough was tried."""
    return try_again_at(waits, tries) if tries <= len(waits) else None


def try_to_send(make: Callable[[], EmailMessage], event: str, **about: object) -> str:
    """Send the mail; what kept it from going, by name, or nothing.

    Whatever it is, even a bug of ours in the words, must not keep the mails behind this one waiting: it is logged as
    `event` with what it is `about`, and with its traceback where no mail server is to blame.
    """
    try:
        make().send()
    except Exception as error:
        expected = isinstance(error, OSError | SMTPException)
        log.warning(event, error=type(error).__name__, exc_info=not expected, **about)
        return type(error).__name__
    return ""
