"""The second factor: an app's codes, recovery codes, passkeys."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.core import context
from allauth.core.internal import ratelimit
from allauth.mfa.base import forms as base
from allauth.mfa.internal.flows.add import validate_can_add_authenticator
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY, generate_totp_secret
from allauth.mfa.webauthn import forms as webauthn
from allauth.mfa.webauthn.internal import auth
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts import factors
from accounts.forms.fields import CodeField
from accounts.models import User
from config.encryption import decrypt, encrypt

WRONG = _("This code is not right. Take the one that your app shows now, or a recovery code that you have not used.")
WRONG_APP_CODE = _(
    "This code is not right. Take the one that your app shows now; wait for the next one if it was used."
)


@contextmanager
def guess_of(user: User) -> Iterator[None]:
    """Count one guess at the user's second factor, by account and by address; what was right is not counted."""
    guess = ratelimit.consume(context.request, app="allauth.account", action="second_factor", key=f"{user.pk}")
    if not guess:
        raise get_account_adapter().validation_error("too_many_login_attempts")
    yield
    guess.rollback()


class FactorForm(base.AuthenticateForm):
    """Where one signs in."""

    code = CodeField(label=_("Code of your app, or a recovery code"))

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        with guess_of(self.user):
            self.authenticator = self.opened_by(code)
        return code

    def opened_by(self, code: str) -> Authenticator:
        mine = Authenticator.objects.filter(user=self.user)
        app = mine.filter(type=Authenticator.Type.TOTP).first()
        if app and factors.take_totp_code(self.user, decrypt(app.data["secret"]), code):
            return app
        printed = mine.filter(type=Authenticator.Type.RECOVERY_CODES).first()
        # allauth takes one under a lock on its row, and once.
        if printed and printed.wrap().validate_code(code):
            return printed
        raise ValidationError(WRONG, code="incorrect_code")


class ReauthenticateFactorForm(FactorForm, base.ReauthenticateForm):
    """Where one shows it again."""

    save = base.ReauthenticateForm.save


class ActivateAppForm(ActivateTOTPForm):
    """The app's first code. The secret waits in the session for it, and not in the clear there either."""

    code = CodeField(label=_("Code that your app shows"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.user = kwargs.pop("user")
        forms.Form.__init__(self, *args, **kwargs)
        self.secret = waiting_secret(anew=not self.is_bound)

    def clean_code(self) -> str:
        validate_can_add_authenticator(self.user)
        code: str = self.cleaned_data["code"]
        with guess_of(self.user):
            if not factors.take_totp_code(self.user, self.secret, code):
                raise ValidationError(WRONG_APP_CODE, code="incorrect_code")
        return code


def waiting_secret(*, anew: bool) -> str:
    """The secret that the page shows until its first code confirms it."""
    session = context.request.session
    if anew or SECRET_SESSION_KEY not in session:
        session[SECRET_SESSION_KEY] = encrypt(generate_totp_secret())
    return decrypt(session[SECRET_SESSION_KEY])


class PasskeyName(forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            **{
                "label": _("What you call this device"),
                "help_text": _("Such as “My phone”, to tell your passkeys apart."),
                "max_length": 60,
            }
            | kwargs
        )


class AddPasskeyForm(webauthn.AddWebAuthnForm):
    """Every key is a passkey: it lives on the device, and the device asks who holds it."""

    name = PasskeyName(required=False)
    passwordless = None

    def clean(self) -> dict[str, Any]:
        self.cleaned_data["passwordless"] = True
        return super().clean()


class RenamePasskeyForm(webauthn.EditWebAuthnForm):
    name = PasskeyName()


class CountedPasskey:
    """Tries with a passkey of a known person are counted as those with a code are."""

    def clean_credential(self) -> Authenticator:
        credential = self.cleaned_data["credential"]
        auth.parse_authentication_response(credential)
        with guess_of(self.user):
            return auth.complete_authentication(self.user, credential)


class PasskeyForm(CountedPasskey, webauthn.AuthenticateWebAuthnForm):
    pass


class ReauthenticatePasskeyForm(CountedPasskey, webauthn.ReauthenticateWebAuthnForm):
    pass
