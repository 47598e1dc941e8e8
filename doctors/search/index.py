"""The search server's index: what it holds of a doctor, and how that is written, made anew and compared.

Whatever changes what the index holds leaves a SearchMark in the same transaction; `write_marked` works them off. One
writer at a time, under an advisory lock: of two who write the same doctor, the one who looked first might come last.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import batched
from typing import Any, cast

import requests
import structlog
from django.conf import settings
from django.db import connection, transaction
from meilisearch import Client
from meilisearch.errors import MeilisearchApiError, MeilisearchError
from meilisearch.models.task import TaskInfo

from config.fuse import Fuse
from doctors.models import DAYS_IN_BITS, ENOUGH_RATINGS, PRIOR_MEAN, Doctor, DoctorListing, Mode, Part, SearchMark
from doctors.search.documents import Document, document

log = structlog.get_logger()

INDEX, NEXT = "doctors", "doctors_next"
BATCH = 500
# For one request, for a batch to be written, and for what takes as long as the index is large.
SECONDS, BATCH_SECONDS, SWAP_SECONDS = 5, 30, 600
WRITING, REBUILDING = 7_203_911, 7_203_912

# No search reaches or counts more, and there are fewer doctors than that.
MOST_HITS = 10_000_000
# What sorts behind every time and every fee, so that nobody has to know where the server puts what is missing.
LAST = 10**12
# The filters are exact and sorting is all the order there is: what a text means is decided in front of the server.
SETTINGS: dict[str, Any] = {
    "displayedAttributes": ["*"],
    "searchableAttributes": ["words"],
    "filterableAttributes": [
        "id", "words", "specialties", "districts", "gender", "languages", "practising_since",
        "fee_video", "fee_in_person", "rating_told", "open_video", "open_in_person", "_geo",
    ],
    "sortableAttributes": [
        "id", "standing", "rating", "rating_count", "fee_video", "fee_in_person", "fee",
        "next_video", "next_in_person", "next", "_geo",
    ],
    "rankingRules": ["sort"],
    "typoTolerance": {"enabled": False},
    "faceting": {"maxValuesPerFacet": 1000},
    "pagination": {"maxTotalHits": MOST_HITS},
}  # fmt: skip

# What the server's client raises where the server is away, slow, or no Meilisearch.
FAILURES = (MeilisearchError, requests.RequestException)
# A server that has failed is not tried again for so long.
fuse = Fuse(seconds=15)

type Entry = dict[str, Any]


class TaskFailed(MeilisearchError):
    """The server took the task and could not do it. `is_ours`: because of what we sent."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(str(error.get("code")))
        self.is_ours = error.get("type") == "invalid_request"


def client() -> Client:
    """The server's own client: for writing, where nobody waits. It is no part of a page."""
    return Client(settings.MEILISEARCH_URL, settings.MEILISEARCH_KEY, timeout=SECONDS)


# What it holds ---------------------------------------------------------------------------------------------------


def entry(doctor: Doctor) -> Entry | None:
    """What the index holds of a doctor of `for_index()`: the document and the listing, public facts alone; None unless
    the doctor is public."""
    written = document(doctor)
    return _entry(written, doctor.listing) if written else None


def _entry(written: Document, listing: DoctorListing) -> Entry:
    fees = {mode: fee for mode, fee in _by_mode(written.fee_video, written.fee_in_person) if fee is not None}
    opens = {mode: time for mode, time in _by_mode(listing.next_open_video, listing.next_open_in_person) if time}
    told = listing.rating if listing.rating_count >= ENOUGH_RATINGS else None
    held: Entry = {
        "id": written.doctor_id,
        "words": list(written.words),
        "specialties": list(written.specialties),
        "districts": list(written.districts),
        "gender": written.gender,
        "languages": list(written.languages),
        "practising_since": written.practising_since,
        "rating": float(PRIOR_MEAN if listing.rating is None else listing.rating),
        "rating_count": listing.rating_count,
        "rating_told": None if told is None else float(told),
        "standing": listing.standing,
        "fee": min(map(float, fees.values()), default=LAST),
        "next": min((int(time.timestamp()) for time in opens.values()), default=LAST),
        "open_video": bits(listing.open_video),
        "open_in_person": bits(listing.open_in_person),
    }
    for mode in Mode:
        held[f"fee_{mode}"] = float(fees[mode]) if mode in fees else None
        held[f"next_{mode}"] = int(opens[mode].timestamp()) if mode in opens else LAST
    if written.points:
        latitude, longitude = written.points[0]
        held["_geo"] = {"lat": latitude, "lng": longitude}
    if len(written.points) > 1:
        # Sorting looks at the first place alone, filters at all of them.
        places = [[longitude, latitude] for latitude, longitude in written.points]
        held["_geojson"] = {
            "type": "Feature",
            "properties": {},
            "geometry": {"type": "MultiPoint", "coordinates": places},
        }
    return held


def _by_mode[T](video: T, in_person: T) -> list[tuple[Mode, T]]:
    return [(Mode.VIDEO, video), (Mode.IN_PERSON, in_person)]


def bits(of: int) -> list[int]:
    """The places of the bits that are set in what models.open_bits made."""
    return [place for place in range(DAYS_IN_BITS * len(Part)) if of >> place & 1]


def entries(doctor_ids: Collection[int]) -> list[Entry]:
    """What the index must hold of these doctors, as far as they are public: a constant number of queries."""
    doctors = Doctor.objects.filter(pk__in=doctor_ids).for_index().order_by("pk")
    return [held for held in map(entry, doctors) if held is not None]


# Writing ---------------------------------------------------------------------------------------------------------


def keep_up(batches: int) -> None:
    """Write what is marked, so many batches at most; an index that is not there is made. While the server is away marks
    wait, and somebody is alerted.
    """
    if not fuse.holds():
        return
    try:
        if settings.MEILISEARCH_URL and not exists(client(), INDEX):
            rebuild(lambda done, total: None)
        for _batch in range(batches):
            if write_marked() < BATCH:
                break
    except UnderWay:
        fuse.mend()
    except FAILURES as error:
        if fuse.blow():
            log.error("search_index_not_written", error=type(error).__name__)
    else:
        fuse.mend()


def write_marked(most: int = BATCH) -> int:
    """Write what is marked into the index, or forget it where there is none; answers how many marks that were.

    Nothing while somebody else writes. Raises FAILURES with the marks as they were: they are for the next time.
    """
    with transaction.atomic():
        if not _lock("pg_try_advisory_xact_lock", WRITING):
            return 0
        marks = dict(SearchMark.objects.order_by("pk").values_list("pk", "doctor_id")[:most])
        if marks and settings.MEILISEARCH_URL:
            server = client()
            _write(server, set(marks.values()), [uid for uid in (INDEX, NEXT) if exists(server, uid)])
        SearchMark.objects.filter(pk__in=marks).delete()
    return len(marks)


def _write(server: Client, doctor_ids: Collection[int], uids: Sequence[str]) -> None:
    held = entries(doctor_ids)
    gone = sorted(set(doctor_ids) - {each["id"] for each in held})
    for uid in uids:
        if held:
            _add(server, uid, held)
        if gone:
            _done(server, server.index(uid).delete_documents(filter=f"id IN [{', '.join(map(str, gone))}]"))


def _add(server: Client, uid: str, held: list[Entry]) -> None:
    """A document that the server does not take keeps none of the others out."""
    try:
        _done(server, server.index(uid).add_documents(held, primary_key="id"))
    except TaskFailed as failed:
        if not failed.is_ours:
            raise
        if len(held) == 1:
            log.error("search_document_refused", doctor=held[0]["id"], error=str(failed))
            return
        half = len(held) // 2
        _add(server, uid, held[:half])
        _add(server, uid, held[half:])


def _done(server: Client, task: TaskInfo, *, within: int = BATCH_SECONDS) -> None:
    """Wait for a task. Raises TaskFailed, and MeilisearchTimeoutError where it takes too long."""
    done = server.wait_for_task(task.task_uid, timeout_in_ms=within * 1000)
    if done.status != "succeeded":
        raise TaskFailed(done.error or {})


def exists(server: Client, uid: str) -> bool:
    try:
        server.get_raw_index(uid)
    except MeilisearchApiError as error:
        if error.code != "index_not_found":
            raise
        return False
    return True


def _lock(function: str, key: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [key])
        (got,) = cursor.fetchone()
    return got is not False


# Making it anew --------------------------------------------------------------------------------------------------


class UnderWay(Exception):
    """Somebody else makes the index anew."""


def rebuild(told: Callable[[int, int], None]) -> None:
    """Make the index anew beside the one that answers, and put it in its place; `told` hears how many of how many.

    What changes meanwhile is written into both. Broken off at any moment, it leaves the old index as it was, and the
    next run begins anew. Raises UnderWay, and FAILURES.
    """
    with _alone():
        server = client()
        if exists(server, NEXT):
            _done(server, server.delete_index(NEXT), within=SWAP_SECONDS)
        _done(server, server.create_index(NEXT, {"primaryKey": "id"}))
        # Settings first: with them afterwards everything would be worked through twice.
        _done(server, server.index(NEXT).update_settings(SETTINGS))
        ids = list(Doctor.objects.public().order_by("pk").values_list("pk", flat=True))
        written = 0
        for batch in batched(ids, BATCH):
            with transaction.atomic():
                _lock("pg_advisory_xact_lock", WRITING)
                _write(server, batch, [NEXT])
            written += len(batch)
            told(written, len(ids))
        with transaction.atomic():
            _lock("pg_advisory_xact_lock", WRITING)
            if not exists(server, INDEX):
                _done(server, server.create_index(INDEX, {"primaryKey": "id"}))
            _done(server, server.swap_indexes([{"indexes": [INDEX, NEXT]}]), within=SWAP_SECONDS)
            _done(server, server.delete_index(NEXT), within=SWAP_SECONDS)


@contextmanager
def _alone() -> Iterator[None]:
    if not _lock("pg_try_advisory_lock", REBUILDING):
        raise UnderWay
    try:
        yield
    finally:
        _lock("pg_advisory_unlock", REBUILDING)


# Comparing -------------------------------------------------------------------------------------------------------


def size() -> int:
    """How many documents the index has."""
    return int(client().index(INDEX).get_stats().number_of_documents)


def differences() -> Iterator[str]:
    """How the index differs from the database, a line each; doctors who are marked are left out of account.

    Raises FAILURES.
    """
    server = client()
    if not exists(server, INDEX):
        yield "there is no index"
        return
    marked = _marked()
    wrong: dict[int, str] = {}
    seen: set[int] = set()
    while held := _page(server, len(seen)):
        expected = {each["id"]: each for each in entries(held)}
        for pk, has in held.items():
            wants = expected.get(pk)
            if wants is None:
                wrong[pk] = "is in the index and not public"
            elif names := sorted(name for name in has | wants if has.get(name) != wants.get(name)):
                wrong[pk] = f"differs in {', '.join(names)}"
        seen |= held.keys()
    for pk in Doctor.objects.public().exclude(pk__in=seen).values_list("pk", flat=True):
        wrong[pk] = "is public and not in the index"
    # What was changed while this went through is none either.
    marked |= _marked()
    yield from (f"doctor {pk} {what}" for pk, what in sorted(wrong.items()) if pk not in marked)


def _page(server: Client, offset: int) -> dict[int, Entry]:
    page = server.index(INDEX).get_documents({"offset": offset, "limit": BATCH})
    documents = (cast(Entry, dict(document)) for document in page.results)
    return {document["id"]: document for document in documents}


def _marked() -> set[int]:
    return set(SearchMark.objects.values_list("doctor_id", flat=True))
