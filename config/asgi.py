"""Sockets, for daphne: it serves `/ws/` alone, pages are gunicorn's (docs/architecture.md has the figures)."""

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("DATABASE_POOL", "1")

from django.core.asgi import get_asgi_application

# Before anything that reads a model is imported.
pages = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import OriginValidator  # noqa: E402
from channels.sessions import CookieMiddleware  # noqa: E402
from django.conf import settings  # noqa: E402

from config.routing import websocket_urlpatterns  # noqa: E402

if "daphne.server" in sys.modules:
    from config.closing import teach_daphne

    teach_daphne()
    # The loop gives the interpreter away at each read and write of a socket; from a thread that is busy with rows it
    # would have it back after five milliseconds, several times a message.
    sys.setswitchinterval(0.0005)

application = ProtocolTypeRouter(
    {
        # `manage.py runserver` and the health checks; in production the proxy sends only /ws/ here.
        "http": pages,
        "websocket": OriginValidator(CookieMiddleware(URLRouter(websocket_urlpatterns)), settings.CSRF_TRUSTED_ORIGINS),
    }
)
