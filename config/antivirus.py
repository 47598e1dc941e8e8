"""Asks ClamAV's daemon about a file, where the portal has one: CLAMAV_ADDRESS, `host:port`."""

import socket
import struct
from collections.abc import Iterable

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

log = structlog.get_logger()

SECONDS = 30
MOST_SAID = 4096


def scan(chunks: Iterable[bytes]) -> None:
    """Return if the scanner finds nothing, or if there is none. Raises ValidationError where it finds something, and
    where it cannot be asked: a file that nobody looked at is not kept.

    Speaks INSTREAM: chunks, each after its length in four bytes, then a length of nothing.
    """
    address = settings.CLAMAV_ADDRESS
    if not address:
        return
    host, _colon, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=SECONDS) as daemon:
            daemon.sendall(b"zINSTREAM\0")
            for chunk in chunks:
                daemon.sendall(struct.pack("!I", len(chunk)) + chunk)
            daemon.sendall(struct.pack("!I", 0))
            said = _answer(daemon)
    except OSError as error:
        log.error("scanner_unreachable", error=type(error).__name__)
        said = ""
    if said == "stream: OK":
        return
    if said.endswith(" FOUND"):
        log.warning("harmful_file_refused")
        raise ValidationError(
            _("This file holds harmful software, and was not kept. Please check the device that it comes from."),
            code="harmful",
        )
    if said:
        # It closes the door on what is larger than its own StreamMaxLength, or is broken itself.
        log.error("scanner_failed", said=said[:80])
    raise ValidationError(
        _("Files cannot be checked for viruses just now, so this one was not kept. Please try again in some minutes."),
        code="not_scanned",
    )


def _answer(daemon: socket.socket) -> str:
    said = b""
    while not said.endswith(b"\0") and len(said) < MOST_SAID:
        part = daemon.recv(1024)
        if not part:
            break
        said += part
    return said.rstrip(b"\0").decode(errors="replace").strip()
