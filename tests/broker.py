"""Another broker for a while: none, or one that does not answer."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest
from kombu import pools

from config import queue
from config.celery import app


@contextmanager
def broker_at(url: str) -> Iterator[None]:
    """Celery's hints go to this address while the block runs; nothing of before or after is kept."""

    def forget() -> None:
        pools.reset()
        app.amqp._producer_pool = None
        app._pool = None
        queue.fuse.mend()

    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("CELERY_BROKER_URL", url)
        forget()
        try:
            yield
        finally:
            forget()


@contextmanager
def black_hole() -> Iterator[tuple[int, list[socket.socket]]]:
    """A server that accepts every connection and says nothing on it: its port, and the connections that came."""
    caught: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:

        def accept() -> None:
            while True:
                try:
                    connection, _address = listener.accept()
                except OSError:
                    return
                caught.append(connection)

        accepting = Thread(target=accept)
        accepting.start()
        try:
            yield listener.getsockname()[1], caught
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for connection in caught:
                connection.close()
