"""Indexes, documents and tasks in memory: what the routes of the stand-in do.

It finds, filters, counts and sorts as documented. It ranks nothing: a query's words must all begin words of the
document, and what is found comes in the order of the ids unless the search sorts it.
"""

import itertools
import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.meilisearch.filters import BadFilter, Predicate, compiled, metres

DEFAULTS: Mapping[str, Any] = {
    "displayedAttributes": ["*"],
    "searchableAttributes": ["*"],
    "filterableAttributes": [],
    "sortableAttributes": [],
    "rankingRules": ["words", "typo", "proximity", "attributeRank", "sort", "wordPosition", "exactness"],
    "stopWords": [],
    "synonyms": {},
    "distinctAttribute": None,
    "typoTolerance": {"enabled": True},
    "faceting": {"maxValuesPerFacet": 100},
    "pagination": {"maxTotalHits": 1000},
    "searchCutoffMs": None,
}
UID = re.compile(r"[a-zA-Z0-9_-]{1,400}")
DOCUMENT_ID = re.compile(r"[a-zA-Z0-9_-]{1,511}")
SORT = re.compile(r"(?:_geoPoint\((?P<lat>[-\d.]+), ?(?P<lng>[-\d.]+)\)|(?P<name>\w+)):(?P<way>asc|desc)")

type Document = dict[str, Any]


class Refused(Exception):
    """An answer that is an error of Meilisearch: its status, code and words."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status

    @property
    def body(self) -> dict[str, str]:
        kind = "auth" if self.status in (401, 403) else "internal" if self.status >= 500 else "invalid_request"
        return {"message": self.message, "code": self.code, "type": kind, "link": f"https://docs/errors#{self.code}"}


def now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


@dataclass
class Index:
    uid: str
    primary_key: str | None = None
    settings: dict[str, Any] = field(default_factory=lambda: dict(DEFAULTS))
    documents: dict[str, Document] = field(default_factory=dict)
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)

    def view(self) -> dict[str, Any]:
        return {
            "uid": self.uid,
            "primaryKey": self.primary_key,
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
        }


@dataclass
class Task:
    uid: int
    kind: str
    index_uid: str | None
    work: Callable[[], None]
    status: str = "enqueued"
    error: dict[str, str] | None = None
    enqueued_at: str = field(default_factory=now)
    started_at: str | None = None
    finished_at: str | None = None

    def summary(self) -> dict[str, Any]:
        return {
            "taskUid": self.uid,
            "indexUid": self.index_uid,
            "status": self.status,
            "type": self.kind,
            "enqueuedAt": self.enqueued_at,
        }

    def view(self) -> dict[str, Any]:
        times = {"startedAt": self.started_at, "finishedAt": self.finished_at}
        return {
            "uid": self.uid,
            "indexUid": self.index_uid,
            "status": self.status,
            "type": self.kind,
            "error": self.error,
            "enqueuedAt": self.enqueued_at,
        } | {name: time for name, time in times.items() if time}


class Engine:
    """Tasks are worked through one after the other, in their order, by a thread of its own."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.waiting = threading.Condition(self.lock)
        self.reset()
        threading.Thread(target=self._work, daemon=True).start()

    def reset(self) -> None:
        with self.lock:
            self.indexes: dict[str, Index] = {}
            self.tasks: list[Task] = []
            self.is_held = False
            self.failing: str = ""

    # Tasks

    def enqueue(self, kind: str, index_uid: str | None, work: Callable[[], None]) -> dict[str, Any]:
        if index_uid is not None and not UID.fullmatch(index_uid):
            raise Refused("invalid_index_uid", f"`{index_uid}` is not a valid index uid.")
        with self.waiting:
            task = Task(len(self.tasks), kind, index_uid, work)
            self.tasks.append(task)
            summary = task.summary()
            self.waiting.notify_all()
        return summary

    def task(self, uid: str) -> dict[str, Any]:
        with self.lock:
            if not uid.isdecimal():
                raise Refused("invalid_task_uids", f"Task uid `{uid}` is invalid.")
            if int(uid) >= len(self.tasks):
                raise Refused("task_not_found", f"Task `{uid}` not found.", 404)
            return self.tasks[int(uid)].view()

    def hold(self, *, is_held: bool) -> None:
        """Leave tasks enqueued, or go on with them."""
        with self.waiting:
            self.is_held = is_held
            self.waiting.notify_all()

    def _work(self) -> None:
        while True:
            with self.waiting:
                task = None if self.is_held else next((t for t in self.tasks if t.status == "enqueued"), None)
                if task is None:
                    self.waiting.wait()
                    continue
                task.status, task.started_at = "processing", now()
            with self.lock:
                try:
                    if self.failing == task.kind:
                        raise Refused("internal", "An internal error has occurred.", 500)
                    task.work()
                    task.status = "succeeded"
                except Refused as refusal:
                    task.status, task.error = "failed", refusal.body
                task.finished_at = now()

    # Indexes

    def index(self, uid: str) -> Index:
        if uid not in self.indexes:
            raise Refused("index_not_found", f"Index `{uid}` not found.", 404)
        return self.indexes[uid]

    def create(self, uid: str, primary_key: str | None) -> dict[str, Any]:
        def work() -> None:
            if uid in self.indexes:
                raise Refused("index_already_exists", f"Index `{uid}` already exists.")
            self.indexes[uid] = Index(uid, primary_key)

        return self.enqueue("indexCreation", uid, work)

    def drop(self, uid: str) -> dict[str, Any]:
        def work() -> None:
            self.index(uid)
            del self.indexes[uid]

        return self.enqueue("indexDeletion", uid, work)

    def configure(self, uid: str, settings: Mapping[str, Any]) -> dict[str, Any]:
        if unknown := settings.keys() - DEFAULTS.keys():
            raise Refused("bad_request", f"Unknown field `{min(unknown)}`.")

        def work() -> None:
            index = self.indexes.setdefault(uid, Index(uid))
            index.settings |= {name: DEFAULTS[name] if value is None else value for name, value in settings.items()}

        return self.enqueue("settingsUpdate", uid, work)

    def swap(self, pairs: list[Mapping[str, Any]]) -> dict[str, Any]:
        named = [uid for pair in pairs for uid in pair["indexes"]]
        if any(len(pair["indexes"]) != 2 for pair in pairs):
            raise Refused("invalid_swap_indexes", "Two indexes must be given for each swap.")
        if len(set(named)) < len(named):
            raise Refused("invalid_swap_duplicate_index_found", "Indexes must be declared only once during a swap.")

        def work() -> None:
            for uid in named:
                self.index(uid)
            for one, other in (pair["indexes"] for pair in pairs):
                self.indexes[one], self.indexes[other] = self.indexes[other], self.indexes[one]
                self.indexes[one].uid, self.indexes[other].uid = one, other

        return self.enqueue("indexSwap", None, work)

    # Documents

    def add(self, uid: str, documents: list[Document], primary_key: str | None, *, is_update: bool) -> dict[str, Any]:
        def work() -> None:
            index = self.indexes.setdefault(uid, Index(uid))
            index.primary_key = key = index.primary_key or primary_key or self._guessed_key(documents)
            checked = {self._document_id(document, key): document for document in documents}
            for name, document in checked.items():
                self._check_place(document)
                known = index.documents.get(name, {}) if is_update else {}
                index.documents[name] = known | document
            index.updated_at = now()

        return self.enqueue("documentAdditionOrUpdate", uid, work)

    def remove(self, uid: str, ids: list[Any] | None, expression: Any = None) -> dict[str, Any]:
        def work() -> None:
            index = self.index(uid)
            if ids is None:
                going = [
                    name for name, document in index.documents.items() if self._filter(index, expression)(document)
                ]
            else:
                going = [str(each) for each in ids]
            for name in going:
                index.documents.pop(name, None)

        return self.enqueue("documentDeletion", uid, work)

    def fetch(self, uid: str, query: Mapping[str, Any]) -> dict[str, Any]:
        index = self.index(uid)
        fits = self._filter(index, query.get("filter"), "invalid_document_filter")
        found = [document for document in self._in_order(index) if fits(document)]
        if query.get("ids") is not None:
            wanted = set(map(str, query["ids"]))
            found = [document for document in found if str(document[index.primary_key]) in wanted]
        offset, limit = query.get("offset", 0), query.get("limit", 20)
        page = [shown(document, query.get("fields")) for document in found[offset : offset + limit]]
        return {"results": page, "offset": offset, "limit": limit, "total": len(found)}

    @staticmethod
    def _in_order(index: Index) -> list[Document]:
        return [index.documents[name] for name in sorted(index.documents, key=lambda name: (len(name), name))]

    @staticmethod
    def _guessed_key(documents: list[Document]) -> str:
        candidates = [name for name in (documents[0] if documents else {}) if name.casefold().endswith("id")]
        if len(candidates) != 1:
            raise Refused("index_primary_key_no_candidate_found", "The primary key inference failed.")
        return candidates[0]

    @staticmethod
    def _document_id(document: Document, key: str) -> str:
        if key not in document:
            raise Refused("missing_document_id", f"Document doesn't have a `{key}` attribute.")
        name = document[key]
        if isinstance(name, bool) or not isinstance(name, int | str) or not DOCUMENT_ID.fullmatch(str(name)):
            raise Refused("invalid_document_id", f"Document identifier `{name}` is invalid.")
        return str(name)

    @staticmethod
    def _check_place(document: Document) -> None:
        place, shape = document.get("_geo"), document.get("_geojson")
        try:
            if place is not None:
                assert place.keys() == {"lat", "lng"}
                assert abs(float(place["lat"])) <= 90
                assert abs(float(place["lng"])) <= 180
            if shape is not None:
                assert shape["type"] == "Feature"
                assert shape["geometry"]["type"] == "MultiPoint"
                assert all(len(point) == 2 for point in shape["geometry"]["coordinates"])
        except (AssertionError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise Refused("invalid_document_geo_field", "Could not parse the place of a document.") from error

    @staticmethod
    def _filter(index: Index, expression: Any, code: str = "invalid_search_filter") -> Predicate:
        try:
            return compiled(expression, index.settings["filterableAttributes"])
        except BadFilter as error:
            raise Refused(code, str(error)) from error

    # Search

    def search(self, query: Mapping[str, Any]) -> dict[str, Any]:
        index = self.index(query["indexUid"])
        settings = index.settings
        text = query.get("q") or ""
        fits = self._filter(index, query.get("filter"))
        found = [document for document in self._in_order(index) if fits(document) and has_words(document, text)]
        found = self._sorted(index, found, query.get("sort") or [])
        reachable = found[: settings["pagination"]["maxTotalHits"]]

        if query.get("page") is not None or query.get("hitsPerPage") is not None:
            page, size = query.get("page") or 1, query.get("hitsPerPage", 20)
            pages = -(-len(reachable) // size) if size else 0
            hits = reachable[(page - 1) * size : page * size]
            counted = {"hitsPerPage": size, "page": page, "totalPages": pages, "totalHits": len(reachable)}
        else:
            offset, limit = query.get("offset") or 0, query.get("limit", 20)
            hits = reachable[offset : offset + limit]
            counted = {"limit": limit, "offset": offset, "estimatedTotalHits": len(reachable)}
        answer = {
            "indexUid": index.uid,
            "hits": [shown(document, query.get("attributesToRetrieve")) for document in hits],
            "query": text,
            "processingTimeMs": 0,
        } | counted
        if query.get("facets") is not None:
            answer["facetDistribution"] = self._facets(index, found, query["facets"])
            answer["facetStats"] = {}
        return answer

    @staticmethod
    def _facets(index: Index, found: list[Document], names: list[str]) -> dict[str, dict[str, int]]:
        counts = {}
        most = index.settings["faceting"]["maxValuesPerFacet"]
        for name in names:
            if name not in index.settings["filterableAttributes"]:
                raise Refused("invalid_search_facets", f"Attribute `{name}` is not filterable.")
            counted: Counter[str] = Counter()
            for document in found:
                have = document.get(name)
                values = have if isinstance(have, list) else [have]
                counted.update({as_facet(each) for each in values if each is not None})
            counts[name] = dict(itertools.islice(sorted(counted.items()), most))
        return counts

    @staticmethod
    def _sorted(index: Index, found: list[Document], rules: list[str]) -> list[Document]:
        """By the last rule first, for sorting is stable; documents without the attribute are the last either way."""
        for rule in reversed(rules):
            read = SORT.fullmatch(rule)
            if read is None:
                raise Refused("invalid_search_sort", f"Invalid syntax for the sort parameter: `{rule}`.")
            name, is_descending = read["name"] or "_geo", read["way"] == "desc"
            if name not in index.settings["sortableAttributes"]:
                raise Refused("invalid_search_sort", f"Attribute `{name}` is not sortable.")
            here = (float(read["lat"]), float(read["lng"])) if read["lat"] else None

            def key(document: Document, name: str = name, here: tuple[float, float] | None = here) -> Any:
                have = document[name]
                return metres(here, (float(have["lat"]), float(have["lng"]))) if here else have

            have = [document for document in found if document.get(name) is not None]
            found = sorted(have, key=key, reverse=is_descending) + [d for d in found if d.get(name) is None]
        return found


def shown(document: Document, names: list[str] | None) -> Document:
    return {name: value for name, value in document.items() if names is None or "*" in names or name in names}


def as_facet(value: Any) -> str:
    """Numbers are told as the server does: without a fraction where there is none."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def has_words(document: Document, text: str) -> bool:
    if not text.strip():
        return True
    have = re.findall(r"\w+", " ".join(map(str, document.values())).casefold())
    return all(any(known.startswith(word) for known in have) for word in re.findall(r"\w+", text.casefold()))
