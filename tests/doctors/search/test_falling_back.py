"""A search server that is down, slow or confused is noticed once, told of once, and costs no page its answer."""

import time
from typing import Any

import pytest
import requests
import structlog
from django.urls import reverse
from pytest_django import Settings

from config.processes import wait_until
from doctors.search import SearchQuery, find_doctors, index, meilisearch
from tests.factories.doctors import DoctorFactory
from tests.meilisearch.process import KEY, Meilisearch
from tests.servers import listening, python

PATIENCE = 60
# The portal's own; the fixture has a longer one, so that nobody else waits in vain on a busy machine.
TIMEOUT = meilisearch.TIMEOUT


@pytest.fixture
def built(db: None, server: Meilisearch) -> Meilisearch:
    """With an index of one doctor, Karim."""
    DoctorFactory(name="Karim Rahman")
    index.rebuild(lambda done, total: None)
    return server


def searches(server: Meilisearch) -> int:
    return sum(each["path"] == "/multi-search" for each in server.asked)


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 401}, {"garbage": "<html>"}])
def test_postgresql_answers_in_its_place_and_one_alert_is_raised(built: Meilisearch, fault: dict[str, Any]) -> None:
    assert find_doctors(SearchQuery(text="karim")).total == 1
    assert searches(built) == 1
    built.set(**fault)
    with structlog.testing.capture_logs() as logged:
        assert [find_doctors(SearchQuery(text="karim")).total for _ in range(3)] == [1, 1, 1]
    assert [line["event"] for line in logged] == ["search_server_away"]
    assert "karim" not in repr(logged)
    assert meilisearch.fuse.is_blown


def test_answer_of_another_shape_is_none(built: Meilisearch) -> None:
    for body in ("[]", "null", '{"results": []}', '{"results": [7]}', '{"results": [{"hits": [1]}]}', "[" * 100_000):
        meilisearch.fuse.mend()
        built.set(garbage=body)
        assert find_doctors(SearchQuery()).total == 1
        assert meilisearch.fuse.is_blown, body


def test_wrong_key_is_a_server_that_is_away(built: Meilisearch, settings: Settings) -> None:
    settings.MEILISEARCH_KEY = "another"
    with structlog.testing.capture_logs() as logged:
        assert find_doctors(SearchQuery()).total == 1
    assert [(line["event"], line["error"]) for line in logged] == [("search_server_away", "HTTP 403")]


def test_index_that_is_not_there_is_a_server_that_is_away(db: None, server: Meilisearch) -> None:
    DoctorFactory()
    assert find_doctors(SearchQuery()).total == 1
    assert meilisearch.fuse.is_blown


def test_slow_server_costs_a_page_its_time_out_and_no_more(built: Meilisearch, monkeypatch: pytest.MonkeyPatch) -> None:
    assert TIMEOUT < 0.5
    monkeypatch.setattr(meilisearch, "TIMEOUT", TIMEOUT)
    built.set(slow=30)
    started = time.monotonic()
    assert find_doctors(SearchQuery(text="karim")).total == 1
    assert find_doctors(SearchQuery(text="karim")).total == 1
    assert time.monotonic() - started < 10
    assert meilisearch.fuse.is_blown


def test_it_is_asked_again_after_a_while_and_that_it_is_back_is_told(built: Meilisearch) -> None:
    built.set(status=503)
    find_doctors(SearchQuery())
    built.set(status=0)
    # The while is over.
    meilisearch.fuse._blown_until = time.monotonic() - 1
    with structlog.testing.capture_logs() as logged:
        assert find_doctors(SearchQuery(text="karim")).total == 1
    assert [line["event"] for line in logged] == ["search_server_back"]
    assert searches(built) == 1


def test_question_that_is_not_understood_is_our_fault_and_no_outage(
    built: Meilisearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meilisearch, "quoted", lambda value: value + " AND AND")
    with structlog.testing.capture_logs() as logged:
        assert find_doctors(SearchQuery(text="karim")).total == 1
    assert [line["event"] for line in logged] == ["search_server_refused"]
    assert not meilisearch.fuse.is_blown


@pytest.mark.django_db(transaction=True)
def test_results_page_goes_on_while_the_server_is_stopped_and_comes_back(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real processes: gunicorn with the product's configuration, and a search server that ends in mid-session."""
    DoctorFactory(name="Karim Rahman")
    monkeypatch.setattr(index, "SECONDS", PATIENCE)
    command = python("gunicorn", "--config", "config/gunicorn.py", "--bind", "fd://{fd}", "--workers", "1")
    with Meilisearch() as own:
        given = {"MEILISEARCH_URL": own.url, "MEILISEARCH_KEY": KEY}
        settings.MEILISEARCH_URL, settings.MEILISEARCH_KEY = own.url, KEY
        index.rebuild(lambda done, total: None)
        with listening("web", [*command, "config.wsgi:application"], **given) as web:

            def page() -> None:
                answer = requests.get(f"{web.url}{reverse('doctors:find')}?q=karim", timeout=PATIENCE)
                assert answer.status_code == 200
                assert "Karim Rahman" in answer.text

            def asks_the_server() -> bool:
                before = searches(own)
                page()
                return searches(own) > before

            def says(event: bytes) -> bool:
                page()
                return event in web.log.read_bytes()

            assert wait_until(asks_the_server, timeout=PATIENCE)
            own.stop()
            assert wait_until(lambda: says(b"search_server_away"), timeout=PATIENCE)
            page()
            own.start_again()
            index.rebuild(lambda done, total: None)
            assert wait_until(lambda: says(b"search_server_back"), timeout=PATIENCE)
            assert asks_the_server()
            assert b"karim" not in web.log.read_bytes().lower()
