"""How PostgreSQL finds rows: what a page costs when the tables are large, seen on small ones."""

from collections.abc import Callable

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

WHOLE = ("enable_seqscan", "enable_mergejoin", "enable_hashjoin")
# PostgreSQL multiplies what one page is said to hold by the pages that there are.
LARGE = "SELECT pg_restore_relation_stats('schemaname', 'public', 'relname', %s, 'relpages', 1, 'reltuples', 1e6::real)"


def steps_of(act: Callable[[], object], table: str) -> list[str]:
    """How the rows of this table are found in what the act asks: each step of the plans with its condition, if any."""
    with CaptureQueriesContext(connection) as captured:
        act()
    found = []
    with transaction.atomic(), connection.cursor() as cursor:
        # As if the table were large, whatever was last counted in it: nobody would read it whole.
        cursor.execute(LARGE, [table])
        for way in WHOLE:
            cursor.execute(f"SET LOCAL {way} = off")
        for query in captured:
            cursor.execute(f"EXPLAIN {query['sql']}")
            lines = [line.strip() for (line,) in cursor.fetchall()] + [""]
            found += [f"{line} {lines[number + 1]}" for number, line in enumerate(lines) if f" on {table} " in line]
        transaction.set_rollback(True)
    return found
