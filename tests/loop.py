"""Where no event loop seems to run."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_loop_of_the_browser() -> Iterator[None]:
    """Playwright's loop stays "running" in the thread from the first browser test of a worker on, though it only waits
    for the next call. In here there is none, as the code finds none in a server."""
    waiting = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(waiting)
