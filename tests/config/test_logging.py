"""What is written down, and what must not be."""

import json
import logging
import os
import re

import time_machine

from config.logging import KEPT_DAYS, DailyFileHandler, without_query_string, without_secret_addresses
from tests.config.test_settings import COMPLETE, read_settings


def record(text):
    return logging.makeLogRecord({"msg": text, "levelno": logging.INFO, "levelname": "INFO"})


def test_a_day_has_its_file_and_old_ones_go(tmp_path):
    handler = DailyFileHandler(str(tmp_path / "log" / "portal.log"))
    for day in range(1, KEPT_DAYS + 4):
        with time_machine.travel(f"2026-03-{day:02d}T12:00:00Z", tick=False):
            handler.emit(record(f"day {day}"))
    handler.close()

    names = sorted(path.name for path in (tmp_path / "log").iterdir())
    assert len(names) == KEPT_DAYS
    assert names[-1] == f"portal-2026-03-{KEPT_DAYS + 3}.log"
    assert (tmp_path / "log" / names[-1]).read_text() == f"day {KEPT_DAYS + 3}\n"


def test_two_processes_append_to_one_file(tmp_path):
    first, second = (DailyFileHandler(str(tmp_path / "portal.log")) for _ in range(2))
    for handler, text in ((first, "one"), (second, "two"), (first, "three")):
        handler.emit(record(text))
    first.close()
    second.close()

    (file,) = tmp_path.iterdir()
    assert file.read_text().split() == ["one", "two", "three"]


def test_a_search_is_not_written_down():
    event = without_query_string(None, "info", {"event": "request_started", "request": "GET /doctors/?q=depression"})

    assert "depression" not in json.dumps(event)
    assert event["request"] == "GET /doctors/"


def test_a_request_leaves_lines_without_its_query(client, db, caplog):
    with caplog.at_level(logging.INFO):
        client.get("/doctors/?q=depression")

    assert "depression" not in caplog.text


def test_an_address_that_is_a_secret_is_not_written_down():
    told = without_secret_addresses(
        None, "info", {"event": "Not Found: /calendar/s3cret.ics", "request": "GET /accounts/invitation/MQ/cx-s3cret/"}
    )

    assert told == {"event": "Not Found: /calendar/….ics", "request": "GET /accounts/invitation/MQ/…/"}


# What PostgreSQL, Python and Celery say of what they stumble over, each by the way that it takes to the log.
STUMBLE = """
import logging

import django, structlog

django.setup()
from celery import shared_task
from django.db import connection, transaction
from django_structlog.celery.receivers import CeleryReceiver

import config.celery

receiver = CeleryReceiver()
receiver.connect_worker_signals()

CHECKED = "CREATE TEMP TABLE facts (name text, severity text CONSTRAINT severity_not_unknown CHECK (severity = 'mild'))"
REFUSED = [
    "SELECT 'Penicillin'::int",
    CHECKED + "; INSERT INTO facts VALUES ('Penicillin\\nAsthma', 'severe')",
    "SELECT nowhere FROM generate_series(1, 2) WHERE 'Penicillin' = 'Asthma'",
]
for statement in REFUSED:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    except Exception as error:
        structlog.get_logger().warning("not_written", error=type(error).__name__, exc_info=True)
        logging.getLogger("django.request").error("Internal Server Error: %s", "/account/health/", exc_info=error)
        logging.getLogger("daphne.server").error("Exception inside application: %s", error, exc_info=error)

@shared_task(name="stumble")
def stumble(of):
    try:
        int(of)
    except ValueError as error:
        raise KeyError(of) from error

stumble.apply(args=["Penicillin"])
"""


def test_what_failed_is_told_by_where_and_as_what_and_quotes_nothing(tmp_path):
    """On standard error and in the file, as production writes them."""
    given = {"DATABASE_URL": os.environ["DATABASE_URL"], "LOG_FILE": str(tmp_path / "portal.log")}
    done = read_settings(STUMBLE, **COMPLETE | given)

    assert done.returncode == 0, done.stderr
    told = done.stderr
    (file,) = tmp_path.iterdir()
    lines, kept = ([json.loads(line) for line in text.splitlines()] for text in (told, file.read_text()))
    assert [line | {"timestamp": ""} for line in kept] == [line | {"timestamp": ""} for line in lines]
    assert "Penicillin" not in told
    assert "Asthma" not in told
    events = [line["event"] for line in lines if line["level"] != "info"]
    assert events[:3] == [
        "not_written",
        "Internal Server Error: /account/health/",
        "Exception inside application: django.db.utils.DataError",
    ]
    assert events[9:] == ["task_failed", lines[-1]["event"]]
    assert re.fullmatch(r"Task stumble\[[0-9a-f-]+\] raised unexpected: builtins.KeyError", lines[-1]["event"])
    refused = [line["exception"] for line in lines if line["event"] == "not_written"]
    assert all("Traceback (most recent call last):\n  File" in text for text in refused)
    assert "psycopg.errors.InvalidTextRepresentation (22P02)" in refused[0]
    assert "django.db.utils.IntegrityError" in refused[1]
    assert "psycopg.errors.CheckViolation (23514, severity_not_unknown)" in refused[1]
    assert "builtins.ValueError" in lines[-1]["exception"]
