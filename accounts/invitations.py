"""Inviting administrators: accounts of theirs come by a link, never by a form."""

from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User
from config.errors import DomainError


class AlreadyAnAccount(DomainError):
    message = _("There is an account with this address. Administrators have one of their own.")


class InvitationTokens(PasswordResetTokenGenerator):
    """Good for settings.PASSWORD_RESET_TIMEOUT, until the password is set, and for nothing but an invitation."""

    key_salt = "accounts.invitations"

    def check_token(self, user: Any, token: str | None) -> bool:
        # Whoever has a password was invited long ago: no link opens that account any more.
        return bool(user and user.is_active and not user.has_usable_password() and super().check_token(user, token))


tokens = InvitationTokens()


@transaction.atomic
def invite_admin(email: str, *, name: str, groups: list[Group], superuser: bool) -> User:
    """Make the account of an administrator, without a password, and mail the link to set one.

    Invited again before the link was used, the same account gets a new link. Raises AlreadyAnAccount otherwise.
    """
    email = email.strip().lower()
    user = User.objects.filter(email=email).first()
    if user is None and not EmailAddress.objects.filter(email=email).exists():
        user = User.objects.create_user(email, name=name, role=Role.ADMIN, is_staff=True)
    if user is None or user.role != Role.ADMIN or user.has_usable_password():
        raise AlreadyAnAccount
    user.name, user.is_superuser = name, superuser
    user.save(update_fields=["name", "is_superuser"])
    user.groups.set(groups)
    transaction.on_commit(lambda: send_invitation(user))
    return user


def send_invitation(user: User) -> None:
    link = reverse("invitation", args=[urlsafe_base64_encode(force_bytes(user.pk)), tokens.make_token(user)])
    context = {
        "user": user,
        "link": settings.SITE_ORIGIN + link,
        "site_name": settings.SITE_NAME,
        "days": settings.PASSWORD_RESET_TIMEOUT // (24 * 3600),
    }
    with translation.override(user.language):
        subject = " ".join(render_to_string("accounts/invitation.txt#subject", context).split())
        body = render_to_string("accounts/invitation.txt#body", context).strip() + "\n"
    EmailMessage(subject=subject, body=body, to=[user.email]).send()


@transaction.atomic
def accept_invitation(user: User) -> None:
    """The link came to the address, and its owner has set a password: the address is theirs."""
    EmailAddress.objects.filter(user=user).delete()
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
