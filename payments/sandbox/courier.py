"""Delivers IPNs: each a row first, then a POST from a thread of its own, tried again after a while unless answered 200.

Delivery is at least once: what was under way when the process ended is sent again at the next start. The threads are
daemons and are never joined at the end, so that a merchant who does not answer cannot keep the process alive.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Sequence

import requests

from payments.sandbox.store import Store, now

PATIENCE = 10.0
"""Seconds a merchant has to answer one IPN."""


class Courier:
    """`backoff` holds the seconds before the second, third, … try; after the last the IPN is given up."""

    def __init__(self, store: Store, *, backoff: Sequence[float]) -> None:
        self._store = store
        self._backoff = tuple(backoff)
        self._wake = threading.Event()

    def start(self) -> None:
        with self._store.transaction() as db:
            db.execute("UPDATE ipn SET state = 'waiting', due_at = 0 WHERE state IN ('new', 'sending')")
        threading.Thread(target=self._retry, name="ipn-retries", daemon=True).start()

    def deliver(self, ipn_ids: Sequence[int], *, wait: bool) -> None:
        """Send these new IPNs now: those of one turn in parallel, each turn after the first try of the one before.

        With `wait`, returns when each was tried once.
        """
        round_trip = threading.Thread(target=self._deliver, args=(tuple(ipn_ids),), name="ipn-delivery", daemon=True)
        round_trip.start()
        if wait:
            round_trip.join()

    def _deliver(self, ipn_ids: Sequence[int]) -> None:
        with self._store.transaction() as db:
            marks = ", ".join("?" * len(ipn_ids))
            rows = db.execute(f"SELECT id, turn FROM ipn WHERE id IN ({marks})", ipn_ids).fetchall()
        for turn in sorted({row["turn"] for row in rows}):
            self._send_all([row["id"] for row in rows if row["turn"] == turn])

    def _send_all(self, ipn_ids: Sequence[int]) -> None:
        threads = [
            threading.Thread(target=self._send, args=(each,), name=f"ipn-{each}", daemon=True) for each in ipn_ids
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _retry(self) -> None:
        while True:
            with self._store.transaction() as db:
                waiting = db.execute("SELECT id, due_at FROM ipn WHERE state = 'waiting'").fetchall()
            due = [row["id"] for row in waiting if row["due_at"] <= time.time()]
            if due:
                self._send_all(due)
                continue
            soonest = min((row["due_at"] for row in waiting), default=time.time() + 3600)
            self._wake.wait(max(0.0, soonest - time.time()))
            self._wake.clear()

    def _send(self, ipn_id: int) -> None:
        """Try one IPN once and record what came of it."""
        with self._store.transaction() as db:
            ipn = db.execute(
                "UPDATE ipn SET state = 'sending' WHERE id = ? AND state IN ('new', 'waiting') RETURNING *", (ipn_id,)
            ).fetchone()
        if ipn is None:
            return
        at, started = now(), time.monotonic()
        status_code, answer = _post(ipn["url"], json.loads(ipn["fields"]))
        seconds = time.monotonic() - started
        with self._store.transaction() as db:
            if db.execute("SELECT 1 FROM ipn WHERE id = ?", (ipn_id,)).fetchone() is None:
                return  # Everything was forgotten meanwhile.
            db.execute(
                "INSERT INTO ipn_attempt (ipn_id, at, seconds, status_code, answer) VALUES (?, ?, ?, ?, ?)",
                (ipn_id, at.isoformat(), seconds, status_code, answer),
            )
            self._settle(db, ipn_id, delivered=status_code == 200)
        self._wake.set()

    def _settle(self, db: sqlite3.Connection, ipn_id: int, *, delivered: bool) -> None:
        tries = db.execute("SELECT count(*) FROM ipn_attempt WHERE ipn_id = ?", (ipn_id,)).fetchone()[0]
        if delivered:
            state, due_at = "delivered", 0.0
        elif tries > len(self._backoff):
            state, due_at = "given up", 0.0
        else:
            state, due_at = "waiting", time.time() + self._backoff[tries - 1]
        db.execute("UPDATE ipn SET state = ?, due_at = ? WHERE id = ?", (state, due_at, ipn_id))


def _post(url: str, fields: dict[str, str]) -> tuple[int | None, str]:
    """The status and the start of the answer; None and the error where no answer came. Redirects are not followed."""
    with requests.Session() as http:
        http.trust_env = False
        try:
            response = http.post(url, data=fields, timeout=PATIENCE, allow_redirects=False)
        except requests.RequestException as error:
            return None, str(error)
        return response.status_code, response.text[:500]
