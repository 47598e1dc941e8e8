"""On every page: the signed-in person's own language and clock, and what the trail and the history note of them."""

from collections.abc import Callable

import pghistory
from allauth.account.adapter import get_adapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from accounts.trail import coming_from


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
