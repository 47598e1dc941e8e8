"""Finding doctors: one question, one answer, behind one seam."""

from contextlib import suppress

from django.conf import settings

from doctors.search.meilisearch import MeilisearchSearch, Unavailable
from doctors.search.postgres import PostgresSearch
from doctors.search.query import PAGE_SIZE, Available, Filter, Near, SearchBackend, SearchQuery, SearchResult, Sort

__all__ = [
    "PAGE_SIZE",
    "Available",
    "Filter",
    "Near",
    "SearchBackend",
    "SearchQuery",
    "SearchResult",
    "Sort",
    "find_doctors",
]

_server, _database = MeilisearchSearch(), PostgresSearch()


def find_doctors(query: SearchQuery) -> SearchResult:
    """One page of the public doctors that fit the query: by the search server, where there is one that answers."""
    if settings.MEILISEARCH_URL:
        # That it is away is said where it is noticed.
        with suppress(Unavailable):
            return _server.search(query)
    return _database.search(query)
