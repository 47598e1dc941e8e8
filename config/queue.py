"""Handing work to Celery, where the row that says so is already durable."""

from typing import Any

import structlog
from celery import Task
from django.db import transaction
from kombu.exceptions import OperationalError

log = structlog.get_logger()


def send_on_commit(task: Task, *args: Any) -> None:
    """Ask a worker to run the task soon after this transaction commits.

    A hint, for speed alone: with the broker down nothing is lost, for what must happen is a row that the task's
    sweeper finds. Arguments are ids.
    """

    def send() -> None:
        try:
            task.apply_async(args=args)
        except OperationalError as error:
            log.warning("broker_unreachable", task=task.name, error=type(error).__name__)

    transaction.on_commit(send)
