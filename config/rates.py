"""How often one address may ask, counted in the shared cache, a minute at a time."""

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def is_too_often(request: HttpRequest, about: str, *, a_minute: int) -> bool:
    """Count one more of this minute's from this address; whether that was more than there may be."""
    key = f"asked:{about}:{get_adapter().get_client_ip(request)}"
    cache.add(key, 0, timeout=60)
    try:
        return cache.incr(key) > a_minute
    except ValueError:
        # It ran out between the two.
        return False


def too_often(request: HttpRequest) -> HttpResponse:
    """The page that says so, with when to come back."""
    response = render(request, "errors/429.html", status=429)
    response["Retry-After"] = "60"
    return response
