"""allauth's forms where one comes in, and for what one comes in with: its rules, our words, codes in either script."""

from typing import Any

from allauth.account import forms as base
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.manage_email import email_already_exists
from allauth.account.internal.flows.password_reset_by_code import PasswordResetVerificationProcess
from allauth.core import context
from allauth.core.internal import ratelimit
from allauth.core.internal.cryptokit import compare_user_code
from django import forms
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts import sessions
from accounts.forms.fields import CodeField

LABELS = {
    "login": _("Email"),
    "email": _("Email"),
    "password": _("Password"),
    "oldpassword": _("Password of now"),
    "password1": _("New password"),
    "password2": _("New password, once more"),
}


class InOurWords:
    """A form of allauth, its labels in the portal's words and without the grey words inside the fields."""

    labels: dict[str, Any] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = (LABELS | self.labels).get(name, field.label)


class RememberField(forms.BooleanField):
    def __init__(self) -> None:
        super().__init__(
            label=_("Stay signed in on this device"),
            help_text=_("Leave it out where others use the device too."),
            required=False,
            initial=True,
        )


class LoginForm(InOurWords, base.LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["remember"] = RememberField()

    def login(self, request: HttpRequest, redirect_url: str | None = None) -> HttpResponse:
        request.session[sessions.REMEMBERED] = self.cleaned_data["remember"]
        response = super().login(request, redirect_url)
        # allauth has set the cookie's age by the tick alone.
        if request.user.is_authenticated:
            sessions.begin(request.session, request.user)
        return response


class SignupForm(InOurWords, base.SignupForm):
    """Beside the address and the password it asks for the name alone; a role it does not know."""

    labels = {"password1": _("Password")}
    name = forms.CharField(
        label=_("Your full name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    field_order = ("name", "email", "password1")

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def try_save(self, request: HttpRequest) -> Any:
        if self.account_already_exists:
            # A new account costs the hash of its password: without this the answer for a known address came sooner.
            get_user_model()().set_password(self.cleaned_data["password1"])
        return super().try_save(request)


class RequestLoginCodeForm(InOurWords, base.RequestLoginCodeForm):
    remember = RememberField()


class ResetPasswordForm(InOurWords, base.ResetPasswordForm):
    pass


class NewPasswordForm(InOurWords, base.ResetPasswordKeyForm):
    pass


class ChangePasswordForm(InOurWords, base.ChangePasswordForm):
    pass


class SetPasswordForm(InOurWords, base.SetPasswordForm):
    labels = {"password1": _("Password"), "password2": _("Password, once more")}


class AddEmailForm(InOurWords, base.AddEmailForm):
    labels = {"email": _("New address")}


class ReauthenticateForm(InOurWords, base.ReauthenticateForm):
    pass


class MailedCodeForm(forms.Form):
    """A code from a mail, which is for one address and one browser. Guesses are counted by account and by address."""

    code = CodeField(label=_("Code from the mail"))

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        guess = ratelimit.consume(
            context.request, app="allauth.account", action="confirm_code", key=self.address_of_code().lower()
        )
        if not guess:
            raise get_adapter().validation_error("too_many_login_attempts")
        if not compare_user_code(actual=code, expected=self.expected_code or ""):
            raise get_adapter().validation_error("incorrect_code")
        guess.rollback()
        return code

    def address_of_code(self) -> str:
        """Where the code went, as the session has it: nothing that the form brings can change it."""
        raise NotImplementedError


class ConfirmLoginCodeForm(MailedCodeForm, base.ConfirmLoginCodeForm):
    def address_of_code(self) -> str:
        return context.request._login_stage.state["email"]


class ConfirmResetCodeForm(MailedCodeForm, base.ConfirmPasswordResetCodeForm):
    def address_of_code(self) -> str:
        return PasswordResetVerificationProcess.resume(context.request).state["email"]


class ConfirmEmailForm(MailedCodeForm, base.ConfirmEmailVerificationCodeForm):
    def address_of_code(self) -> str:
        return self.email

    def clean_code(self) -> str:
        code = super().clean_code()
        email_already_exists(user=self.user, email=self.email, always_raise=True)
        return code
