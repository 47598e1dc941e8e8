"""Puts the numbers of payout accounts under the first of MFA_ENCRYPTION_KEYS."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from config.encryption import renewed
from payments.models import Payout, PayoutAccount


class Command(BaseCommand):
    help = "Run after a new key was put first in MFA_ENCRYPTION_KEYS; then the old ones can be taken away."

    def handle(self, *args: Any, **options: Any) -> None:
        count = 0
        for model in (PayoutAccount, Payout):
            for pk in model.objects.exclude(sealed_number="").order_by("pk").values_list("pk", flat=True).iterator():
                # One row at a time, locked: an account that is changed meanwhile keeps the new number.
                with transaction.atomic():
                    row = model.objects.select_for_update(no_key=True).filter(pk=pk).first()
                    if row is not None:
                        row.sealed_number = renewed(row.sealed_number)
                        row.save(update_fields=["sealed_number"])
                        count += 1
        self.stdout.write(f"{count} numbers are under the first key.")
