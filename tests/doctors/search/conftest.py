from collections.abc import Iterator

import pytest
from pytest_django import Settings

from doctors.search import index, meilisearch
from tests.meilisearch.process import KEY, Meilisearch


@pytest.fixture(scope="session")
def meilisearch_process() -> Iterator[Meilisearch]:
    with Meilisearch() as running:
        yield running


@pytest.fixture
def server(meilisearch_process: Meilisearch, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Meilisearch:
    """The search server that the portal is set to, empty and well. Nobody here waits but those who test waiting."""
    meilisearch_process.reset()
    settings.MEILISEARCH_URL, settings.MEILISEARCH_KEY = meilisearch_process.url, KEY
    monkeypatch.setattr(meilisearch, "TIMEOUT", 30)
    monkeypatch.setattr(index, "SECONDS", 30)
    meilisearch.fuse.mend()
    index.fuse.mend()
    return meilisearch_process
