"""What failed is tried again ever later, and in the end given up or not."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.mail import EmailMessage
from structlog.testing import capture_logs

from config.tries import next_try, try_again_at, try_to_send

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
WAITS = (timedelta(minutes=1), timedelta(minutes=10))


@pytest.mark.parametrize(("tries", "minutes"), [(1, 1), (2, 10), (3, None), (9, None)])
def test_waits_grow_until_it_is_given_up(tries: int, minutes: int | None) -> None:
    with time_machine.travel(NOON, tick=False):
        assert next_try(WAITS, tries) == (NOON + timedelta(minutes=minutes) if minutes else None)
        assert try_again_at(WAITS, tries) == NOON + timedelta(minutes=minutes or 10)


def test_mail_that_cannot_be_made_keeps_nobody_waiting_and_is_logged_with_its_traceback() -> None:
    def make() -> EmailMessage:
        raise KeyError("doctor")

    with capture_logs() as logs:
        assert try_to_send(make, "mail_not_sent", delivery=7) == "KeyError"
    (line,) = logs
    assert (line["event"], line["delivery"], line["error"], line["exc_info"]) == ("mail_not_sent", 7, "KeyError", True)
