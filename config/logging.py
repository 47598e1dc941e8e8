"""What is written down: structured lines on standard output, and to a file a day when asked for.

Lines carry ids, never a patient's data; `django_structlog` binds the request's id, and nothing of its body.
"""

import logging
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

KEPT_DAYS = 14


class DailyFileHandler(logging.FileHandler):
    """Appends to `name-YYYY-MM-DD.ext`, a file for each UTC day, and removes those older than KEPT_DAYS.

    Several processes may share the file: each opens it for appending and changes to the new day's by itself, so
    nothing is renamed under another process's hands, which is how rotating handlers lose lines.
    """

    def __init__(self, path: str) -> None:
        self.pattern = Path(path)
        self.pattern.parent.mkdir(parents=True, exist_ok=True)
        self.day = self._today()
        super().__init__(self._path(self.day), encoding="utf-8", delay=True)

    def emit(self, record: logging.LogRecord) -> None:
        today = self._today()
        if today == self.day:
            super().emit(record)
            return
        self.close()
        self.day = today
        self.baseFilename = str(self._path(today).absolute())
        super().emit(record)
        self._prune()

    def _today(self) -> str:
        return datetime.now(UTC).date().isoformat()

    def _path(self, day: str) -> Path:
        return self.pattern.with_name(f"{self.pattern.stem}-{day}{self.pattern.suffix}")

    def _prune(self) -> None:
        kept = sorted(self.pattern.parent.glob(f"{self.pattern.stem}-????-??-??{self.pattern.suffix}"))
        for old in kept[:-KEPT_DAYS]:
            old.unlink(missing_ok=True)


def without_query_string(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """A search for a symptom is health data: only the path of a request is written down."""
    request = event.get("request")
    if isinstance(request, str):
        event["request"] = request.partition("?")[0]
    return event


# Whoever has the address of a calendar feed reads it.
SECRET = re.compile(r"(/calendar/)[^/.\s]+")


def without_secret_addresses(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    for name in ("event", "request"):
        if isinstance(event.get(name), str):
            event[name] = SECRET.sub(r"\1…", event[name])
    return event


def logging_config(*, level: str, file: str, human: bool) -> dict[str, Any]:
    """The logging dictionary, and structlog set up to feed it; JSON lines unless a human reads along."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_query_string,
        without_secret_addresses,
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )

    def formatter(renderer: Any) -> dict[str, Any]:
        return {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            "foreign_pre_chain": shared,
        }

    handlers: dict[str, Any] = {"stdout": {"class": "logging.StreamHandler", "formatter": "human" if human else "json"}}
    if file:
        handlers["file"] = {"()": DailyFileHandler, "path": file, "formatter": "json"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": formatter(structlog.processors.JSONRenderer()),
            "human": formatter(structlog.dev.ConsoleRenderer(colors=False)),
        },
        "handlers": handlers,
        "root": {"handlers": list(handlers), "level": level},
        "loggers": {
            "django.server": {"handlers": [], "propagate": True},
            "django.security.DisallowedHost": {"handlers": [], "propagate": False},
            # The library logs whole URLs, passwords and all, at DEBUG.
            "urllib3": {"level": "INFO"},
            "PIL": {"level": "INFO"},
        },
    }
