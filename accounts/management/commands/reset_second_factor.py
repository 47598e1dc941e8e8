"""Takes the second factor off an account whose owner has lost it."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts import sessions
from accounts.models import Action, Ground, User
from accounts.trail import write_trail


class Command(BaseCommand):
    help = (
        "Removes app, passkeys and recovery codes, and ends every session, once you have seen who the owner is. The "
        "password stays; doctors and admins are led to a new second factor when they sign in."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    @transaction.atomic
    def handle(self, *args: Any, email: str, **options: Any) -> None:
        user = User.objects.filter(email=email.strip().lower()).first()
        if user is None:
            raise CommandError(f"There is no account with the address {email}.")
        count, _by_model = Authenticator.objects.filter(user=user).delete()
        ended = sessions.end_other_sessions(user, this=None)
        write_trail(Action.REMOVED, by=None, about=user, ground=Ground.SYSTEM, code="second_factor")
        self.stdout.write(f"{email}: {count} factors removed, {ended} sessions ended.")
