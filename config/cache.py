"""The cache, which the limits on guessing passwords are counted in: where it is down, whoever needs it is refused.

Valkey may fail and pages go on; what must be counted must not go on uncounted. So a call to the cache that cannot be
made raises CacheDown, and the page that asked is a 503 that says to try again, before a password was looked at.
"""

from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate

import structlog
from django.core.cache.backends.redis import RedisCache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from redis.exceptions import RedisError

from config.fuse import Fuse

log = structlog.get_logger()


class CacheDown(Exception):
    """The cache does not answer, or did not a moment ago."""


# A server that takes connections and never answers would hold every page that needs it, and its thread, for seconds.
PAUSE = 3
# One for each server in the process: Django makes a cache object for each thread.
fuses: defaultdict[str, Fuse] = defaultdict(lambda: Fuse(seconds=PAUSE))


def guarded[**P, R](call: Callable[Concatenate["Cache", P], R]) -> Callable[Concatenate["Cache", P], R]:
    @wraps(call)
    def guard(self: "Cache", *args: P.args, **kwargs: P.kwargs) -> R:
        if not self.fuse.holds():
            raise CacheDown
        try:
            answer = call(self, *args, **kwargs)
        except RedisError as error:
            self.fuse.blow()
            log.warning("cache_unreachable", error=type(error).__name__, pause=PAUSE)
            raise CacheDown from error
        self.fuse.mend()
        return answer

    return guard


class Cache(RedisCache):
    """Django's cache in Valkey. Each call raises CacheDown where Valkey is down, quickly after the first."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self.fuse = fuses[server]

    add = guarded(RedisCache.add)
    get = guarded(RedisCache.get)
    set = guarded(RedisCache.set)
    touch = guarded(RedisCache.touch)
    delete = guarded(RedisCache.delete)
    get_many = guarded(RedisCache.get_many)
    has_key = guarded(RedisCache.has_key)
    incr = guarded(RedisCache.incr)
    set_many = guarded(RedisCache.set_many)
    delete_many = guarded(RedisCache.delete_many)
    clear = guarded(RedisCache.clear)

    @guarded
    def add_up(self, key: str, name: str, count: int = 1) -> None:
        """Add to one of the sums that are kept under this key; none is lost where many add at once."""
        self._cache.get_client(None, write=True).hincrby(self.make_and_validate_key(key), name, count)

    @guarded
    def take_sums(self, key: str) -> dict[str, int]:
        """The sums under this key, which begin anew; each is given to one caller alone."""
        found = self.make_and_validate_key(key)
        sums, _gone = self._cache.get_client(None, write=True).pipeline().hgetall(found).delete(found).execute()
        return {name.decode(): int(count) for name, count in sums.items()}


class CacheDownMiddleware:
    """A page that cannot do without the cache is a 503, in words, with the seconds after which to try again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, CacheDown):
            return None
        facts: dict[str, Any] = {"again": request.get_full_path() if request.method in {"GET", "HEAD"} else ""}
        response = render(request, "errors/503.html", facts, status=503)
        response["Retry-After"] = str(PAUSE + 2)
        return response
