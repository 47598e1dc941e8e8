"""The portal as an app on somebody's own phone: https://www.w3.org/TR/appmanifest/"""

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

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
    about = gettext("Find a verified doctor, see open times, book and pay online. Video or in person.")
    facts = {
        "id": "/",
        "name": settings.SITE_NAME,
        "short_name": settings.SITE_NAME,
        "description": about,
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
