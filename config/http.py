"""What every view needs of HTTP: refusals, fragments, domain errors in words, facts for every template."""

from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme

from config.errors import DomainError

log = structlog.get_logger()

THEMES = ("light", "dark")


def require(allowed: bool) -> None:
    """Raise PermissionDenied (a 403) unless the rule said yes."""
    if not allowed:
        raise PermissionDenied


def respond(request: HttpRequest, template: str, *, partial: str, **context: Any) -> HttpResponse:
    """The page, or to htmx only the named partial of it. The server names the partial, never the client."""
    if request.htmx and not request.htmx.boosted:
        template = f"{template}#{partial}"
    response = render(request, template, context)
    # One address, two bodies: the browser's back button must not take a fragment for the page.
    patch_vary_headers(response, ["HX-Request"])
    return response


def site(request: HttpRequest) -> dict[str, Any]:
    """Facts for every template: the portal's name, whether it is a demo, the theme that the visitor chose."""
    theme = request.COOKIES.get(settings.THEME_COOKIE_NAME, "")
    return {
        "site_name": settings.SITE_NAME,
        "site_origin": settings.SITE_ORIGIN,
        "demo": settings.DEMO,
        "second_factor_relaxed": settings.DEMO and not settings.SECOND_FACTOR_REQUIRED,
        "theme": theme if theme in THEMES else "",
    }


class DomainErrorMiddleware:
    """A DomainError becomes a page that says what is wrong and where to go on, with the error's status."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, DomainError):
            return None
        log.info("refused", error=type(exception).__name__)
        return render(request, "errors/refused.html", {"message": exception.message}, status=exception.status)


def next_path(request: HttpRequest, *, otherwise: str) -> str:
    """Where the form's `next` leads, if that is a page of this portal; else the URL named `otherwise`."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if wanted and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return wanted
    return reverse(otherwise)
