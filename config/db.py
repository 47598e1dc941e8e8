"""What every room needs of PostgreSQL: keys, fetch modes, row locks, retries, append-only tables."""

import functools
from collections.abc import Callable, Collection
from typing import Any, ClassVar

import pghistory.models
import structlog
from django.conf import settings
from django.db import OperationalError, models, transaction
from django.db.models.functions import UUID7

log = structlog.get_logger()

# A page names what it needs. What it forgot is an error while we build it, and one query for all rows in production.
PAGE = models.FETCH_PEERS if settings.PRODUCTION else models.FETCH_RAISE

SERIALIZATION_FAILURE, DEADLOCK_DETECTED = "40001", "40P01"


class UUID7Field(models.UUIDField):  # type: ignore[type-arg]  # generic for the type checker alone
    """A primary key made by the database: unguessable in a URL, and in the order of creation on disk."""

    FIXED: ClassVar = {"primary_key": True, "db_default": UUID7(), "editable": False}

    def __init__(self, **kwargs: Any) -> None:
        # In the history of a row its key is a value as any other: pghistory says so by primary_key=False.
        if kwargs.get("primary_key", True):
            kwargs |= self.FIXED
        super().__init__(**kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        if self.primary_key:
            for fixed in self.FIXED:
                kwargs.pop(fixed, None)
        else:
            kwargs["primary_key"] = False
        return name, path, args, kwargs


class AppendOnlyModel(models.Model):
    """Rows that are written once. `manage.py grant_app_role` gives the processes' role INSERT and SELECT on them,
    nothing else, so no code of ours can rewrite them."""

    class Meta:
        abstract = True


def is_append_only(model: type[models.Model]) -> bool:
    """Its rows are written once: what this house says so of, and the history of whatever is tracked."""
    return issubclass(model, AppendOnlyModel) or (issubclass(model, pghistory.models.Event) and model._meta.managed)


def lock[M: models.Model](rows: models.QuerySet[M], pks: Collection[Any]) -> dict[Any, M]:
    """The rows by primary key, each locked FOR NO KEY UPDATE in the order of the keys, until the transaction ends.

    Callers keep the order of docs/architecture.md: Charge, doctors, patients, Appointment. A key without a row is
    missing from the answer.
    """
    locked = rows.filter(pk__in=pks).order_by("pk").select_for_update(no_key=True, of=("self",))
    return {row.pk: row for row in locked}


def sqlstate(error: BaseException) -> str | None:
    return getattr(error.__cause__, "sqlstate", None)


def constraint_name(error: BaseException) -> str | None:
    """The constraint that refused, so that a caller catches exactly the one it means."""
    diag = getattr(error.__cause__, "diag", None)
    return getattr(diag, "constraint_name", None)


def retry_serialization[**P, R](service: Callable[P, R]) -> Callable[P, R]:
    """Run the atomic service again, twice at the most, when PostgreSQL broke it off for a deadlock.

    Inside an outer transaction there is nothing to run again: the error goes up.
    """

    @functools.wraps(service)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in (1, 2, 3):
            try:
                return service(*args, **kwargs)
            except OperationalError as error:
                hopeless = attempt == 3 or transaction.get_connection().in_atomic_block
                if hopeless or sqlstate(error) not in {SERIALIZATION_FAILURE, DEADLOCK_DETECTED}:
                    raise
                log.warning("transaction_retried", service=service.__qualname__, sqlstate=sqlstate(error))
        raise AssertionError("unreachable")

    return run
