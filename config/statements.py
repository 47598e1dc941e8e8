"""Several statements to the database in one message, written once.

For the few places that are asked so often that the cost around a question counts: Django writes a statement's SQL anew
at every call, PostgreSQL reads and plans it anew, and each is a way to the server and back. A Batch is written in
querysets like any other question, with a Param where a value of the call belongs. Its statements are prepared once on
each connection (unless DATABASE_PREPARE is off) and called by name, all in one message.

PostgreSQL runs the statements of a message one after the other, in their order, and within READ COMMITTED each with a
snapshot of its own: locks are taken in the order in which they stand, and what is read after a lock is as new as the
lock, not as old as the wait for it.
"""

import itertools
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection, models, transaction
from django.db.models import Expression, Field, Model, QuerySet
from django.db.models.expressions import DatabaseDefault
from django.db.models.sql import InsertQuery, UpdateQuery
from psycopg import sql
from psycopg.types.range import Range

type Compiled = tuple[str, tuple[Any, ...]]
type Rows = list[tuple[Any, ...]]


class Param(Expression):
    """The place in a statement for a value that every call gives, by name.

    Its type is spelt out: PostgreSQL takes a bare number for an integer, and an index of bigints that is not a B-tree
    is of no use to it then.
    """

    def __init__(self, name: str, output_field: "Field[Any, Any]") -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list["Param"]]:
        return "%s", [self]

    @property
    def type(self) -> str:
        return str(self.output_field.cast_db_type(connection))

    def __repr__(self) -> str:
        return f"Param({self.name!r})"


class Insert:
    """The statement that saves a new row, of an instance with Params for values.

    What has a default that is worked out for each row must be given: it would be the same for all.
    """

    def __init__(self, row: Model, *, returning: tuple[str, ...] = ()) -> None:
        self.row = row
        self.returning = returning

    def compiled(self) -> Compiled:
        meta = self.row._meta
        fields = [field for field in meta.local_concrete_fields if self._is_given(field)]
        for field in fields:
            if _moves(field) and not isinstance(getattr(self.row, field.attname), Param):
                raise TypeError(f"{meta.label}.{field.name} has a default of its own for each row; give it a Param.")
        query = InsertQuery(type(self.row))
        query.insert_values(fields, [self.row])
        compiler = query.get_compiler(DEFAULT_DB_ALIAS)
        compiler.returning_fields = [meta.get_field(name) for name in self.returning]
        [(text, params)] = compiler.as_sql()
        return text, tuple(params)

    def _is_given(self, field: "Field[Any, Any]") -> bool:
        value = getattr(self.row, field.attname)
        made_by_the_database = isinstance(value, DatabaseDefault) or (isinstance(field, models.AutoField) and not value)
        return not field.generated and not made_by_the_database


def _moves(field: "Field[Any, Any]") -> bool:
    """Whether a row that says nothing of this field gets a value that depends on when or where it is made."""
    made_on_saving = getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
    return made_on_saving or (field.has_default() and callable(field.default))


class Update:
    """The statement that changes the rows of a queryset."""

    def __init__(self, rows: QuerySet[Any], **changes: Any) -> None:
        self.rows = rows
        self.changes = changes

    def compiled(self) -> Compiled:
        query = self.rows.query.chain(UpdateQuery)
        query.add_update_values(self.changes)
        text, params = query.get_compiler(DEFAULT_DB_ALIAS).as_sql()
        return text, tuple(params)


type Statement = QuerySet[Any] | Insert | Update


class Written:
    """A statement's SQL, with its Params left open. Raises TypeError where a moment of time is written into it: that
    would be the moment of the first call for ever."""

    def __init__(self, statement: Statement) -> None:
        if isinstance(statement, Insert | Update):
            self.text, self.params = statement.compiled()
            self.writes = self.needs_transaction = True
        else:
            text, params = statement.query.sql_with_params()
            self.text, self.params = text, tuple(params)
            self.writes, self.needs_transaction = False, bool(statement.query.select_for_update)
        for param in self.params:
            if isinstance(param, date | datetime | Range):
                raise TypeError(f"{param!r} is written into a statement that will be run at other times; use a Param.")
        # In the order in which they first occur.
        self.open = {param.name: param for param in self.params if isinstance(param, Param)}

    def inline(self) -> str:
        """The whole statement, with its values by name."""
        return self._filled(lambda param: f"%({param.name})s::{param.type}")

    def prepare(self, name: str) -> str:
        places = {param: f"${number}" for number, param in enumerate(self.open, start=1)}
        types = ", ".join(param.type for param in self.open.values())
        return f"PREPARE {name}{f' ({types})' if types else ''} AS {self._filled(lambda param: places[param.name])}"

    def call(self, name: str) -> str:
        values = ", ".join(f"%({param})s" for param in self.open)
        return f"EXECUTE {name}{f' ({values})' if values else ''}"

    def _filled(self, place: Callable[[Param], str]) -> str:
        if not self.params:
            return self.text
        # Per cent signs stay doubled: what is made here is given values in its turn.
        filled = [
            place(param) if isinstance(param, Param) else sql.quote(param, connection.connection).replace("%", "%%")
            for param in self.params
        ]
        return str(self.text.replace("%%", "%%%%") % tuple(filled))


class Batch:
    """Statements under names, in the order in which they run. Each is a function that makes a queryset (its rows come
    as `values_list` says), an Insert or an Update, called when the batch is run for the first time."""

    numbers = itertools.count(1)

    def __init__(self, **statements: Callable[[], Statement]) -> None:
        self.statements = statements
        self._prepared: WeakKeyDictionary[Any, Mapping[str, str]] = WeakKeyDictionary()

    def run(self, **values: Any) -> Mapping[str, Rows]:
        """The rows of each statement by its name. One that locks or writes needs a transaction around it."""
        if not connection.in_atomic_block and self.needs_transaction:
            raise transaction.TransactionManagementError("This batch locks or writes: it runs inside a transaction.")
        with connection.cursor() as cursor:
            message = ";\n".join(self.calls(cursor).values())
            # A copy, for what watches statements may add values of its own.
            cursor.execute(message, dict(values))
            # Counted from the end: it may also have put a statement of its own before, and have read to the end.
            results = range(-len(self.statements), 0)
            return {name: _rows(cursor, place) for name, place in zip(self.statements, results, strict=True)}

    def calls(self, cursor: Any) -> Mapping[str, str]:
        """The SQL that runs each statement on the cursor's connection, to be given the values by name."""
        if not settings.DATABASE_PREPARE:
            return {name: written.inline() for name, written in self.written.items()}
        calls = self._prepared.get(cursor.connection)
        if calls is None:
            # Under another name at each try, for a rollback does not undo it.
            number = next(self.numbers)
            names = {name: f"batch_{number}_{name}" for name in self.written}
            cursor.execute(";\n".join(self.written[name].prepare(as_) for name, as_ in names.items()), {})
            calls = {name: self.written[name].call(as_) for name, as_ in names.items()}
            self._prepared[cursor.connection] = calls
        return calls

    @cached_property
    def needs_transaction(self) -> bool:
        return any(written.needs_transaction for written in self.written.values())

    @cached_property
    def written(self) -> Mapping[str, Written]:
        written = {name: Written(make()) for name, make in self.statements.items()}
        writes = [each.writes for each in written.values()]
        if any(writes) and not writes[0]:
            # pghistory looks at how a message begins to see whether there is a change in it to note who made.
            raise TypeError("A batch that writes begins with that.")
        return written


def _rows(cursor: Any, place: int) -> Rows:
    cursor.set_result(place)
    # A statement that answers no rows has no columns either; psycopg's `description` would describe them all.
    return cursor.fetchall() if cursor.pgresult.nfields else []
