"""Races on real connections: many calls at one instant, each in a thread and a transaction of its own."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Barrier, Event
from time import perf_counter
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from config.processes import wait_until

PATIENCE = 60


@dataclass(frozen=True)
class Outcome:
    """What one call answered or raised, and after how many seconds."""

    value: Any
    error: Exception | None
    took: float

    @property
    def name(self) -> str:
        return type(self.error).__name__ if self.error else "done"


def at_once(*calls: Callable[[], Any]) -> list[Outcome]:
    """Make all the calls at the same instant; their outcomes in the same order."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Outcome:
        # Connected before the start, so that they race for rows and not for connections.
        connection.ensure_connection()
        try:
            barrier.wait(PATIENCE)
            begun = perf_counter()
            value, error = None, None
            try:
                value = call()
            except Exception as raised:
                error = raised
            return Outcome(value, error, perf_counter() - begun)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def tally(outcomes: list[Outcome]) -> Counter[str]:
    return Counter(outcome.name for outcome in outcomes)


def slowest(outcomes: list[Outcome]) -> str:
    return f"{max(outcome.took for outcome in outcomes) * 1000:.0f} ms"


def deadlocks() -> int:
    """How many PostgreSQL has had to break in this database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush(), pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


@contextmanager
def no_deadlock() -> Iterator[None]:
    before = deadlocks()
    yield
    assert deadlocks() == before, "PostgreSQL had to break a deadlock"


def wait_for_a_blocked_backend() -> None:
    """Until a connection of this database waits for another's lock; within a transaction, too, it is looked at anew."""

    def somebody_waits() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            return bool(cursor.fetchone()[0])

    assert wait_until(somebody_waits, timeout=30)


def overtaken(call: Callable[[], Any], *, by: Callable[[], Any], holding: QuerySet[Any]) -> Any:
    """What the call answers that has to wait for these rows, and finds them free only after `by`."""
    is_held = Event()

    def first() -> None:
        with transaction.atomic():
            assert holding.select_for_update(no_key=True).exists()
            is_held.set()
            wait_for_a_blocked_backend()
            by()

    def second() -> Any:
        assert is_held.wait(PATIENCE)
        return call()

    for outcome in (outcomes := at_once(first, second)):
        if outcome.error:
            raise outcome.error
    return outcomes[1].value
