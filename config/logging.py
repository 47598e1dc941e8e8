"""What is written down: structured lines on standard error, and to a file a day when asked for.

Lines carry ids, never a patient's data; `django_structlog` binds the request's id, and nothing of its body. What
failed is told by where and as what: the words of an exception quote what it stumbled over, a row of the database even
whole ("Failing row contains …"), so production does not write them down.
"""

import logging
import re
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from structlog.typing import EventDict, ExcInfo, WrappedLogger

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


# Whoever has the address of a calendar feed reads it; who has an invitation's sets an administrator's password.
SECRET = re.compile(r"(/calendar/|/accounts/invitation/[^/\s]+/)[^/.\s]+")


def without_secret_addresses(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    for name in ("event", "request"):
        if isinstance(event.get(name), str):
            event[name] = SECRET.sub(r"\1…", event[name])
    return event


def bare_traceback(exc_info: ExcInfo) -> str:
    """Where it happened and what kind of exception it was, causes first; nothing that an exception says."""
    parts: list[str] = []
    error: BaseException | None = exc_info[1]
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        frames = "".join(traceback.format_tb(error.__traceback__))
        parts.insert(0, f"Traceback (most recent call last):\n{frames}{kind_of(error)}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n\n".join(parts)


def kind_of(error: BaseException) -> str:
    """An exception by its class; one of the database also by its code, and by the constraint that refused."""
    diag = getattr(error, "diag", None)
    facts = [getattr(error, "sqlstate", None), getattr(diag, "constraint_name", None)]
    known = ", ".join(str(fact) for fact in facts if fact)
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    return f"{name} ({known})" if known else name


def without_words_of_errors(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """What django_structlog says of a task that failed, by kinds."""
    if isinstance(event.get("exception"), BaseException):
        event["error"] = kind_of(event.pop("exception"))
    elif event.get("event") in ("task_failed", "task_retrying"):
        event.pop("error", None)
        event.pop("reason", None)
    return event


class KindOfError(logging.Filter):
    """What libraries say of an error, by its kind: Celery of a task that failed, daphne of a socket, and others."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(record.args, dict) and "exc" in record.args:
            record.args = record.args | {"exc": kind_of(error) if error else "", "args": "", "kwargs": ""}
        elif isinstance(record.args, tuple):
            record.args = tuple(kind_of(each) if isinstance(each, BaseException) else each for each in record.args)
        return True


def shared_processors(*, human: bool) -> list[Any]:
    """What every line goes through, ours and those of libraries."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_query_string,
        without_secret_addresses,
        *(
            [structlog.processors.format_exc_info]
            if human
            else [structlog.processors.ExceptionRenderer(bare_traceback), without_words_of_errors]
        ),
    ]


def formatter(renderer: Any, shared: list[Any]) -> dict[str, Any]:
    return {
        "()": structlog.stdlib.ProcessorFormatter,
        "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        "foreign_pre_chain": shared,
    }


def logging_config(*, level: str, file: str, human: bool) -> dict[str, Any]:
    """The logging dictionary, and structlog set up to feed it; JSON lines unless a human reads along."""
    shared = shared_processors(human=human)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )

    filters = [] if human else ["kind_of_error"]
    handlers: dict[str, Any] = {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "human" if human else "json",
            "filters": filters,
        }
    }
    if file:
        handlers["file"] = {"()": DailyFileHandler, "path": file, "formatter": "json", "filters": filters}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"kind_of_error": {"()": KindOfError}},
        "formatters": {
            "json": formatter(structlog.processors.JSONRenderer(), shared),
            "human": formatter(structlog.dev.ConsoleRenderer(colors=False), shared),
        },
        "handlers": handlers,
        "root": {"handlers": list(handlers), "level": level},
        "loggers": {
            # Without the handlers that Django gives it, one of which would mail what failed.
            "django": {"handlers": [], "level": "NOTSET"},
            "django.server": {"handlers": [], "propagate": True},
            "django.security.DisallowedHost": {"handlers": [], "propagate": False},
            # The library logs whole URLs, passwords and all, at DEBUG.
            "urllib3": {"level": "INFO"},
            "PIL": {"level": "INFO"},
            # It says that it has begun.
            "pikepdf": {"level": "WARNING"},
            # What went well, django_structlog says.
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
        },
    }
