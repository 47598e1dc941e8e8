"""Hints to the workers, when there is nobody to take them."""

from time import perf_counter
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import transaction

from accounts.tasks import deliver
from config import queue
from config.celery import app
from config.fuse import Fuse
from config.ports import free_port
from tests.broker import black_hole, broker_at

pytestmark = pytest.mark.django_db(transaction=True)

TIMEOUT = settings.CELERY["broker_transport_options"]["socket_timeout"]


def hint(times: int) -> float:
    """The seconds that a transaction with so many hints takes to commit."""
    begun = perf_counter()
    with transaction.atomic():
        for number in range(times):
            queue.send_on_commit(deliver, number)
    return perf_counter() - begun


def test_broker_that_never_answers_costs_a_page_one_timeout_and_the_next_page_none() -> None:
    with black_hole() as (port, caught), broker_at(f"redis://127.0.0.1:{port}/0"):
        first, second = hint(4), hint(4)
        connections = len(caught)
    print(f"\nfour hints to a black hole: {first:.1f} s, then {second * 1000:.0f} ms")
    assert connections > 0
    assert TIMEOUT - 1 < first < 2 * TIMEOUT
    assert second < TIMEOUT / 2


def test_pause_ends_with_the_first_hint_that_arrives(valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr("config.fuse.monotonic", lambda: clock[0])
    with broker_at(f"redis://127.0.0.1:{free_port()}/0"):
        hint(1)
        assert not queue.fuse.holds()
    queue.fuse.blow()
    try:
        hint(3)
        assert waiting(valkey) == 0
        clock[0] += queue.fuse.seconds
        hint(3)
        assert waiting(valkey) == 3
    finally:
        queue.fuse.mend()


def waiting(valkey: redis.Redis) -> int:
    length: Any = valkey.llen(f"celery:{app.conf.task_default_queue}")
    return int(length)


def test_fuse_lets_one_caller_try_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("config.fuse.monotonic", lambda: clock[0])
    fuse = Fuse(seconds=10)
    assert [fuse.holds(), fuse.holds()] == [True, True]
    fuse.blow()
    clock[0] = 9.9
    assert not fuse.holds()
    clock[0] = 10.0
    assert [fuse.holds(), fuse.holds()] == [True, False]
    clock[0] = 20.0
    assert fuse.holds()
    fuse.mend()
    assert [fuse.holds(), fuse.holds()] == [True, True]
