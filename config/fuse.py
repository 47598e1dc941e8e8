"""Leaving a service alone that has just failed: whoever waits for it pays its time-out once, not at every turn."""

from threading import Lock
from time import monotonic


class Fuse:
    """Blows when a service fails so many times in a row. For `seconds` then nobody in this process asks it; after that
    one caller at a time tries whether it is back, and the others go on without."""

    def __init__(self, seconds: float, *, failures: int = 1) -> None:
        self.seconds, self.failures = seconds, failures
        self._failed = 0
        self._blown_until: float | None = None
        self._lock = Lock()

    def holds(self) -> bool:
        """Whether the caller may ask the service; who may says afterwards how it went, by `blow` or by `mend`."""
        if self._blown_until is None:
            return True
        with self._lock:
            if self._blown_until is not None and monotonic() < self._blown_until:
                return False
            self._blown_until = monotonic() + self.seconds
            return True

    @property
    def is_blown(self) -> bool:
        """Whether the service is left alone now. Takes nobody's turn to try."""
        until = self._blown_until
        return until is not None and monotonic() < until

    def blow(self) -> bool:
        """The service has failed the caller. Whether that blew the fuse, which had held until now."""
        with self._lock:
            self._failed += 1
            held = self._blown_until is None
            if self._failed >= self.failures:
                self._blown_until = monotonic() + self.seconds
            return held and self._blown_until is not None

    def mend(self) -> bool:
        """The service has answered. Whether the fuse had blown."""
        with self._lock:
            had_blown = self._blown_until is not None
            self._failed = 0
            self._blown_until = None
            return had_blown
