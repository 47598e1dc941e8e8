"""How often one address may ask, counted in the shared cache, a minute at a time."""

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def asks_too_often(request: HttpRequest, about: str, *, a_minute: int) -> bool:
    """Count one more of this minute's from this address; whether that was more than there may be."""
    return is_too_often(f"{about}:{get_adapter().get_client_ip(request)}", a_minute)


def is_too_often(key: str, limit: int) -> bool:
    """Count one more of this minute's under this key; whether that was more than the limit."""
    cache.add(key, 0, timeout=60)
    try:
        return cache.incr(key) > limit
    except ValueError:
        # It ran out between the two.
        return False


def too_often(request: HttpRequest) -> HttpResponse:
    """The page that says so, with when to come back."""
    response = render(request, "errors/429.html", status=429)
    response["Retry-After"] = "60"
    return response
