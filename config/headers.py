"""What every answer tells the browser: which parts of the device a page may use, who may embed it, what is kept."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_cache_control

# Parts of the device that pages could ask for: none of them is anybody's here.
CLOSED = (
    *("accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "geolocation"),
    *("gyroscope", "hid", "magnetometer", "microphone", "midi", "payment", "serial", "usb", "xr-spatial-tracking"),
)
FOR_CALLS = frozenset({"autoplay", "camera", "display-capture", "microphone"})
FOR_POSITION = frozenset({"geolocation"})
CSP_REPORTS = "/csp-reports/"


def permissions_policy(*, opened: frozenset[str] = frozenset()) -> str:
    return ", ".join(f"{name}=({'self' if name in opened else ''})" for name in CLOSED)


def for_calls[**P](view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
    """For the pages of a call and of what prepares it, and no others: they may ask for camera, microphone, screen."""
    return _opening(FOR_CALLS, view)


def for_position[**P](view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
    """For the results page alone: it may ask where the browser is, to find doctors near it."""
    return _opening(FOR_POSITION, view)


def _opening[**P](parts: frozenset[str], view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
    @wraps(view)
    def opened(*args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = view(*args, **kwargs)
        response.headers["Permissions-Policy"] = permissions_policy(opened=parts)
        return response

    return opened


class HeadersMiddleware:
    """Adds what Django's own middleware leaves out. Nothing that a signed-in person sees is kept by the browser."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", permissions_policy())
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Reporting-Endpoints", f'csp="{CSP_REPORTS}"')
        user: Any = getattr(request, "user", None)
        if user is not None and user.is_authenticated:
            patch_cache_control(response, private=True, no_store=True)
        return response
