"""Loopback ports: which are free, which are taken."""

import errno
import os
import socket

from config.processes import CannotRun

FAMILIES = {"127.0.0.1": socket.AF_INET, "::1": socket.AF_INET6}


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def loopback_addresses() -> list[str]:
    """127.0.0.1, and ::1 where the machine has it: what `localhost` may mean to a browser."""
    addresses = ["127.0.0.1"]
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return addresses
    return [*addresses, "::1"]


def in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def check_port(port: int) -> None:
    """Raises CannotRun if something listens on the port, or we may not."""
    for address in loopback_addresses():
        with socket.socket(FAMILIES[address]) as probe:
            probe.settimeout(1)
            # Where an address may be shared, binding succeeds beside a listener on all addresses.
            taken = probe.connect_ex((address, port)) == 0
        with socket.socket(FAMILIES[address]) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    reason = os.strerror(error.errno or 0).lower()
                    raise CannotRun(f"Port {port} cannot be used: {reason}. Choose another: PORT=8100.") from None
                taken = True
        if taken:
            raise CannotRun(
                f"Port {port} is taken by another program. Stop that one, or choose two free ports in a row: PORT=8100."
            )
