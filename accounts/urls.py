"""Coming in, and what one comes in with. The portal's own pages stand before allauth's of the same name and address."""

from allauth.account.decorators import reauthentication_required
from allauth.account.views import password_change
from django.urls import include, path

from accounts.factors import has_factor
from accounts.views import entrance, factors, invitation, sessions

urlpatterns = [
    path("login/code/", entrance.RequestLoginCode.as_view(), name="account_request_login_code"),
    path("login/code/confirm/", entrance.ConfirmLoginCode.as_view(), name="account_confirm_login_code"),
    path("confirm-email/", entrance.ConfirmEmail.as_view(), name="account_email_verification_sent"),
    path("password/reset/confirm/", entrance.ConfirmResetCode.as_view(), name="account_confirm_password_reset_code"),
    path("password/reset/complete/", entrance.CompleteReset.as_view(), name="account_complete_password_reset"),
    path(
        "password/change/",
        # The form asks for the password of now; that says enough where there is no second factor.
        reauthentication_required(
            password_change,
            app="accounts",
            enabled=lambda request: request.user.is_authenticated and has_factor(request.user),
        ),
        name="account_change_password",
    ),
    path("invitation/<str:uidb64>/<str:token>/", invitation.Invitation.as_view(), name="invitation"),
    path("second-step/needed/", factors.second_factor, name="second_factor"),
    path("second-step/totp/activate/", factors.ActivateApp.as_view(), name="mfa_activate_totp"),
    path("second-step/webauthn/add/", factors.AddPasskey.as_view(), name="mfa_add_webauthn"),
    path("second-step/webauthn/keys/<int:pk>/remove/", factors.RemovePasskey.as_view(), name="mfa_remove_webauthn"),
    path("second-step/recovery-codes/", factors.RecoveryCodes.as_view(), name="mfa_view_recovery_codes"),
    path("sessions/", sessions.session_list, name="usersessions_list"),
    path("sessions/left/", sessions.session_left, name="session_left"),
    path("sessions/end-others/", sessions.end_other_sessions, name="end_other_sessions"),
    path("sessions/<int:pk>/end/", sessions.end_session, name="end_session"),
    path("", include("allauth.account.urls")),
    path("second-step/", include("allauth.mfa.urls")),
]
