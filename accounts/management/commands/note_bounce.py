"""Takes a mail that came back, from a mail server's pipe."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from accounts.services import note_bounce

MOST = 1024 * 1024


class Command(BaseCommand):
    help = "Read a mail server's report of a mail that came back (RFC 3464) from the standard input, and note it."

    def handle(self, *args: Any, **options: Any) -> None:
        # Whatever it was, a mail server must not send its own report of a report back.
        noted = note_bounce(sys.stdin.buffer.read(MOST))
        self.stdout.write("Noted." if noted else "Nothing to note.")
