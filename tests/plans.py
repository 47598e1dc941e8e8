"""How PostgreSQL finds rows: what a page costs when the tables are large, seen on small ones."""

from collections.abc import Callable

from django.db import connection
from django.test.utils import CaptureQueriesContext

WHOLE = ("enable_seqscan", "enable_mergejoin", "enable_hashjoin")


def steps_of(act: Callable[[], object], table: str) -> list[str]:
    """How the rows of this table are found in what the act asks: each step of the plans with its condition, if any."""
    with CaptureQueriesContext(connection) as captured:
        act()
    found = []
    with connection.cursor() as cursor:
        # As if the tables were large: nobody would read them whole, nor one beside the other.
        for way in WHOLE:
            cursor.execute(f"SET LOCAL {way} = off")
        for query in captured:
            cursor.execute(f"EXPLAIN {query['sql']}")
            lines = [line.strip() for (line,) in cursor.fetchall()] + [""]
            found += [f"{line} {lines[number + 1]}" for number, line in enumerate(lines) if f" on {table} " in line]
        for way in WHOLE:
            cursor.execute(f"SET LOCAL {way} = on")
    return found
