"""How many calls of a day failed: from the evidence of who came, who was let in, and who was lost."""

from collections.abc import Iterator
from datetime import date

from django.conf import settings
from django.db import connection

from config.days import span

CALLS, FAILED = "calls", "failed"

# A call is a video visit to which both sides came. It failed where nobody was let in, or where the last that was known
# of a side before the room was closed is that its connection was lost.
BY_DAY = """
WITH visits AS (
    SELECT room.appointment_id AS id, room.closed_at,
           (lower(visit.period) AT TIME ZONE %(zone)s)::date AS day
      FROM appointments_appointment visit JOIN telehealth_consultation room ON room.appointment_id = visit.id
     WHERE lower(visit.period) >= %(begin)s AND lower(visit.period) < %(end)s),
sides AS (
    SELECT visits.id, visits.day, proof.side,
           max(proof.at) FILTER (WHERE event = 'joined') AS joined,
           max(proof.at) FILTER (WHERE event = 'lost') AS lost,
           max(proof.at) FILTER (WHERE event IN ('left', 'taken_over')) AS went,
           bool_or(event = 'admitted') AS admitted
      FROM visits JOIN telehealth_joinevidence proof ON proof.consultation_id = visits.id
     WHERE visits.closed_at IS NULL OR proof.at <= visits.closed_at
  GROUP BY visits.id, visits.day, proof.side),
calls AS (
    SELECT day, NOT bool_or(admitted) OR bool_or(lost > greatest(joined, went)) IS TRUE AS has_failed
      FROM sides GROUP BY id, day HAVING count(joined) = 2)
SELECT day, count(*), count(*) FILTER (WHERE has_failed) FROM calls GROUP BY day
"""


def calls_by_day(first: date, last: date) -> Iterator[tuple[date, str, int]]:
    """Calls, and those of them that failed, by the day on which the visit begins."""
    begin, end = span(first, last)
    with connection.cursor() as cursor:
        cursor.execute(BY_DAY, {"zone": settings.PORTAL_TIME_ZONE, "begin": begin, "end": end})
        rows = cursor.fetchall()
    for day, calls, failed in rows:
        yield day, CALLS, calls
        yield day, FAILED, failed
