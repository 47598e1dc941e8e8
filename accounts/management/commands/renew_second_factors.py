"""Puts the secrets of second factors under the first of MFA_ENCRYPTION_KEYS."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand
from django.db import transaction

from config.encryption import renewed

HELD = {Authenticator.Type.TOTP: "secret", Authenticator.Type.RECOVERY_CODES: "seed"}


class Command(BaseCommand):
    help = "Run after a new key was put first in MFA_ENCRYPTION_KEYS; then the old ones can be taken away."

    def handle(self, *args: Any, **options: Any) -> None:
        keys = Authenticator.objects.filter(type__in=HELD).order_by("pk").values_list("pk", flat=True)
        count = 0
        for pk in list(keys):
            # One row at a time, locked: a recovery code that is used meanwhile stays used.
            with transaction.atomic():
                row = Authenticator.objects.select_for_update().filter(pk=pk).first()
                if row is None:
                    continue
                name = HELD[Authenticator.Type(row.type)]
                row.data[name] = renewed(row.data[name])
                row.save(update_fields=["data"])
                count += 1
        self.stdout.write(f"{count} secrets are under the first key.")
