"""The sandbox's memory: one SQLite file, so that sessions, refunds and undelivered IPNs outlive a restart.

One connection behind one lock. `transaction()` is the only way to it, so whatever runs inside happens alone and
entirely or not at all; nothing may wait for the network in there. It is never closed: whatever the end of the process
cuts off, SQLite rolls back. Times are kept as UTC text, money as decimal text.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS session (
    sessionkey      TEXT PRIMARY KEY,
    tran_id         TEXT NOT NULL,
    status          TEXT NOT NULL DEFAULT 'PENDING'
                    CHECK (status IN ('PENDING', 'VALID', 'FAILED', 'CANCELLED', 'UNATTEMPTED', 'EXPIRED')),
    amount          TEXT NOT NULL,
    currency_type   TEXT NOT NULL,
    currency_amount TEXT NOT NULL,
    request         TEXT NOT NULL,
    channel         TEXT NOT NULL DEFAULT '',
    val_id          TEXT UNIQUE,
    bank_tran_id    TEXT UNIQUE,
    risk_level      INTEGER NOT NULL DEFAULT 0,
    error           TEXT NOT NULL DEFAULT '',
    opened_at       TEXT NOT NULL,
    decided_at      TEXT,
    validated_at    TEXT,
    CONSTRAINT decided_sessions_have_their_references
        CHECK (status = 'PENDING' OR (val_id IS NOT NULL AND bank_tran_id IS NOT NULL AND decided_at IS NOT NULL))
) STRICT;
CREATE INDEX IF NOT EXISTS session_tran_id ON session (tran_id);

CREATE TABLE IF NOT EXISTS refund (
    refund_ref_id   TEXT PRIMARY KEY,
    refund_trans_id TEXT NOT NULL UNIQUE,
    sessionkey      TEXT NOT NULL REFERENCES session,
    amount          TEXT NOT NULL,
    remarks         TEXT NOT NULL,
    refe_id         TEXT NOT NULL,
    status          TEXT NOT NULL CHECK (status IN ('processing', 'refunded', 'cancelled')),
    initiated_at    TEXT NOT NULL,
    settled_at      TEXT
) STRICT;

CREATE TABLE IF NOT EXISTS ipn (
    id         INTEGER PRIMARY KEY,
    sessionkey TEXT NOT NULL REFERENCES session,
    url        TEXT NOT NULL,
    fields     TEXT NOT NULL,
    turn       INTEGER NOT NULL DEFAULT 0,
    state      TEXT NOT NULL CHECK (state IN ('new', 'held', 'never', 'sending', 'waiting', 'delivered', 'given up')),
    due_at     REAL NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE IF NOT EXISTS ipn_attempt (
    id          INTEGER PRIMARY KEY,
    ipn_id      INTEGER NOT NULL REFERENCES ipn,
    at          TEXT NOT NULL,
    seconds     REAL NOT NULL,
    status_code INTEGER,
    answer      TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS fault (
    tran_id TEXT NOT NULL,
    name    TEXT NOT NULL,
    value   TEXT NOT NULL,
    times   INTEGER CHECK (times > 0),
    PRIMARY KEY (tran_id, name)
) STRICT;

CREATE TABLE IF NOT EXISTS call (
    id      INTEGER PRIMARY KEY,
    at      TEXT NOT NULL,
    api     TEXT NOT NULL,
    tran_id TEXT NOT NULL,
    fault   TEXT NOT NULL,
    answer  TEXT NOT NULL
) STRICT;
"""

TABLES = ("call", "fault", "ipn_attempt", "ipn", "refund", "session")


class Store:
    """Opens or creates `sandbox.sqlite3` in the folder. sqlite3.Error or OSError if that cannot be."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(folder / "sandbox.sqlite3", check_same_thread=False, autocommit=True)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA foreign_keys = ON")
        self._db.executescript(SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Everything in the block, or nothing; blocks of other threads wait. A block inside a block joins it."""
        with self._lock:
            if self._db.in_transaction:
                yield self._db
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def reset(self) -> None:
        with self.transaction() as db:
            for table in TABLES:
                db.execute(f"DELETE FROM {table}")


def now() -> datetime:
    return datetime.now(UTC)
