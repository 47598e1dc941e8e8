"""What stands between a request and its page: the session's end, the second factor, language and clock, the trail."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pghistory
from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME, logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from accounts import factors, sessions
from accounts.trail import coming_from

# Requests that a page sends by itself say so: they do not count as the person's use of the session.
UNATTENDED = "X-Unattended"
SESSION_OVER = "session:over"
# Where someone gets without the second factor that they must have: to set it up or to show it, and out. No health data.
BEFORE_THE_FACTOR = frozenset(
    {
        *("account_logout", "account_reauthenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn"),
        *("second_factor", "theme", "set_language", "csp_report", "session_left"),
        *("service_worker", "unsubscribe"),
    }
)
TO_SET_IT_UP = frozenset(
    {
        *("mfa_activate_totp", "mfa_add_webauthn", "account_email", "account_email_verification_sent"),
    }
)


class SessionLimitsMiddleware:
    """Ends a session that was unused or open for too long, and notes now and then that one is in use.

    Pieces of a page that htmx asked for are not answered with a page to sign in: the whole page goes there, or is told
    where it asked by itself.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            if sessions.is_over(request.session, request.user):
                logout(request)
            elif UNATTENDED not in request.headers:
                sessions.keep_alive(request.session, request.user)
        # Its cookie came, and it is not there (any more).
        is_gone = settings.SESSION_COOKIE_NAME in request.COOKIES and request.session.session_key is None
        response = self.get_response(request)
        if not is_turned_away(request, response):
            return response
        if request.htmx and UNATTENDED in request.headers:
            # What somebody typed stays on the page: it is told, and not sent away.
            return HttpResponse(status=204, headers={"HX-Trigger": SESSION_OVER})
        if is_gone:
            messages.info(request, _("Your session has ended. Sign in to go on where you were."))
        where = f"{resolve_url(settings.LOGIN_URL)}?{next_of(request)}"
        return HttpResponseClientRedirect(where) if request.htmx else redirect(where)


class SecondFactorMiddleware:
    """Nobody who must have a second factor gets to a page before this session has seen it.

    Everything is closed but what stands above, the admin too. Whoever has none is led to set one up, whoever has one
    to show it; both come back to where they were going.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        user = request.user
        if not user.is_authenticated or sessions.is_whole(request.session, user):
            return None
        name = request.resolver_match.view_name
        if name in BEFORE_THE_FACTOR or (name in TO_SET_IT_UP and not factors.has_factor(user)):
            return None
        where = f"{reverse('second_factor')}?{next_of(request)}"
        return HttpResponseClientRedirect(where) if request.htmx else redirect(where)


def is_turned_away(request: HttpRequest, response: HttpResponse) -> bool:
    """Whether a page that wants to know who asks sent the request to the sign-in, to come back to this same address."""
    if response.status_code != 302:
        return False
    where = urlsplit(response["Location"])
    back = parse_qs(where.query).get(REDIRECT_FIELD_NAME)
    return where.path == resolve_url(settings.LOGIN_URL) and back == [request.get_full_path()]


def next_of(request: HttpRequest) -> str:
    """The page to come back to, as a query: for a piece of a page or a form that was sent, the page that it is on."""
    here = request.get_full_path()
    if request.htmx:
        here = request.htmx.current_url_abs_path or here
    elif request.method not in {"GET", "HEAD"}:
        page = urlsplit(request.headers.get("Referer", ""))
        if page.netloc == request.get_host():
            here = page._replace(scheme="", netloc="").geturl()
    return urlencode({REDIRECT_FIELD_NAME: here})


class PreferencesMiddleware:
    """Pages speak the user's language and tell the user's time; a visitor's language is as LocaleMiddleware found."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            with timezone.override(settings.PORTAL_TIME_ZONE):
                return self.get_response(request)
        with timezone.override(request.user.zone), translation.override(request.user.language):
            request.LANGUAGE_CODE = request.user.language
            return self.get_response(request)


class AccountabilityMiddleware:
    """The trail learns where a request came from, the history of a row who changed it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with coming_from(get_adapter().get_client_ip(request)):
            if request.method in ("GET", "HEAD") or not request.user.is_authenticated:
                return self.get_response(request)
            with pghistory.context(user=request.user.pk):
                return self.get_response(request)
