"""How PostgreSQL finds rows: what a page costs when the tables are large, seen on small ones."""

from collections.abc import Callable

from django.db import connection
from django.test.utils import CaptureQueriesContext


def steps_of(act: Callable[[], object], table: str) -> list[str]:
    """How the rows of this table are found in what the act asks: each step of the plans with its condition, if any."""
    with CaptureQueriesContext(connection) as captured:
        act()
    found = []
    with connection.cursor() as cursor:
        # As if the table were large.
        cursor.execute("SET LOCAL enable_seqscan = off")
        for query in captured:
            cursor.execute(f"EXPLAIN {query['sql']}")
            lines = [line.strip() for (line,) in cursor.fetchall()] + [""]
            found += [f"{line} {lines[number + 1]}" for number, line in enumerate(lines) if f" on {table} " in line]
        cursor.execute("SET LOCAL enable_seqscan = on")
    return found
