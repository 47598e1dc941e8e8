"""The switches: what can be made to go wrong, for every payment or for one tran_id, for good or a counted few times.

A switch set for a tran_id is looked at before the one set for all. A switch with `times` goes back to its default once
it has been used that often: each session, validation, refund, query or notice it bears on is one use.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from payments.sandbox.store import Store

EVERY = ""
"""The tran_id under which a switch for all transactions is kept."""

MOST_COPIES, LONGEST_HOLD = 64, 600


class BadSwitch(ValueError):
    """No such switch, or not a value it takes; the text says which and what it takes."""


@dataclass(frozen=True)
class Switch:
    """One switch; its kind is the type of its default. `choices` are the values of a text switch, default first."""

    name: str
    says: str
    default: str | int | float | bool | Mapping[str, str]
    choices: tuple[str, ...] = ()

    def clean(self, value: Any) -> Any:
        """The value as it is kept. Raises BadSwitch."""
        match self.default:
            case bool():
                fits, takes = isinstance(value, bool), "true or false"
            case int():
                fits = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_COPIES
                takes = f"a whole number from 1 to {MOST_COPIES}"
            case float():
                fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LONGEST_HOLD
                takes = f"seconds from 0 to {LONGEST_HOLD}"
            case str():
                fits, takes = value in self.choices, "one of " + ", ".join(self.choices)
            case _:
                fits = isinstance(value, dict) and all(isinstance(part, str) for part in value.values())
                takes = "an object of field names and texts"
        if not fits:
            raise BadSwitch(f"{self.name} takes {takes}")
        return value

    def read(self, text: str) -> Any:
        """The value a person typed or chose in a form. Raises BadSwitch."""
        try:
            match self.default:
                case bool():
                    return self.clean(text == "true")
                case int():
                    return self.clean(int(text))
                case float():
                    return self.clean(float(text))
                case str():
                    return self.clean(text)
            pairs = [part.split("=", 1) for part in text.split("&") if part]
            return self.clean({name.strip(): value.strip() for name, value in pairs})
        except BadSwitch:
            raise
        except ValueError:
            raise BadSwitch(f"{self.name} cannot be read from “{text}”") from None


SPOILT = ("timeout", "drop", "error_500", "html", "truncated", "inactive")
"""How an answer of the validator's APIs can go wrong. Of these, timeout, drop and truncated happen after the work."""

SWITCHES = {
    switch.name: switch
    for switch in (
        Switch(
            "session",
            "Opening a session. timeout and drop record it and keep the answer; no_url answers SUCCESS without a page.",
            "ok",
            ("ok", "timeout", "drop", "failed", "html", "no_url"),
        ),
        Switch("duplicate_tran_id", "A tran_id that has a session already.", "refused", ("refused", "accepted")),
        Switch("pay_on_open", "The payment is made, and its IPN sent, before the session's answer.", False),
        Switch("validation", "The validation API.", "ok", ("ok", *SPOILT, "pending", "failed", "invalid")),
        Switch("query", "Queries for a transaction or for a refund.", "ok", ("ok", *SPOILT)),
        Switch(
            "query_shape",
            "How a query by tran_id writes what it found: element[] and a number; a single object; a count as text; or"
            " none, as if the session's key alone were known.",
            "list",
            ("list", "object", "text_count", "none"),
        ),
        Switch(
            "refund",
            "Refunds. processing stays so until settled; timeout and drop record it and keep the answer.",
            "ok",
            ("ok", "processing", "failed", "timeout", "timeout_processing", "drop", "inactive"),
        ),
        Switch(
            "ipn",
            "When the IPN is sent: answered before the browser goes back, in a race with it, when released, or never.",
            "before_return",
            ("before_return", "with_return", "late", "never"),
        ),
        Switch("ipn_copies", "How many copies of each IPN are sent at the same moment.", 1),
        Switch("ipn_fields", "Fields of the IPN that say something else (signed like the rest).", {}),
        Switch("ipn_forged", "The IPN's signatures are made with a wrong password.", False),
        Switch("failed_after_valid", "A genuine FAILED follows each VALID IPN.", False),
        Switch("risky", "A payment comes with risk_level 1.", False),
        Switch("hold_seconds", "How long a timeout keeps its answer.", 30.0),
    )
}


class Faults:
    """The switches as they stand, kept in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def take(self, name: str, tran_id: str) -> Any:
        """The value in force for this transaction; a counted one is used up by one."""
        with self._store.transaction() as db:
            row = db.execute(
                "SELECT * FROM fault WHERE name = ? AND tran_id IN (?, ?) ORDER BY tran_id = ? LIMIT 1",
                (name, tran_id, EVERY, EVERY),
            ).fetchone()
            if row is None:
                return SWITCHES[name].default
            where = (name, row["tran_id"])
            if row["times"] == 1:
                db.execute("DELETE FROM fault WHERE name = ? AND tran_id = ?", where)
            elif row["times"]:
                db.execute("UPDATE fault SET times = times - 1 WHERE name = ? AND tran_id = ?", where)
            return json.loads(row["value"])

    def set(self, values: Mapping[str, Any], *, tran_id: str = EVERY, times: int | None = None) -> None:
        """Set some switches and leave the others; None takes one back to its default. All or none; BadSwitch."""
        if times is not None and (isinstance(times, bool) or not isinstance(times, int) or times < 1):
            raise BadSwitch("times takes a whole number above 0")
        for name, value in values.items():
            if name not in SWITCHES:
                raise BadSwitch(f"there is no switch {name}")
            if value is not None:
                SWITCHES[name].clean(value)
        with self._store.transaction() as db:
            for name, value in values.items():
                db.execute("DELETE FROM fault WHERE tran_id = ? AND name = ?", (tran_id, name))
                if value is not None and (times or value != SWITCHES[name].default or tran_id != EVERY):
                    db.execute("INSERT INTO fault VALUES (?, ?, ?, ?)", (tran_id, name, json.dumps(value), times))

    def clear(self) -> None:
        with self._store.transaction() as db:
            db.execute("DELETE FROM fault")

    def standing(self) -> list[dict[str, Any]]:
        """The switches that are not at their default: name, value, tran_id (empty for all), times left (or None)."""
        with self._store.transaction() as db:
            rows = db.execute("SELECT * FROM fault ORDER BY tran_id, name").fetchall()
        return [{**row, "value": json.loads(row["value"])} for row in map(dict, rows)]
