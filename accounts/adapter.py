"""Where allauth and the portal meet."""

from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import segno
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import factors, sessions
from accounts.devices import device_of
from accounts.models import User
from accounts.services import confirm_mailbox, remove_devices_of, tell_pages
from config.encryption import decrypt, encrypt

WRONG_CODE = _("This code is not right. Take the newest one: a code works once, and for ten minutes.")
TOO_MANY = _("That was tried too often. Wait for a few minutes, then try again.")


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up makes a patient's account, in the language of the page; a role is never taken from a form."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": _("This account is closed."),
        "cannot_remove_primary_email": _("The first address cannot be removed. Make another one the first before."),
        "duplicate_email": _("This address is on your account already."),
        "email_password_mismatch": _("The e-mail address or the password is not right."),
        "email_taken": _("This address belongs to another account."),
        "enter_current_password": _("This is not your password of now."),
        "incorrect_code": WRONG_CODE,
        "incorrect_password": _("This password is not right."),
        "max_email_addresses": _("An account has at most %d addresses."),
        "rate_limited": TOO_MANY,
        "same_as_current": _("This is the address of now. Type another one."),
        "too_many_login_attempts": TOO_MANY,
        "unverified_primary_email": _("Confirm the first address before."),
    }

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        user.name = form.cleaned_data["name"]
        user.language = (translation.get_language() or "en")[:2]
        return super().save_user(request, user, form, commit)

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Who has typed the code of a mail has a mailbox, whatever was said of it before."""
        is_confirmed = super().confirm_email(request, email_address)
        if is_confirmed and email_address.user.returned_email == email_address.email:
            confirm_mailbox(email_address.user)
        return is_confirmed

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        sessions.begin(request.session, user)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Not of who has shown a moment ago who they are, be it by signing in."""
        return not factors.is_fresh(self.request)

    def get_reauthentication_methods(self, user: User) -> list[dict[str, Any]]:
        """Whoever has a second factor shows that one: a password may have been seen, or reset from a mailbox."""
        methods = super().get_reauthentication_methods(user)
        words = {
            "reauthenticate": gettext("Use your password"),
            "mfa_reauthenticate": gettext("Use a code of your app, or a recovery code"),
            "mfa_reauthenticate:webauthn": gettext("Use your passkey"),
        }
        kept = [method for method in methods if method["id"] != "reauthenticate"] or methods
        return [method | {"description": words[method["id"]]} for method in kept]

    def logout(self, request: HttpRequest) -> None:
        """Whoever signs out does not want the next user of this browser to see what is new: not on its locked screen,
        nor on the pages that are open in it still."""
        key, user = request.session.session_key, request.user
        if key:
            remove_devices_of([key])
        super().logout(request)
        if user.is_authenticated:
            tell_pages([user.pk])

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Mails speak of the portal by its name and origin, whatever host the request came to."""
        site = SimpleNamespace(name=settings.SITE_NAME, domain=urlsplit(settings.SITE_ORIGIN).netloc)
        context |= {"current_site": site, "origin": settings.SITE_ORIGIN}
        if "user_agent" in context:
            context["device"] = device_of(context["user_agent"])
        super().send_mail(template_prefix, email, context)


class MFAAdapter(DefaultMFAAdapter):
    """Second factors: secrets that the database cannot read, passkeys that belong to the portal's own address."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_generate_recovery_codes": _("Recovery codes stand in for a second factor. Set one up before."),
        "cannot_delete_authenticator": _("Set up another second step before you take this one away."),
        "incorrect_code": _("That did not work. Try once more."),
        "unverified_email": _("Confirm every e-mail address of your account before."),
    }

    def encrypt(self, text: str) -> str:
        return encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text)

    def _get_site_name(self) -> str:
        return settings.SITE_NAME

    def build_totp_svg(self, url: str) -> str:
        """The picture as part of the page: no data: image, and nothing that a content policy would have to allow."""
        return segno.make(url, error="m").svg_inline(
            scale=5, border=4, dark="#000", light="#fff", omitsize=True, svgclass="qr", lineclass=None
        )

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        return factors.may_remove(authenticator)

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:  # noqa: A002 - allauth's name for it
        """A new passkey is called after the device on which it is made, until its owner has a better name."""
        return device_of(self.request.headers.get("User-Agent", ""))

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": urlsplit(settings.SITE_ORIGIN).hostname or "", "name": settings.SITE_NAME}
