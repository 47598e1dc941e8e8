"""Handing work to Celery, where the row that says so is already durable."""

from datetime import datetime
from typing import Any

import structlog
from celery import Task
from django.db import transaction
from kombu.exceptions import OperationalError

from config.fuse import Fuse

log = structlog.get_logger()

# A broker that takes connections and never answers costs a time-out of some seconds. A page that sends several hints
# loses one of them, and the pages after it none.
fuse = Fuse(seconds=10)


def send_on_commit(task: Task, *args: Any, at: datetime | None = None) -> None:
    """Ask a worker to run the task soon after this transaction commits, or at a moment that is seconds ahead.

    A hint, for speed alone: with the broker down nothing is lost, for what must happen is a row that the task's
    sweeper finds. After a failure this process sends no hints for a moment. Arguments are ids.
    """

    def send() -> None:
        if not fuse.holds():
            return
        try:
            task.apply_async(args=args, eta=at)
        except OperationalError as error:
            fuse.blow()
            log.warning("broker_unreachable", task=task.name, error=type(error).__name__, pause=fuse.seconds)
        else:
            fuse.mend()

    transaction.on_commit(send)
