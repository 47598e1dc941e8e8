"""Coming in by a code: what allauth does, and a sentence where a code leads nowhere any more."""

from typing import Any

from allauth.account import views as base
from allauth.account.internal.decorators import login_not_required
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _

from accounts import sessions


class RequestLoginCode(base.RequestLoginCodeView):
    """Whether to stay signed in is asked here: the page with the code has the code alone."""

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        self.request.session[sessions.REMEMBERED] = form.cleaned_data["remember"]
        return response


class OverIsSaid:
    """A page for a code that ran out, was used, or was sent to another browser says so, and where to go on."""

    _process: Any = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        if self._process is None and not request.user.is_authenticated:
            messages.warning(
                request,
                _(
                    "There is no code to type in here. It ran out after ten minutes, was used already, "
                    "or was sent for another browser. Ask for a new one."
                ),
            )
        return response


class ConfirmLoginCode(OverIsSaid, base.ConfirmLoginCodeView):
    pass


class ConfirmResetCode(OverIsSaid, base.ConfirmPasswordResetCodeView):
    pass


class CompleteReset(OverIsSaid, base.CompletePasswordResetView):
    pass


@method_decorator(login_not_required, name="dispatch")
class ConfirmEmail(OverIsSaid, base.ConfirmEmailVerificationCodeView):
    pass
