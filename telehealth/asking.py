"""Rows that the loop of a process of sockets asks for itself, without a thread: what comes hundreds of times a second.

A thread has the interpreter only when the loop lets go of it, and the loop waits for it in turn, several times a query:
on a busy machine that took longer than the query.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection
from psycopg.sql import SQL
from psycopg_pool import AsyncConnectionPool

# What Django's own connections have beside the address.
OF_DJANGO = ("assume_role", "context", "cursor_factory", "isolation_level", "pool", "server_side_binding")
CONNECTIONS = 4


@cache
def pool() -> AsyncConnectionPool[Any]:
    """Of this process; opened by the loop that asks first."""
    address = {name: value for name, value in connection.get_connection_params().items() if name not in OF_DJANGO}
    kwargs = address | {"autocommit": True}
    return AsyncConnectionPool(kwargs=kwargs, min_size=1, max_size=CONNECTIONS, timeout=2, open=False)


async def one_row(question: SQL, values: Sequence[object] | Mapping[str, object]) -> tuple[Any, ...] | None:
    """The first row of the answer. Raises psycopg's errors, after two seconds at the latest where nothing connects."""
    if pool().closed:
        await pool().open()
    async with pool().connection() as asked:
        cursor = await asked.execute(question, values, prepare=settings.DATABASE_PREPARE or None)
        found: tuple[Any, ...] | None = await cursor.fetchone()
        return found
