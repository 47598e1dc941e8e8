"""Token buckets: how often one socket may do a thing, with some room for bursts."""

import time
from collections.abc import Callable


class Bucket:
    """`burst` at once, then `rate` a second."""

    __slots__ = ("burst", "clock", "filled", "rate", "tokens")

    def __init__(self, rate: float, burst: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate, self.burst, self.clock = rate, burst, clock
        self.tokens: float = burst
        self.filled = clock()

    def take(self) -> bool:
        now = self.clock()
        self.tokens = min(self.burst, self.tokens + (now - self.filled) * self.rate)
        self.filled = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True

    @property
    def wait(self) -> float:
        """In how many seconds the next one is there."""
        return max(0.0, (1 - self.tokens) / self.rate)
