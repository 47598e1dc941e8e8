"""What people type: about themselves, where they come in, and for their second factor."""

from accounts.forms.entrance import (
    AddEmailForm,
    ChangePasswordForm,
    ConfirmEmailForm,
    ConfirmLoginCodeForm,
    ConfirmResetCodeForm,
    LoginForm,
    NewPasswordForm,
    ReauthenticateForm,
    RequestLoginCodeForm,
    ResetPasswordForm,
    SetPasswordForm,
    SignupForm,
)
from accounts.forms.factors import (
    ActivateAppForm,
    AddPasskeyForm,
    FactorForm,
    PasskeyForm,
    ReauthenticateFactorForm,
    ReauthenticatePasskeyForm,
    RenamePasskeyForm,
)
from accounts.forms.profile import AccountForm, PreferencesForm

__all__ = [
    "AccountForm",
    "ActivateAppForm",
    "AddEmailForm",
    "AddPasskeyForm",
    "ChangePasswordForm",
    "ConfirmEmailForm",
    "ConfirmLoginCodeForm",
    "ConfirmResetCodeForm",
    "FactorForm",
    "LoginForm",
    "NewPasswordForm",
    "PasskeyForm",
    "PreferencesForm",
    "ReauthenticateFactorForm",
    "ReauthenticateForm",
    "ReauthenticatePasskeyForm",
    "RenamePasskeyForm",
    "RequestLoginCodeForm",
    "ResetPasswordForm",
    "SetPasswordForm",
    "SignupForm",
]
