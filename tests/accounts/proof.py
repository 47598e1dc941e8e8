"""Sessions in which the second factor was shown, and apps that show codes."""

import time

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.conf import settings
from django.test import Client

from accounts.models import User

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def give_app(user: User, secret: str = SECRET) -> Authenticator:
    """An authenticator app on the user's phone, and recovery codes, as setting one up gives them."""
    RecoveryCodes.activate(user)
    return TOTP.activate(user, secret).instance


def code_of(secret: str = SECRET, *, steps: int = 0) -> str:
    """What the app shows now, or so many steps of its clock later."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


def recovery_codes_of(user: User) -> list[str]:
    return Authenticator.objects.get(user=user, type="recovery_codes").wrap().get_unused_codes()


def prove(client: Client, user: User, *, method: str = "mfa", ago: float = 0.0) -> None:
    """The user has shown that in this client's session, so long ago."""
    session = client.session
    session["account_authentication_methods"] = [{"method": method, "at": time.time() - ago, "type": "totp"}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
