"""Makes the key that signs push messages."""

import base64
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Write a new key for VAPID_PRIVATE_KEY. Browsers that subscribed under another key must do so again."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
        self.stdout.write(base64.urlsafe_b64encode(number.to_bytes(32)).rstrip(b"=").decode())
