"""Removing what treatment left behind once it need not be kept any more: notes and prescriptions of old visits."""

from datetime import datetime

import structlog
from django.db import connection

log = structlog.get_logger()

BATCH = 500


def remove_past_treatment(before: datetime) -> int:
    """Remove notes, prescriptions and drafts of visits of which nothing happened since, and what was asked and given
    by orders closed before then; of how many visits and orders.

    Only a function of the tables' owner can: the processes' role may not take away what was signed. It refuses what is
    younger than five years, whatever it is asked. In batches, each of them whole or not there.
    """
    # Orders first: they may point to what goes with a visit.
    orders = _in_batches("remove_past_orders", before)
    visits = _in_batches("remove_past_treatment", before)
    if orders or visits:
        log.info("past_treatment_removed", visits=visits, orders=orders)
    return visits + orders


def _in_batches(function: str, before: datetime) -> int:
    removed = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(f"SELECT {function}(%s, %s)", [before, BATCH])
            (many,) = cursor.fetchone()
            removed += many
            if many < BATCH:
                return removed
