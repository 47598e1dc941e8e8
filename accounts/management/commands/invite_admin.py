"""Invites somebody to administer the portal."""

from typing import Any

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from accounts.invitations import invite_admin
from config.errors import DomainError


class Command(BaseCommand):
    help = "Mails a link to set a password and a second step. Say what the person may do: --group, or --superuser."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", required=True)
        rights = parser.add_mutually_exclusive_group(required=True)
        rights.add_argument("--group", action="append", default=[], help="may be given several times")
        rights.add_argument("--superuser", action="store_true")

    def handle(self, *args: Any, email: str, name: str, group: list[str], superuser: bool, **options: Any) -> None:
        try:
            validate_email(email)
        except ValidationError:
            raise CommandError(f"{email} is no e-mail address.") from None
        found = list(Group.objects.filter(name__in=group))
        if missing := set(group) - {each.name for each in found}:
            known = ", ".join(Group.objects.order_by("name").values_list("name", flat=True)) or "none"
            raise CommandError(f"There is no group {', '.join(sorted(missing))}. There are: {known}.")
        try:
            invite_admin(email, name=name, groups=found, superuser=superuser)
        except DomainError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"The invitation is on its way to {email}.")
