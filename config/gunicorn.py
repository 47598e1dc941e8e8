"""gunicorn's configuration: pages, as WSGI, in threads, for the proxy streams uploads and a slow one holds its thread.

On SIGTERM the server first says that it is not ready and goes on serving for DRAIN_SECONDS, so that whoever balances
load sends nothing new; then it stops accepting, finishes what it has begun within GRACEFUL_TIMEOUT, and ends. A proxy
that tries again for a while (lb_try_duration in the Caddyfile) bridges the restart of a single server. SIGINT and
SIGQUIT stop at once.
"""

import os
import time
from pathlib import Path

from gunicorn.arbiter import Arbiter

wsgi_app = "config.wsgi:application"
bind = os.environ.get("WEB_BIND", "0.0.0.0:8000")
workers = int(os.environ.get("WEB_WORKERS", str(min(4, os.cpu_count() or 1))))
worker_class = "gthread"
threads = int(os.environ.get("WEB_THREADS", "4"))
# One import of the portal, shared by the workers. It opens no connection before they are forked.
preload_app = True
# A worker is replaced now and then, not all at the same moment, so that no leak can grow for ever.
max_requests = 20_000
max_requests_jitter = 2_000
timeout = 60
graceful_timeout = int(os.environ.get("GRACEFUL_TIMEOUT", "30"))
keepalive = 75
# Heartbeats are written to a file: in memory, where the system has such a place.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None
control_socket_disable = True
# The proxy is the only peer, on a private network or a Unix socket; Django reads what it says of the client.
forwarded_allow_ips = "*"
accesslog = None
errorlog = "-"
loglevel = os.environ.get("GUNICORN_LOG_LEVEL", "info")

DRAIN_SECONDS = float(os.environ.get("DRAIN_SECONDS", "0"))


def when_ready(server: Arbiter) -> None:
    """Put the drain before gunicorn's own answer to SIGTERM, which runs in the master's loop, not in a handler."""
    from django.conf import settings

    drain_file = settings.DRAIN_FILE
    # An earlier server that was killed while it drained may have left it.
    drain_file.unlink(missing_ok=True)
    stop = server.handle_term

    def drain() -> None:
        drain_file.parent.mkdir(parents=True, exist_ok=True)
        drain_file.touch()
        server.log.info("Not ready any more; serving for another %s s", DRAIN_SECONDS)
        time.sleep(DRAIN_SECONDS)
        stop()

    server.handle_term = drain


def on_exit(server: Arbiter) -> None:
    from django.conf import settings

    settings.DRAIN_FILE.unlink(missing_ok=True)
