"""The link of an invitation: a password is set, and the second step follows."""

from typing import Any

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.contrib.auth import views as base
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts.forms import SetPasswordForm
from accounts.invitations import accept_invitation, tokens


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class Invitation(base.PasswordResetConfirmView):
    """Django's own way with such links: the token leaves the address before anything is shown."""

    form_class = SetPasswordForm
    template_name = "accounts/invitation.html"
    token_generator = tokens
    reset_url_token = "choose-password"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            return redirect("home")
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        form.save()
        accept_invitation(self.user)
        record_authentication(self.request, self.user, method="password", email=self.user.email)
        return perform_login(self.request, Login(user=self.user, redirect_url=reverse("home"), email=self.user.email))
