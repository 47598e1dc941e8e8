"""Run the sandbox until SIGTERM or SIGINT."""

import argparse
import signal
import sqlite3
import sys
import threading
from pathlib import Path

from payments.sandbox.app import Application
from payments.sandbox.gateway import Merchant
from payments.sandbox.web import Server


def main() -> int:
    options = _options()
    merchant = Merchant(options.store_id, options.store_password, options.store_name, options.allow_host)
    stops = {signal.SIGTERM, signal.SIGINT}
    # Blocked before any thread is born, so that only sigwait below ever sees them.
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    try:
        application = Application(
            options.data, merchant, public_url=options.public_url, ipn_backoff=options.ipn_backoff
        )
    except (OSError, sqlite3.Error) as error:
        return _fail(f"cannot keep its data in {options.data}: {error}")
    try:
        server = Server((options.host, options.port), application.answer)
    except OSError as error:
        return _fail(f"cannot listen on {options.host}:{options.port}: {error}. Give another --port")
    application.start()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="http", daemon=True).start()
    sys.stdout.write(f"Sandbox ready: http://{options.host}:{server.server_port}\n")
    sys.stdout.flush()
    signal.sigwait(stops)
    server.stopping.set()
    server.shutdown()
    server.server_close()
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m payments.sandbox", description="A local SSLCommerz. No real money moves."
    )
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--port", type=int, default=8001, help="0 takes a free one, which the ready line names")
    parser.add_argument("--data", type=Path, required=True, help="folder for its SQLite file")
    parser.add_argument("--store-id", required=True)
    parser.add_argument("--store-password", required=True, help="also the token of /control/")
    parser.add_argument("--store-name", default="Doctor Portal", help="shown to the customer")
    parser.add_argument(
        "--public-url", help="where the customer's browser finds this; default: as the merchant called it"
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="HOST",
        help="a host the merchant's URLs may be on (repeatable); default: any",
    )
    parser.add_argument(
        "--ipn-backoff",
        type=_seconds,
        default=(1, 5, 30, 120),
        metavar="SECONDS,…",
        help="waits before an IPN that was not answered 200 is sent again",
    )
    return parser.parse_args()


def _seconds(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(",") if part)


def _fail(what: str) -> int:
    sys.stderr.write(f"The sandbox {what}.\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
