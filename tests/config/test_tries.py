"""What failed is tried again ever later, and in the end given up or not."""

from datetime import UTC, datetime, timedelta
from smtplib import SMTPRecipientsRefused

import pytest
import time_machine
from structlog.testing import capture_logs

from config.tries import Attempt, NeverTaken, attempt, next_try, try_again_at

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
WAITS = (timedelta(minutes=1), timedelta(minutes=10))


@pytest.mark.parametrize(("tries", "minutes"), [(1, 1), (2, 10), (3, None), (9, None)])
def test_waits_grow_until_it_is_given_up(tries: int, minutes: int | None) -> None:
    def fail() -> None:
        raise OSError

    again_at = NOON + timedelta(minutes=minutes) if minutes else None
    with time_machine.travel(NOON, tick=False):
        assert next_try(WAITS, tries) == again_at
        assert try_again_at(WAITS, tries) == NOON + timedelta(minutes=minutes or 10)
        assert attempt(fail, "not_sent", backoff=WAITS, tries=tries) == Attempt("OSError", again_at)


def test_bug_in_what_is_sent_keeps_nobody_waiting_and_is_logged_with_its_traceback() -> None:
    def broken() -> None:
        raise KeyError("doctor")

    with capture_logs() as logs:
        assert attempt(broken, "not_sent", backoff=WAITS, tries=1, delivery=7).failure == "KeyError"
    (line,) = logs
    assert (line["event"], line["delivery"], line["error"], line["exc_info"]) == ("not_sent", 7, "KeyError", True)


def test_what_will_never_be_taken_is_not_tried_again() -> None:
    def never() -> None:
        raise NeverTaken("address_malformed")

    assert attempt(never, "not_sent", backoff=WAITS, tries=1) == Attempt("address_malformed", None)


@pytest.mark.parametrize(("code", "failure"), [(550, "address_refused"), (450, "SMTPRecipientsRefused")])
def test_address_that_a_mail_server_refuses_for_good_is_not_tried_again(code: int, failure: str) -> None:
    def refused() -> None:
        raise SMTPRecipientsRefused({"a@example.com": (code, b"no")})

    tried = attempt(refused, "not_sent", backoff=WAITS, tries=1)
    assert tried.failure == failure
    assert (tried.again_at is None) == (code == 550)
