"""Finding doctors: one question, one answer, behind one seam."""

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

backend: SearchBackend = PostgresSearch()


def find_doctors(query: SearchQuery) -> SearchResult:
    """One page of the public doctors that fit the query."""
    return backend.search(query)
