from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from prescriptions.services import make_key, renew_keys, retire_keys


class Command(BaseCommand):
    help = (
        "Makes a pair of keys that signs prescriptions from now on. What was signed with others stays verifiable; with "
        "--retire-others their private halves are forgotten. --renew puts the private halves under the first of "
        "MFA_ENCRYPTION_KEYS, so that older ones can be taken away."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--retire-others", action="store_true")
        parser.add_argument("--renew", action="store_true")

    def handle(self, *args: Any, retire_others: bool, renew: bool, **options: Any) -> None:
        if renew:
            self.stdout.write(f"{renew_keys()} keys are under the first encryption key now.")
            return
        made = make_key()
        self.stdout.write(f"{made.kid} signs from now on.")
        if retire_others:
            self.stdout.write(f"{retire_keys(made)} older ones sign no more.")
