"""Says whether the ledger is whole; its end status is for whoever restored a backup, or looks every night."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from payments.soundness import look_through


class Command(BaseCommand):
    help = "Reads the whole ledger: each journal sums to zero, each payment and refund is in it. Changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            # Else a payment that settles in between would be missed by one of the questions.
            connection.cursor().execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            found = look_through()
        self.stdout.write(f"{found.entries} entries")
        for currency, total in found.sums.items():
            self.stdout.write(f"{currency}: {total}")
        for fault, keys in found.faults.items():
            self.stderr.write(f"{fault}: {', '.join(keys)}")
        if not found.is_sound:
            raise CommandError("The ledger is not whole.")
        self.stdout.write("The ledger is whole.")
