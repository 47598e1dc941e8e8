"""The search server's index: what it holds, how it keeps up with the database, is made anew and compared."""

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
import structlog
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone
from meilisearch.errors import MeilisearchError

from config.processes import wait_until
from doctors.models import Doctor, DoctorListing, SearchDocument, SearchMark
from doctors.search import index
from doctors.services import mark_stale, suspend_doctor, write_documents
from doctors.tasks import write_index
from tests.factories.accounts import UserFactory
from tests.factories.doctors import DoctorFactory, PracticePlaceFactory
from tests.meilisearch.process import Meilisearch

pytestmark = pytest.mark.django_db

PATIENCE = 60


@pytest.fixture
def built(server: Meilisearch) -> Meilisearch:
    """With an index, and nobody in it."""
    index.rebuild(lambda done, total: None)
    return server


def held(server: Meilisearch, uid: str = index.INDEX) -> dict[int, dict[str, Any]]:
    answer = server.call("POST", f"/indexes/{uid}/documents/fetch", {"limit": 1000}).json()
    return {document["id"]: document for document in answer["results"]}


def marked() -> set[int]:
    return set(SearchMark.objects.values_list("doctor_id", flat=True))


# Marks -----------------------------------------------------------------------------------------------------------


def test_whatever_changes_what_is_held_leaves_a_mark() -> None:
    doctor = DoctorFactory()
    changes: dict[str, Callable[[], object]] = {
        "document": lambda: write_documents([doctor.pk]),
        "rating": lambda: DoctorListing.objects.filter(pk=doctor.pk).update(rating="4.5", rating_count=3),
        "open times": lambda: DoctorListing.objects.filter(pk=doctor.pk).update(next_open_video=timezone.now()),
        "raw": lambda: connection.cursor().execute("UPDATE doctors_doctorlisting SET open_video = 1"),
        "gone": doctor.delete,
    }
    for name, change in changes.items():
        SearchMark.objects.all().delete()
        pk = doctor.pk
        change()
        assert marked() == {pk}, name


def test_booking_leaves_no_mark_of_its_own() -> None:
    doctor = DoctorFactory()
    SearchMark.objects.all().delete()
    mark_stale([doctor.pk])
    assert marked() == set()


def test_mark_goes_with_the_change_that_is_taken_back() -> None:
    doctor = DoctorFactory()
    SearchMark.objects.all().delete()
    with transaction.atomic():
        write_documents([doctor.pk])
        transaction.set_rollback(True)
    assert marked() == set()


# Keeping up ------------------------------------------------------------------------------------------------------


def test_index_follows_the_database(built: Meilisearch) -> None:
    doctor, other = DoctorFactory(name="Karim"), DoctorFactory()
    write_index()
    assert held(built).keys() == {doctor.pk, other.pk}
    suspend_doctor(doctor, reason="Complaints", by=UserFactory(as_admin=True))
    DoctorListing.objects.filter(pk=other.pk).update(rating="4.75", rating_count=9)
    write_index()
    assert {pk: document["rating"] for pk, document in held(built).items()} == {other.pk: 4.75}
    assert marked() == set()


def test_index_that_is_not_there_is_made(server: Meilisearch) -> None:
    doctor = DoctorFactory()
    write_index()
    assert held(server).keys() == {doctor.pk}
    assert list(index.differences()) == []


def test_without_a_server_marks_are_forgotten() -> None:
    DoctorFactory()
    write_index()
    assert marked() == set()


def test_marks_wait_while_the_server_is_away_and_one_alert_is_raised(built: Meilisearch) -> None:
    doctor = DoctorFactory()
    built.set(status=503)
    with structlog.testing.capture_logs() as logged:
        write_index()
        write_index()
    assert [line["event"] for line in logged if line["log_level"] == "error"] == ["search_index_not_written"]
    assert doctor.pk in marked()
    # It is left alone for a while, well or not.
    built.set(status=0)
    write_index()
    assert doctor.pk in marked()
    index.fuse.mend()
    write_index()
    assert held(built).keys() == {doctor.pk}


def test_marks_wait_when_the_server_fails_at_the_task(built: Meilisearch) -> None:
    doctor = DoctorFactory()
    built.set(fail_task="documentAdditionOrUpdate")
    with pytest.raises(MeilisearchError):
        index.write_marked()
    assert doctor.pk in marked()
    assert held(built) == {}


def test_mark_of_a_doctor_who_is_gone_waits_when_the_server_fails_at_the_task(built: Meilisearch) -> None:
    doctor = DoctorFactory()
    write_index()
    suspend_doctor(doctor, reason="Complaints", by=UserFactory(as_admin=True))
    built.set(fail_task="documentDeletion")
    with pytest.raises(MeilisearchError):
        index.write_marked()
    assert marked() == held(built).keys() == {doctor.pk}
    built.set(fail_task="")
    index.write_marked()
    assert marked() == held(built).keys() == set()


def test_document_that_is_refused_keeps_no_other_out(built: Meilisearch, monkeypatch: pytest.MonkeyPatch) -> None:
    doctors = [DoctorFactory() for _ in range(4)]
    entries = index.entries

    def spoilt(doctor_ids: Any) -> list[Any]:
        return [each | ({"_geo": "nowhere"} if each["id"] == doctors[1].pk else {}) for each in entries(doctor_ids)]

    monkeypatch.setattr(index, "entries", spoilt)
    with structlog.testing.capture_logs() as logged:
        write_index()
    assert held(built).keys() == {each.pk for each in doctors} - {doctors[1].pk}
    assert [line["doctor"] for line in logged if line["event"] == "search_document_refused"] == [doctors[1].pk]
    assert marked() == set()


def test_batch_needs_the_same_queries_for_any_number(built: Meilisearch, django_assert_num_queries: Any) -> None:
    for count in (1, 3):
        for _ in range(count):
            DoctorFactory(with_place=True)
        with django_assert_num_queries(9):
            assert index.write_marked()


def test_index_holds_public_facts_alone(built: Meilisearch) -> None:
    place = PracticePlaceFactory(doctor__name="Karim", doctor__fee_video=Decimal(800), phone="+8801711111111")
    PracticePlaceFactory(doctor=place.doctor, district="sylhet")
    doctor = place.doctor
    DoctorListing.objects.filter(pk=doctor.pk).update(next_open_video=timezone.now() + timedelta(hours=1))
    write_documents([doctor.pk])
    (found,) = index.entries([doctor.pk])
    assert found.keys() == {
        "id", "words", "specialties", "districts", "gender", "languages", "practising_since", "rating", "rating_count",
        "rating_told", "standing", "fee", "fee_video", "fee_in_person", "next", "next_video", "next_in_person",
        "open_video", "open_in_person", "_geo", "_geojson",
    }  # fmt: skip
    assert not {"01711111111", "8801711111111", doctor.user.email.partition("@")[0].lower()} & set(found["words"])


@pytest.fixture
def elsewhere(db: None) -> Iterator[psycopg.Connection]:
    """Another process on the same database."""
    database = connection.settings_dict
    address = f"postgresql://{database['USER']}@/{database['NAME']}?host={quote(database['HOST'], safe='')}"
    with psycopg.connect(address, autocommit=True) as other:
        yield other


@pytest.mark.django_db(transaction=True)
def test_one_writes_at_a_time(built: Meilisearch, elsewhere: psycopg.Connection) -> None:
    doctor = DoctorFactory()
    assert elsewhere.execute("SELECT pg_try_advisory_lock(%s)", [index.WRITING]).fetchone() == (True,)
    write_index()
    assert doctor.pk in marked()
    assert held(built) == {}
    elsewhere.execute("SELECT pg_advisory_unlock(%s)", [index.WRITING])
    write_index()
    assert held(built).keys() == {doctor.pk}


@pytest.mark.django_db(transaction=True)
def test_mark_that_comes_while_its_doctor_is_written_is_for_the_next_time(
    built: Meilisearch, elsewhere: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    doctor = DoctorFactory(listing__rating="3.00", listing__rating_count=9)
    entries = index.entries

    def changed_meanwhile(doctor_ids: Collection[int]) -> list[Any]:
        found = entries(doctor_ids)
        elsewhere.execute("UPDATE doctors_doctorlisting SET rating = 4.5")
        return found

    with monkeypatch.context() as patched:
        patched.setattr(index, "entries", changed_meanwhile)
        index.write_marked()
    assert held(built)[doctor.pk]["rating"] == 3
    assert marked() == {doctor.pk}
    write_index()
    assert held(built)[doctor.pk]["rating"] == 4.5


def is_waited_for(elsewhere: psycopg.Connection) -> bool:
    waiting = """SELECT FROM pg_locks JOIN pg_database ON database = pg_database.oid AND datname = current_database()
                 WHERE locktype = 'advisory' AND objid = %s AND NOT granted"""
    return elsewhere.execute(waiting, [index.WRITING]).fetchone() is not None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_swap", [False, True], ids=["batch", "swap"])
def test_making_it_anew_waits_for_whoever_writes(
    built: Meilisearch, elsewhere: psycopg.Connection, *, is_swap: bool
) -> None:
    doctor = DoctorFactory()

    def take() -> None:
        elsewhere.execute("SELECT pg_advisory_lock(%s)", [index.WRITING])

    def rebuild() -> None:
        try:
            index.rebuild(lambda done, total: take() if is_swap else None)
        finally:
            connection.close()

    if not is_swap:
        take()
    with ThreadPoolExecutor() as pool:
        try:
            rebuilt = pool.submit(rebuild)
            assert wait_until(lambda: is_waited_for(elsewhere) or rebuilt.done(), timeout=PATIENCE)
            assert not rebuilt.done()
            assert held(built, index.NEXT).keys() == ({doctor.pk} if is_swap else set())
            assert held(built).keys() == set()
        finally:
            elsewhere.execute("SELECT pg_advisory_unlock_all()")
        rebuilt.result(PATIENCE)
    assert held(built).keys() == {doctor.pk}


def test_one_makes_it_anew_at_a_time(built: Meilisearch, elsewhere: psycopg.Connection) -> None:
    assert elsewhere.execute("SELECT pg_try_advisory_lock(%s)", [index.REBUILDING]).fetchone() == (True,)
    with pytest.raises(CommandError, match="Somebody else is at it"):
        call_command("rebuild_search", stdout=StringIO())
    elsewhere.execute("SELECT pg_advisory_unlock(%s)", [index.REBUILDING])
    call_command("rebuild_search", stdout=StringIO())
    assert elsewhere.execute("SELECT pg_try_advisory_lock(%s)", [index.REBUILDING]).fetchone() == (True,)


# Making it anew --------------------------------------------------------------------------------------------------


def test_new_index_has_its_settings_before_its_documents(server: Meilisearch) -> None:
    doctor = DoctorFactory()
    told: list[tuple[int, int]] = []
    index.rebuild(lambda done, total: told.append((done, total)))
    asked = [f"{each['method']} {each['path']}" for each in server.asked if "tasks" not in each["path"]]
    assert asked.index("PATCH /indexes/doctors_next/settings") < asked.index("POST /indexes/doctors_next/documents")
    assert asked[-2:] == ["POST /swap-indexes", "DELETE /indexes/doctors_next"]
    assert held(server).keys() == {doctor.pk}
    assert server.call("GET", "/indexes/doctors_next").status_code == 404
    assert told == [(1, 1)]


def test_what_changes_meanwhile_is_in_both(built: Meilisearch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "BATCH", 1)
    first, second = DoctorFactory(), DoctorFactory()
    index.write_marked(100)
    during: dict[str, Any] = {}

    def told(done: int, total: int) -> None:
        if done == 1:
            DoctorListing.objects.filter(pk=first.pk).update(rating="1.25", rating_count=7)
            index.write_marked(100)
            during.update(old=held(built), new=held(built, index.NEXT))

    index.rebuild(told)
    assert during["old"].keys() == {first.pk, second.pk}
    assert during["old"][first.pk]["rating"] == during["new"][first.pk]["rating"] == 1.25
    assert held(built)[first.pk]["rating"] == 1.25
    assert held(built).keys() == {first.pk, second.pk}


def test_broken_off_it_leaves_the_old_index_and_begins_anew(built: Meilisearch) -> None:
    doctor = DoctorFactory()
    index.write_marked()

    def broken_off(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index.rebuild(broken_off)
    assert held(built).keys() == {doctor.pk}
    index.rebuild(lambda done, total: None)
    index.rebuild(lambda done, total: None)
    assert held(built).keys() == {doctor.pk}
    assert list(index.differences()) == []


def test_swap_that_fails_leaves_the_old_index(built: Meilisearch) -> None:
    doctor = DoctorFactory()
    index.write_marked()
    built.set(fail_task="indexSwap")
    with pytest.raises(CommandError, match="The index that answers is as it was"):
        call_command("rebuild_search", stdout=StringIO())
    assert held(built).keys() == {doctor.pk}


# Comparing -------------------------------------------------------------------------------------------------------


def test_check_names_what_differs_and_rebuilding_takes_it_away(built: Meilisearch) -> None:
    right, wrong, missing, surplus = (DoctorFactory() for _ in range(4))
    write_index()
    listing = DoctorListing.objects.filter(pk=wrong.pk)
    listing.update(rating="2.00", rating_count=5)
    SearchDocument.objects.filter(pk=right.pk).update(words="other words")
    Doctor.objects.filter(pk=surplus.pk).update(verified_at=None)
    built.call("POST", "/indexes/doctors/documents/delete-batch", [str(missing.pk)])
    SearchMark.objects.all().delete()

    errors = StringIO()
    with pytest.raises(CommandError, match="5 differences"):
        call_command("search_check", stdout=StringIO(), stderr=errors)
    assert errors.getvalue().splitlines() == [
        f"PostgreSQL: doctor {right.pk} differs",
        f"PostgreSQL: doctor {surplus.pk} differs",
        f"Meilisearch: doctor {wrong.pk} differs in rating, rating_count, rating_told, standing",
        f"Meilisearch: doctor {missing.pk} is public and not in the index",
        f"Meilisearch: doctor {surplus.pk} is in the index and not public",
    ]
    said = StringIO()
    call_command("rebuild_search", stdout=said)
    assert "PostgreSQL: 2 written anew." in said.getvalue()
    call_command("search_check", stdout=said)
    assert said.getvalue().endswith("Meilisearch: 3 documents.\nSearch knows what the database has.\n")


def test_what_is_still_to_be_written_is_no_difference(built: Meilisearch) -> None:
    DoctorFactory()
    assert marked()
    assert list(index.differences()) == []


def test_check_without_a_server_looks_at_the_database_alone() -> None:
    DoctorFactory()
    said = StringIO()
    call_command("search_check", stdout=said)
    assert said.getvalue() == "PostgreSQL: 1 doctors.\nSearch knows what the database has.\n"
    SearchDocument.objects.all().delete()
    with pytest.raises(CommandError):
        call_command("search_check", stdout=said, stderr=StringIO())
    call_command("rebuild_search", stdout=said)
    call_command("search_check", stdout=said)
