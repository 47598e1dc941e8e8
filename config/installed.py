"""The portal as an app on somebody's own phone, and what it shows there without a network.

https://www.w3.org/TR/appmanifest/
"""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from appointments.models import Appointment, Status
from config.found import PORTAL
from config.templatetags.portal import day_clock_long

# As in static/css/tokens.css: the page, and the portal's own colour.
PAGE, BRAND = "#ffffff", "#0b6b69"


@vary_on_headers("Accept-Language", "Cookie")
@cache_control(private=True, max_age=3600)
@require_safe
def manifest(request: HttpRequest) -> JsonResponse:
    """What the app is called in the visitor's language, how it looks, and what its icon leads to at once."""
    icons = [
        {"src": static("img/icon-192.png"), "sizes": "192x192", "type": "image/png"},
        {"src": static("img/icon-512.png"), "sizes": "512x512", "type": "image/png"},
        {"src": static("img/icon-maskable.png"), "sizes": "512x512", "type": "image/png", "purpose": "maskable"},
        {"src": static("img/icon.svg"), "sizes": "any", "type": "image/svg+xml"},
    ]
    shortcuts = [
        {"name": gettext("Find a doctor"), "url": reverse("doctors:find")},
        {"name": gettext("Appointments"), "url": reverse("appointments:list")},
    ]
    facts = {
        "id": "/",
        "name": settings.SITE_NAME,
        "short_name": settings.SITE_NAME,
        "description": str(PORTAL),
        "lang": get_language(),
        "dir": "ltr",
        "start_url": reverse("home"),
        "scope": reverse("home"),
        "display": "standalone",
        "background_color": PAGE,
        "theme_color": BRAND,
        "categories": ["health", "medical"],
        "icons": icons,
        "shortcuts": shortcuts,
    }
    return JsonResponse(facts, content_type="application/manifest+json")


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """The page that a service worker keeps (static/js/worker/service-worker.js). It has nothing of whoever asks."""
    request.user = AnonymousUser()
    return render(request, "offline.html")


@never_cache
@login_required
@require_safe
def next_visit(request: HttpRequest) -> JsonResponse:
    """When the next visit of those for whom the person acts is, and whom to call about it. No names, no reasons."""
    coming = Appointment.objects.held_by(request.user).coming().exclude(status=Status.HELD)
    visit = coming.select_related("place").first()
    if visit is None:
        return JsonResponse({})
    return JsonResponse(
        {
            "starts_at": visit.start.isoformat(),
            "ends_at": visit.end.isoformat(),
            "words": day_clock_long(visit.start),
            "phone": (visit.place.phone if visit.place else "") or settings.SITE_PHONE,
        }
    )
