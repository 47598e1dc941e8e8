"""What one hold asks of the database: each statement by itself, with its time as the client sees it."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from statistics import median
from time import perf_counter
from typing import Any
from unittest.mock import patch

from django.db import connection

from appointments import hold_statements
from config.statements import Batch, Rows

NAMES = {hold_statements.form: "form", hold_statements.look: "look", hold_statements.write: "write"}


def times_of(work: Callable[[], object]) -> dict[tuple[str, str], float]:
    """Milliseconds by (message, statement), in the order in which they run: the statements of a message are sent one by
    one here, so each has a way there and back in its time that it has not in truth."""
    taken: dict[tuple[str, str], float] = {}

    def timed(what: tuple[str, str], run: Callable[[], Any]) -> Any:
        begun = perf_counter()
        answer = run()
        taken[what] = (perf_counter() - begun) * 1000
        return answer

    def run_singly(batch: Batch, **values: Any) -> Mapping[str, Rows]:
        found = {}
        with connection.cursor() as cursor:
            calls = batch.calls(cursor)
            if connection.in_atomic_block and ("begin", "begin") not in taken:
                timed(("begin", "begin"), lambda: cursor.execute(""))
            for name, call in calls.items():
                timed((NAMES[batch], name), lambda call=call: cursor.execute(call, dict(values)))
                found[name] = cursor.fetchall() if cursor.description else []
        return found

    commit = connection.commit
    with ExitStack() as patched:
        patched.enter_context(patch.object(Batch, "run", run_singly))
        patched.enter_context(patch.object(connection, "commit", lambda: timed(("commit", "commit"), commit)))
        work()
    return taken


def medians(samples: list[dict[tuple[str, str], float]]) -> dict[tuple[str, str], float]:
    gathered = defaultdict(list)
    for sample in samples:
        for what, milliseconds in sample.items():
            gathered[what].append(milliseconds)
    return {what: round(median(times), 3) for what, times in gathered.items()}
