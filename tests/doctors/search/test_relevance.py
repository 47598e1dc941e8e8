import pytest

from doctors.search import index, meilisearch
from tests.doctors.search.relevance import load_doctors, mean, ndcg, scores
from tests.meilisearch.process import Meilisearch

# Of each kind of query, rounded down from what was measured; a change that orders worse shows here.
FLOORS = {"English": 0.9, "Bangla": 0.9, "Transliterated": 0.9, "Typos": 0.9}


@pytest.mark.django_db
def test_sixty_labelled_queries_are_ordered_as_people_want() -> None:
    hold(scores(load_doctors()))


@pytest.mark.django_db
def test_they_are_where_the_search_server_answers(server: Meilisearch) -> None:
    """By its filters and its sorting, which are all that is asked of it; the stand-in does these as documented."""
    keys = load_doctors()
    index.rebuild(lambda done, total: None)
    hold(scores(keys))
    assert not meilisearch.fuse.is_blown


def hold(found: dict[str, dict[str, float]]) -> None:
    assert sum(map(len, found.values())) == 60
    for kind, floor in FLOORS.items():
        worst = sorted(found[kind].items(), key=lambda item: item[1])[:5]
        assert mean(found[kind]) >= floor, (kind, mean(found[kind]), worst)


def test_ndcg_is_one_for_the_best_order_and_less_for_any_other() -> None:
    wanted = {"a": 3, "b": 1}
    assert ndcg(["a", "b", "c"], wanted) == 1.0
    assert ndcg(["b", "a"], wanted) == pytest.approx((1 + 7 / 1.58496) / (7 + 1 / 1.58496), rel=1e-4)
    assert ndcg(["c"], wanted) == 0.0
