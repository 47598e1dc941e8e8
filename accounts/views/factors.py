"""The second factor: setting one up, and back to where one was going."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import get_next_redirect_url, passthrough_next_redirect_url
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView
from allauth.mfa.webauthn.internal import auth
from allauth.mfa.webauthn.views import AddWebAuthnView, RemoveWebAuthnView
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import factors, sessions
from accounts.rules import must_use_second_factor


def onward(request: HttpRequest, otherwise: str) -> str:
    """Where the person was going when the second factor came in between, or the page named `otherwise`."""
    return get_next_redirect_url(request) or reverse(otherwise)


def with_onward(request: HttpRequest, name: str) -> str:
    """The page of that name, which knows where to go on from it."""
    return passthrough_next_redirect_url(request, reverse(name), REDIRECT_FIELD_NAME)


@never_cache
@login_required
@require_safe
def second_factor(request: HttpRequest) -> HttpResponse:
    """Whoever has a second factor is asked for it; whoever has none chooses one."""
    if not factors.has_factor(request.user):
        context = {
            "app_url": with_onward(request, "mfa_activate_totp"),
            "passkey_url": with_onward(request, "mfa_add_webauthn"),
            "is_must": must_use_second_factor(request.user),
        }
        return render(request, "mfa/needed.html", context)
    if factors.is_proven(request.session, request.user):
        return redirect(onward(request, "mfa_index"))
    way = get_adapter().get_reauthentication_methods(request.user)[0]["url"]
    return redirect(passthrough_next_redirect_url(request, way, REDIRECT_FIELD_NAME))


class SetsUpFactor:
    """A page that gives the user a factor. This session has seen it then; with the first one the others end."""

    did_generate_recovery_codes: bool

    def form_valid(self, form: Any) -> HttpResponse:
        request, user = self.request, self.request.user
        is_first = not factors.has_factor(user)
        response = super().form_valid(form)
        record_authentication(request, user, "mfa", type=self.factor)
        if is_first and sessions.end_other_sessions(user, this=request.session.session_key):
            messages.info(
                request, _("You were signed out everywhere else: there too the second step is asked from now on.")
            )
        return response

    def get_success_url(self) -> str:
        if self.did_generate_recovery_codes:
            return with_onward(self.request, "mfa_view_recovery_codes")
        return onward(self.request, "mfa_index")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"onward": get_next_redirect_url(self.request)}


@method_decorator(never_cache, name="dispatch")
class ActivateApp(SetsUpFactor, ActivateTOTPView):
    factor = Authenticator.Type.TOTP


@method_decorator(never_cache, name="dispatch")
class AddPasskey(SetsUpFactor, AddWebAuthnView):
    factor = Authenticator.Type.WEBAUTHN

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        # allauth asks for a mere key here, and leaves it to a script to ask for more.
        options = auth.begin_registration(self.request.user, passwordless=True)
        return context | {"js_data": {"creation_options": options}}


class RemovePasskey(RemoveWebAuthnView):
    def form_valid(self, form: Any) -> HttpResponse:
        if not factors.may_remove(self.object):
            messages.error(self.request, _("Set up another second step before you take this one away."))
            return redirect("mfa_list_webauthn")
        return super().form_valid(form)


@method_decorator(never_cache, name="dispatch")
class RecoveryCodes(ViewRecoveryCodesView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"onward": get_next_redirect_url(self.request)}
