"""What is written down, and what must not be."""

import json
import logging

import time_machine

from config.logging import KEPT_DAYS, DailyFileHandler, without_query_string


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
