"""The stand-in answers as Meilisearch is documented to, and refuses what Meilisearch refuses."""

from collections.abc import Iterator
from typing import Any

import meilisearch
import pytest
from meilisearch.errors import MeilisearchApiError

from config.processes import wait_until
from tests.meilisearch.filters import BadFilter, compiled
from tests.meilisearch.process import KEY, Meilisearch

DOCUMENTS: list[dict[str, Any]] = [
    {"id": 1, "name": "Anis", "fee": 500, "tags": ["Heart", "Skin"], "_geo": {"lat": 23.81, "lng": 90.41}},
    {"id": 2, "name": "Bela", "fee": 1500, "tags": ["Skin"], "_geo": {"lat": 22.36, "lng": 91.78}},
    {"id": 3, "name": 'C "D"', "fee": None, "tags": []},
]
SETTINGS: dict[str, Any] = {
    "filterableAttributes": ["id", "name", "fee", "tags", "_geo"],
    "sortableAttributes": ["fee", "_geo"],
}


@pytest.fixture(scope="module")
def process() -> Iterator[Meilisearch]:
    with Meilisearch() as running:
        yield running


@pytest.fixture
def server(process: Meilisearch) -> Meilisearch:
    process.reset()
    return process


@pytest.fixture
def client(server: Meilisearch) -> meilisearch.Client:
    """Meilisearch's own."""
    return meilisearch.Client(server.url, KEY, timeout=30)


@pytest.fixture
def filled(client: meilisearch.Client) -> meilisearch.Client:
    client.index("d").update_settings(SETTINGS)
    task = client.index("d").add_documents(DOCUMENTS, primary_key="id")
    assert client.wait_for_task(task.task_uid, 30_000).status == "succeeded"
    return client


def found(client: meilisearch.Client, **query: Any) -> list[int]:
    (answer,) = client.multi_search([{"indexUid": "d", **query}])["results"]
    return [document["id"] for document in answer["hits"]]


# Filters ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "ids"),
    [
        ("tags = skin", [1, 2]),
        ("tags != skin", [3]),
        ("fee >= 500 AND fee < 1500", [1]),
        ("fee 500 TO 1500", [1, 2]),
        ("tags IN [heart, 'nothing',]", [1]),
        ("tags NOT IN [heart]", [2, 3]),
        ("NOT tags = heart AND fee EXISTS", [2, 3]),
        ("fee IS NULL OR tags = heart", [1, 3]),
        ("fee IS NOT NULL", [1, 2]),
        ("tags IS EMPTY", [3]),
        ("name STARTS WITH b", [2]),
        ("name = \"C \\\"D\\\"\"", [3]),
        ("name = 'C \"D\"'", [3]),
        ("tags = heart OR tags = skin AND fee > 1000", [1, 2]),
        ("(tags = heart OR tags = skin) AND fee > 1000", [2]),
        ("_geoRadius(23.8, 90.4, 5000)", [1]),
        (["tags = skin", ["fee = 500", "fee = 1500"]], [1, 2]),
        ("", [1, 2, 3]),
    ],
)  # fmt: skip
def test_filter_finds(expression: Any, ids: list[int]) -> None:
    fits = compiled(expression, SETTINGS["filterableAttributes"])
    assert [document["id"] for document in DOCUMENTS if fits(document)] == ids


@pytest.mark.parametrize(
    "expression",
    [
        "tags", "tags =", "tags = a b", "= skin", "tags = skin AND", "tags = skin OR OR fee = 1", "(tags = skin",
        "tags = skin)", 'name = "open', "tags IN skin", "tags IN [skin", "fee 1 TO", "tags IS", "secret = 1",
        "tags CONTAINS s", "_geoRadius(1, 2)", "_geoRadius(a, b, c)", "_geoRadius(91, 0, 5)", "tags = AND", "a & b",
        [["fee = 1", ["fee = 2"]]], 7, "(" * 300 + "fee = 1" + ")" * 300,
    ],
)  # fmt: skip
def test_malformed_filter_is_refused(expression: Any) -> None:
    with pytest.raises(BadFilter):
        compiled(expression, SETTINGS["filterableAttributes"])


# By the client -----------------------------------------------------------------------------------------------------


def test_search_filters_sorts_pages_and_counts(filled: meilisearch.Client) -> None:
    assert found(filled, filter="tags = skin", sort=["fee:desc"]) == [2, 1]
    assert found(filled, sort=["fee:asc"]) == [1, 2, 3]
    assert found(filled, sort=["_geoPoint(22.3, 91.8):asc"]) == [2, 1, 3]
    assert found(filled, q="ani") == [1]
    query = {"indexUid": "d", "facets": ["tags", "fee"], "hitsPerPage": 1, "page": 2, "attributesToRetrieve": ["id"]}
    (answer,) = filled.multi_search([query])["results"]
    assert (answer["hits"], answer["totalHits"], answer["totalPages"]) == ([{"id": 2}], 3, 3)
    assert answer["facetDistribution"] == {"tags": {"Heart": 1, "Skin": 2}, "fee": {"500": 1, "1500": 1}}


def test_no_more_is_counted_or_reached_than_the_setting_allows(filled: meilisearch.Client) -> None:
    task = filled.index("d").update_settings({"pagination": {"maxTotalHits": 2}})
    filled.wait_for_task(task.task_uid, 30_000)
    (answer,) = filled.multi_search([{"indexUid": "d", "hitsPerPage": 20}])["results"]
    assert (answer["totalHits"], len(answer["hits"])) == (2, 2)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"filter": "secret = 1"}, "invalid_search_filter"),
        ({"sort": ["name:asc"]}, "invalid_search_sort"),
        ({"sort": ["fee"]}, "invalid_search_sort"),
        ({"facets": ["secret"]}, "invalid_search_facets"),
        ({"hitsPerPage": "20"}, "bad_request"),
        ({"limits": 20}, "bad_request"),
        ({"indexUid": "other"}, "index_not_found"),
    ],
)
def test_wrong_search_is_refused(filled: meilisearch.Client, query: dict[str, Any], code: str) -> None:
    with pytest.raises(MeilisearchApiError) as refused:
        found(filled, **query)
    assert refused.value.code == code


def test_documents_are_replaced_changed_and_removed(filled: meilisearch.Client) -> None:
    index = filled.index("d")
    index.add_documents([{"id": 1, "name": "Zia"}])
    index.update_documents([{"id": 2, "fee": 7}])
    task = index.delete_documents(filter="id IN [3]")
    filled.wait_for_task(task.task_uid, 30_000)
    kept = [dict(each) for each in index.get_documents({"limit": 9}).results]
    assert kept == [{"id": 1, "name": "Zia"}, DOCUMENTS[1] | {"fee": 7}]
    assert index.get_stats().number_of_documents == 2


def test_swap_changes_places_and_fails_without_both(filled: meilisearch.Client) -> None:
    task = filled.swap_indexes([{"indexes": ["d", "e"]}])
    failed = filled.wait_for_task(task.task_uid, 30_000)
    assert (failed.status, (failed.error or {})["code"]) == ("failed", "index_not_found")
    filled.create_index("e", {"primaryKey": "id"})
    task = filled.swap_indexes([{"indexes": ["d", "e"]}])
    assert filled.wait_for_task(task.task_uid, 30_000).status == "succeeded"
    assert found(filled) == []
    assert found(filled, indexUid="e") == [1, 2, 3]


def test_task_waits_its_turn_and_tells_how_it_went(server: Meilisearch, client: meilisearch.Client) -> None:
    server.set(hold_tasks=True)
    task = client.index("d").add_documents([{"id": "no id, this"}], primary_key="id")
    assert (task.status, client.get_task(task.task_uid).status) == ("enqueued", "enqueued")
    server.set(hold_tasks=False)
    done = client.wait_for_task(task.task_uid, 30_000)
    assert (done.status, (done.error or {})["code"]) == ("failed", "invalid_document_id")
    assert done.finished_at is not None


# By hand ---------------------------------------------------------------------------------------------------------


def test_key_is_looked_at_everywhere_but_at_the_health(server: Meilisearch) -> None:
    assert server.call("GET", "/health", key=None).json() == {"status": "available"}
    assert server.call("POST", "/multi-search", {"queries": []}, key=None).status_code == 401
    wrong = server.call("POST", "/multi-search", {"queries": []}, key="other")
    assert (wrong.status_code, wrong.json()["code"]) == (403, "invalid_api_key")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nowhere", None, 404),
        ("GET", "/indexes/d", None, 404),
        ("PUT", "/multi-search", {"queries": []}, 405),
        ("POST", "/multi-search", None, 400),
        ("POST", "/multi-search", {"searches": []}, 400),
        ("POST", "/indexes", {"primaryKey": "id"}, 400),
        ("POST", "/indexes", {"uid": "a b"}, 400),
        ("POST", "/indexes/d/documents?primary=id", [], 400),
        ("PATCH", "/indexes/d/settings", {"filterable": []}, 400),
        ("PATCH", "/indexes/d/settings", {"sortableAttributes": "fee"}, 400),
        ("POST", "/swap-indexes", [{"indexes": ["d", "d"]}], 400),
        ("GET", "/tasks/7", None, 404),
    ],
)
def test_what_is_not_described_is_refused(server: Meilisearch, method: str, path: str, body: Any, status: int) -> None:
    assert server.call(method, path, body).status_code == status
    assert server.call("GET", "/health").ok


def test_faults_are_set_and_taken_back(server: Meilisearch, client: meilisearch.Client) -> None:
    server.set(status=503)
    assert server.call("GET", "/health").status_code == 503
    server.set(status=0, garbage="<html>")
    assert server.call("GET", "/health").text == "<html>"
    server.set(garbage="", fail_task="settingsUpdate")
    task = client.index("d").update_settings(SETTINGS)
    assert client.wait_for_task(task.task_uid, 30_000).status == "failed"
    server.reset()
    assert server.call("GET", "/health").ok
    assert server.asked == [{"method": "GET", "path": "/health", "body": None}]


def test_it_stops_and_starts_where_it_was() -> None:
    with Meilisearch() as server:
        url = server.url
        server.stop()
        server.start_again()
        assert server.url == url
        assert wait_until(lambda: server.call("GET", "/health").ok, timeout=30, watched=[])
