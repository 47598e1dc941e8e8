"""`/live`: the process runs. `/ready`: it can serve a page. Answered before hosts, sessions or HTTPS are looked at."""

from collections.abc import Callable

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

from config.cache import CacheDown

migrated = False


def database_state() -> str:
    """`ok`, `down` or `unmigrated`. Once the migrations are found applied they are not looked at again."""
    global migrated
    try:
        if not migrated:
            executor = MigrationExecutor(connection)
            if executor.migration_plan(executor.loader.graph.leaf_nodes()):
                return "unmigrated"
            migrated = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "down"
    return "ok"


def valkey_state() -> str:
    """`ok` or `down`. Pages, bookings and payments go on without it; what waits in it drains later."""
    try:
        cache.get("ready")
    except CacheDown:
        return "down"
    return "ok"


class HealthMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/live":
            return JsonResponse({"live": True})
        if request.path == "/ready":
            draining = settings.DRAIN_FILE.exists()
            states = {"database": database_state(), "valkey": valkey_state(), "draining": draining}
            ready = states["database"] == "ok" and not draining
            return JsonResponse(states | {"ready": ready}, status=200 if ready else 503)
        return self.get_response(request)
