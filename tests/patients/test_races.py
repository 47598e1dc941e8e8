"""Two at it at once, on real connections: who reads while the right to is taken away, uploads at the edge of the quota,
a record that is shared while it goes, reviewers. Each with what becomes of it when its guard is taken away."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from hashlib import sha256
from threading import Barrier, Event
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.db import IntegrityError
from django.db.models import Q, QuerySet
from django.test import Client
from django.utils import timezone

from accounts.models import Action, Ground, Notification, TrailEntry, User
from config.files import CheckedFile
from patients.errors import AlreadyReviewed, QuotaFull, RecordGone
from patients.models import (
    FileToRemove,
    Guardianship,
    MedicalRecord,
    Patient,
    PatientGrant,
    RecordGrant,
    RecordKind,
    Verdict,
)
from patients.services import (
    About,
    add_record,
    end_care,
    end_guardianship,
    note_read,
    read_facts,
    remove_record,
    review_emergency_access,
    revoke_share,
    share_record,
    standing,
)
from patients.services import emergency as emergency_services
from patients.services import health as health_services
from patients.services import records as record_services
from patients.services import sharing as sharing_services
from tests.appointments.races import Outcome, at_once, no_deadlock, tally, wait_for_a_blocked_backend
from tests.factories.patients import CareRelationshipFactory, GuardianshipFactory
from tests.factories.records import MedicalRecordFactory, PatientGrantFactory, RecordGrantFactory
from tests.patients.test_emergency import guard, opened

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 5
type Pause = Callable[[Any, str], "Paused"]


class Paused:
    """A function that waits, the first time that it is called, until it is told to go on."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.reached, self.go_on = Event(), Event()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not self.reached.is_set():
            self.reached.set()
            assert self.go_on.wait(60)
        return self.function(*args, **kwargs)


@pytest.fixture
def pause(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pause]:
    """Have a function of a module wait at its first call; nobody is left waiting behind the test."""
    made = []

    def put(module: Any, name: str) -> Paused:
        paused = Paused(getattr(module, name))
        monkeypatch.setattr(module, name, paused)
        made.append(paused)
        return paused

    yield put
    for paused in made:
        paused.go_on.set()


@pytest.fixture
def unlocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard taken away: rows are read and not locked."""
    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, **_options: rows.all())


def in_between(paused: Paused, read: Callable[[], Any], end: Callable[[], Any], *, blocked: bool) -> list[Outcome]:
    """`end` comes when the reader has been allowed to read and has not written that down yet; with its outcome.

    `blocked`: it must wait for the reader, who goes on once it does. Else it is through before the reader goes on.
    """

    def take_away() -> Any:
        assert paused.reached.wait(60)
        try:
            return end()
        finally:
            paused.go_on.set()

    def let_go() -> None:
        if blocked:
            assert paused.reached.wait(60)
            wait_for_a_blocked_backend()
            paused.go_on.set()

    return at_once(read, take_away, let_go)


def order_of(first: Q, second: Q) -> bool:
    """Whether the line on the trail that `first` finds was written before the one that `second` finds."""
    return TrailEntry.objects.get(first).pk < TrailEntry.objects.get(second).pk


READ, REVOKED, REMOVED = Q(action=Action.READ), Q(action=Action.REVOKED), Q(action=Action.REMOVED)


# Taken back against read -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("factory", [RecordGrantFactory, PatientGrantFactory])
def test_nobody_reads_by_what_was_taken_back(factory: Any, doctor: User) -> None:
    """At the door that people use: as many lines as pages, all before the revocation's, and none after it."""
    seen = []
    for _ in range(ROUNDS):
        grant = factory(doctor=doctor.doctor)
        on = grant.content_object
        record = on if isinstance(on, MedicalRecord) else MedicalRecordFactory(patient=on)
        owner, readers = Client(), [Client() for _ in range(6)]
        owner.force_login(record.patient.user)
        for reader in readers:
            reader.force_login(doctor)
        page, revoke = f"/records/{record.pk}/", f"/records/shares/{grant.pk}/revoke/"
        with no_deadlock():
            taken_back, *pages = at_once(
                lambda owner=owner, revoke=revoke: owner.post(revoke).status_code,
                *(lambda reader=reader, page=page: reader.get(page).status_code for reader in readers),
            )
        assert taken_back.value == 302
        statuses = [outcome.value for outcome in pages]
        assert set(statuses) <= {200, 404}
        assert readers[0].get(page).status_code == 404
        lines = TrailEntry.objects.filter(subject=record.patient_id, about_id=str(record.pk))
        assert lines.filter(READ).count() == statuses.count(200)
        end = TrailEntry.objects.get(REVOKED, subject=record.patient_id)
        assert not lines.filter(READ, pk__gt=end.pk).exists()
        seen.append(statuses.count(200))
    print(f"\n6 readers against a revocation: {seen} read before it")


def test_revocation_waits_for_the_read_that_was_allowed(doctor: User, pause: Pause) -> None:
    grant = RecordGrantFactory(doctor=doctor.doctor)
    record = grant.content_object
    before_the_line = pause(record_services, "write_trail")
    read, revoked, _ = in_between(
        before_the_line,
        lambda: note_read(record, by=doctor),
        lambda: revoke_share(RecordGrant.objects.for_list().get(), by=record.patient.user),
        blocked=True,
    )
    assert (read.value, revoked.value) == (True, True)
    assert order_of(READ, REVOKED)
    assert note_read(record, by=doctor) is False


def test_without_the_lock_somebody_reads_after_the_revocation(doctor: User, pause: Pause, unlocked: None) -> None:
    grant = RecordGrantFactory(doctor=doctor.doctor)
    record = grant.content_object
    before_the_line = pause(record_services, "write_trail")
    read, revoked, _ = in_between(
        before_the_line,
        lambda: note_read(record, by=doctor),
        lambda: revoke_share(RecordGrant.objects.for_list().get(), by=record.patient.user),
        blocked=False,
    )
    assert (read.value, revoked.value) == (True, True)
    assert order_of(REVOKED, READ)


def list_of_a_patient(doctor: User, patient: Patient) -> Callable[[], int]:
    client = Client()
    client.force_login(doctor)
    return lambda: client.get(f"/practice/patients/{patient.pk}/records/").status_code


@pytest.mark.parametrize("locked", [True, False])
def test_revocation_waits_for_a_list_of_titles(
    doctor: User, pause: Pause, locked: bool, request: pytest.FixtureRequest
) -> None:
    """And does not where nothing is locked: then titles are read after it."""
    from patients.views import sharing

    if not locked:
        request.getfixturevalue("unlocked")
    grant = PatientGrantFactory(doctor=doctor.doctor)
    patient = grant.content_object
    MedicalRecordFactory(patient=patient)
    before_the_line = pause(sharing, "write_trail")
    read, revoked, _ = in_between(
        before_the_line,
        list_of_a_patient(doctor, patient),
        lambda: revoke_share(PatientGrant.objects.for_list().get(), by=patient.user),
        blocked=locked,
    )
    assert (read.value, revoked.value) == (200, True)
    assert order_of(READ, REVOKED) is locked
    assert list_of_a_patient(doctor, patient)() == 404


# The end of acting, or of treating, against read -----------------------------------------------------------------


def lines_at_the_end(paused: Paused, read: Callable[[], Any], end: Callable[[], Any], *, locked: bool) -> int:
    """How much of the one read stood on the trail when the end had returned; both went well."""

    def end_and_count() -> int:
        end()
        return TrailEntry.objects.filter(READ).count()

    done, ended, _ = in_between(paused, read, end_and_count, blocked=locked)
    assert (done.error, ended.error) == (None, None)
    return int(ended.value)


def second_guardian() -> Guardianship:
    """Of a child with another one, so that this one may go."""
    bond = GuardianshipFactory()
    GuardianshipFactory(patient=bond.patient)
    return bond


def facts_of_a_child(bond: Guardianship) -> Callable[[], Any]:
    def read() -> Any:
        ground, ground_id = standing(bond.guardian, bond.patient)
        return read_facts(bond.patient, by=bond.guardian, ground=ground, ground_id=ground_id)

    return read


@pytest.mark.parametrize("what", ["facts", "record"])
@pytest.mark.parametrize("locked", [True, False])
def test_end_of_a_guardianship_waits_for_the_read_that_was_allowed(
    pause: Pause, what: str, locked: bool, request: pytest.FixtureRequest
) -> None:
    """And does not where nothing is locked: then somebody reads who is no guardian any more."""
    if not locked:
        request.getfixturevalue("unlocked")
    bond = second_guardian()
    if what == "facts":
        module: Any = health_services
        read = facts_of_a_child(bond)
    else:
        module = record_services
        read = partial(
            note_read, MedicalRecordFactory(patient=bond.patient, uploaded_by=bond.guardian), by=bond.guardian
        )
    assert lines_at_the_end(
        pause(module, "write_trail"), read, lambda: end_guardianship(bond, by=bond.guardian), locked=locked
    ) == (1 if locked else 0)
    if what == "record":
        assert read() is False
    else:
        with pytest.raises(PermissionDenied):
            read()


@pytest.mark.parametrize("locked", [True, False])
def test_end_of_the_care_waits_for_the_read_that_was_allowed(
    doctor: User, pause: Pause, locked: bool, request: pytest.FixtureRequest
) -> None:
    """And does not where nothing is locked: then the doctor's line is written after the end."""
    if not locked:
        request.getfixturevalue("unlocked")
    care = CareRelationshipFactory(doctor=doctor.doctor)
    read = partial(read_facts, care.patient, by=doctor, ground=Ground.CARE, ground_id=care.source)
    before_the_line = pause(health_services, "write_trail")
    assert lines_at_the_end(before_the_line, read, lambda: end_care(care.source), locked=locked) == (1 if locked else 0)
    with pytest.raises(PermissionDenied):
        read()


# The edge of the quota -------------------------------------------------------------------------------------------


QUOTA = 1000


@pytest.fixture
def edge(monkeypatch: pytest.MonkeyPatch) -> Patient:
    """Of a thousand bytes four hundred are left."""
    monkeypatch.setattr(record_services, "quota", lambda: QUOTA)
    return MedicalRecordFactory(size=600).patient


def handing_in(patient: Patient, content: bytes) -> Callable[[], Any]:
    digest = sha256(content).hexdigest()
    checked = CheckedFile(ContentFile(content), "application/pdf", ".pdf", len(content), digest, 100, 100)
    about = About(RecordKind.OTHER, "Scan", date(2026, 3, 4))
    return lambda: add_record(patient, checked, about, original_name="scan.pdf", by=patient.user)


def test_uploads_at_the_edge_of_the_quota_never_go_over_it(edge: Patient) -> None:
    with no_deadlock():
        outcomes = at_once(*(handing_in(edge, bytes([number]) * 300) for number in range(8)))
    assert tally(outcomes) == {"done": 1, QuotaFull.__name__: 7}
    assert MedicalRecord.objects.filter(patient=edge).size() == 900
    # What did not fit must go, and nothing else must.
    assert FileToRemove.objects.due().count() == FileToRemove.objects.count()
    assert not FileToRemove.objects.filter(name__in=MedicalRecord.objects.values("file")).exists()


def test_same_file_handed_in_at_once_is_kept_once(edge: Patient) -> None:
    outcomes = at_once(*(handing_in(edge, b"x" * 300) for _ in range(6)))
    assert tally(outcomes) == {"done": 6}
    assert sorted(outcome.value[1] for outcome in outcomes) == [False] * 5 + [True]
    assert MedicalRecord.objects.filter(patient=edge).count() == 2


def test_without_the_lock_two_uploads_go_over_the_quota(
    edge: Patient, monkeypatch: pytest.MonkeyPatch, unlocked: None
) -> None:
    looked = Barrier(2)
    make_room = record_services._make_room
    calls: list[object] = []

    def both_look_before_one_writes(patient: Patient, checked: CheckedFile) -> None:
        make_room(patient, checked)
        calls.append(checked)
        # Each looks twice: before the file is stored, and where the lock would be held.
        if sum(each is checked for each in calls) == 2:
            looked.wait(60)

    monkeypatch.setattr(record_services, "_make_room", both_look_before_one_writes)
    outcomes = at_once(*(handing_in(edge, bytes([number]) * 300) for number in range(2)))
    assert tally(outcomes) == {"done": 2}
    assert MedicalRecord.objects.filter(patient=edge).size() > QUOTA


# Shared while it goes --------------------------------------------------------------------------------------------


def sharing(record: MedicalRecord, doctor: User) -> Callable[[], Any]:
    until = timezone.now() + timedelta(days=7)
    return lambda: share_record(record, doctor.doctor, until=until, by=record.patient.user)


def test_record_that_goes_is_not_shared(doctor: User, other_doctor: User) -> None:
    for _ in range(ROUNDS):
        record = MedicalRecordFactory()
        copy = MedicalRecord.objects.select_related("patient__user").get(pk=record.pk)
        with no_deadlock():
            removed, *shared = at_once(
                lambda copy=copy: remove_record(copy, by=copy.patient.user),
                *(sharing(record, each) for each in (doctor, other_doctor)),
            )
        assert removed.error is None
        assert set(tally(shared)) <= {"done", RecordGone.__name__}
        assert not RecordGrant.objects.exists()
        said = TrailEntry.objects.filter(action=Action.SHARED, about_id=str(record.pk)).count()
        assert said == tally(shared)["done"]


def test_without_the_lock_sharing_what_went_meanwhile_breaks_down(doctor: User, pause: Pause, unlocked: None) -> None:
    """The database still lets no share of it in; but it is an error, and no word to the patient."""
    record = MedicalRecordFactory()
    paused = pause(sharing_services, "_share")
    shared, removed, _ = in_between(
        paused,
        sharing(record, doctor),
        lambda: remove_record(MedicalRecord.objects.get(pk=record.pk), by=record.patient.user),
        blocked=False,
    )
    assert isinstance(shared.error, IntegrityError)
    assert removed.error is None
    assert not RecordGrant.objects.exists()


# Two reviewers ---------------------------------------------------------------------------------------------------


def reviewed_at_once(patient: User, number: int) -> list[Outcome]:
    access = opened(patient.patient, guard(f"opener{number}@example.com"))
    reviewers = [guard(f"reviewer{number}{n}@example.com", rights=("review_break_glass",)) for n in range(2)]
    return at_once(
        *(
            partial(review_emergency_access, access, by=by, verdict=verdict, words="This is what I found.")
            for by, verdict in zip(reviewers, Verdict, strict=True)
        )
    )


def test_of_two_reviewers_one_judges_and_the_other_is_told(patient: User) -> None:
    for number in range(ROUNDS):
        with no_deadlock():
            outcomes = reviewed_at_once(patient, number)
        assert tally(outcomes) == {"done": 1, AlreadyReviewed.__name__: 1}
    assert Notification.objects.filter(kind="emergency_reviewed").count() == ROUNDS
    assert TrailEntry.objects.filter(action=Action.REVIEWED).count() == ROUNDS


def test_without_the_lock_both_reviewers_judge(patient: User, unlocked: None, monkeypatch: pytest.MonkeyPatch) -> None:
    both_looked = Barrier(2)
    close = emergency_services.close_emergency_access

    def close_when_both_have_looked(access: Any) -> None:
        both_looked.wait(60)
        close(access)

    monkeypatch.setattr(emergency_services, "close_emergency_access", close_when_both_have_looked)
    assert tally(reviewed_at_once(patient, 0)) == {"done": 2}
    assert Notification.objects.filter(kind="emergency_reviewed").count() == 2
