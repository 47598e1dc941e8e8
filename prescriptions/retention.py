"""Removing what treatment left behind once it need not be kept any more: notes and prescriptions of old visits."""

from datetime import datetime

import structlog
from django.db import connection

log = structlog.get_logger()

BATCH = 500


def remove_past_treatment(before: datetime) -> int:
    """Remove notes, prescriptions and drafts of visits of which nothing happened since; of how many visits.

    Only a function of the tables' owner can: the processes' role may not take away what was signed. It refuses what is
    younger than five years, whatever it is asked. In batches, each of them whole or not there.
    """
    removed = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT remove_past_treatment(%s, %s)", [before, BATCH])
            (visits,) = cursor.fetchone()
            removed += visits
            if visits < BATCH:
                break
    if removed:
        log.info("past_treatment_removed", visits=removed)
    return removed
