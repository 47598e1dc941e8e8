"""What a patient lets a doctor read: it ends by itself, it is taken back at once, and every way of asking agrees."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Action, Ground, Notification, TrailEntry, User
from accounts.services import words
from doctors.models import Doctor
from patients.errors import DoctorNotThere, RecordGone, ShareNotBounded
from patients.models import LONGEST_SHARE, MedicalRecord, PatientGrant, RecordGrant, RecordKind
from patients.rules import reason_to_read
from patients.services import remove_past_grants, revoke_share, share_kind, share_record
from tests.factories.doctors import DoctorFactory
from tests.factories.patients import GuardianshipFactory, PatientFactory
from tests.factories.records import MedicalRecordFactory, PatientGrantFactory, RecordGrantFactory

VIEW = "patients.view_medicalrecord"


def may_read(user: User, record: MedicalRecord) -> bool:
    """What every door answers; they must not differ."""
    # A user keeps answers for the length of a request: this is the next one.
    user = User.objects.get(pk=user.pk)
    answers = {
        "has_perm": user.has_perm(VIEW, record),
        "get_all_permissions": "view_medicalrecord" in user.get_all_permissions(record),
        "shared_with": MedicalRecord.objects.shared_with(user).filter(pk=record.pk).exists(),
        "readable_by": MedicalRecord.objects.readable_by(user).filter(pk=record.pk).exists(),
        "reason_to_read": reason_to_read(user, record) is not None,
    }
    assert len(set(answers.values())) == 1, answers
    return answers["has_perm"]


def in_a_week() -> datetime:
    return timezone.now() + timedelta(days=7)


def test_nobody_reads_what_was_not_shared(doctor: User, other_doctor: User, admin: User) -> None:
    record = RecordGrantFactory(doctor=doctor.doctor).content_object
    assert may_read(doctor, record)
    assert not any(may_read(user, record) for user in (other_doctor, admin, PatientFactory().user))
    assert not may_read(doctor, MedicalRecordFactory(patient=record.patient))


def test_grant_is_dead_the_second_it_expires_and_no_sweeper_came(doctor: User) -> None:
    alone = RecordGrantFactory(doctor=doctor.doctor)
    wider = PatientGrantFactory(doctor=doctor.doctor)
    for grant, record in ((alone, alone.content_object), (wider, MedicalRecordFactory(patient=wider.content_object))):
        with time_machine.travel(grant.expires_at - timedelta(seconds=1), tick=False):
            assert may_read(doctor, record)
        with time_machine.travel(grant.expires_at, tick=False):
            assert not may_read(doctor, record)
    assert RecordGrant.objects.count() == PatientGrant.objects.count() == 1


def test_sweeper_tidies_what_is_past_and_nothing_else(doctor: User) -> None:
    RecordGrantFactory(), PatientGrantFactory()
    with time_machine.travel(timezone.now() - timedelta(days=8)):
        RecordGrantFactory(), PatientGrantFactory()
    assert remove_past_grants() == 2
    assert RecordGrant.objects.live().count() == PatientGrant.objects.live().count() == 1


def test_one_kind_is_of_that_kind_alone_and_all_is_all(doctor: User, other_doctor: User) -> None:
    patient = PatientFactory()
    records = {kind: MedicalRecordFactory(patient=patient, kind=kind) for kind in RecordKind}
    share_kind(patient, doctor.doctor, kind=RecordKind.IMAGING, until=in_a_week(), by=patient.user)
    share_kind(patient, other_doctor.doctor, kind="", until=in_a_week(), by=patient.user)
    assert [kind for kind, record in records.items() if may_read(doctor, record)] == [RecordKind.IMAGING]
    assert all(may_read(other_doctor, record) for record in records.values())
    assert not may_read(other_doctor, MedicalRecordFactory())


def test_kind_that_is_shared_holds_for_what_comes_later(doctor: User) -> None:
    patient = PatientFactory()
    share_kind(patient, doctor.doctor, kind=RecordKind.LAB_REPORT, until=in_a_week(), by=patient.user)
    record = MedicalRecordFactory(patient=patient)
    assert may_read(doctor, record)
    MedicalRecord.objects.filter(pk=record.pk).update(kind=RecordKind.OTHER)
    record.refresh_from_db()
    assert not may_read(doctor, record)


def test_revoked_is_gone_and_revoked_once(doctor: User) -> None:
    record = MedicalRecordFactory()
    grant = share_record(record, doctor.doctor, until=in_a_week(), by=record.patient.user)
    assert may_read(doctor, record)
    assert revoke_share(grant, by=record.patient.user)
    assert not may_read(doctor, record)
    assert not revoke_share(grant, by=record.patient.user)


def test_shared_again_the_later_word_counts(doctor: User) -> None:
    record = MedicalRecordFactory()
    first = share_record(record, doctor.doctor, until=in_a_week(), by=record.patient.user)
    second = share_record(record, doctor.doctor, until=timezone.now() + timedelta(days=1), by=record.patient.user)
    assert first.pk == second.pk
    assert RecordGrant.objects.get().expires_at == second.expires_at


@pytest.mark.parametrize("days", [-1, 0, LONGEST_SHARE.days + 1])
def test_share_is_bounded_by_the_service_and_by_the_database(doctor: User, days: int) -> None:
    record = MedicalRecordFactory()
    until = timezone.now() + timedelta(days=days)
    with pytest.raises(ShareNotBounded):
        share_record(record, doctor.doctor, until=until, by=record.patient.user)
    with pytest.raises(ShareNotBounded):
        share_kind(record.patient, doctor.doctor, kind="", until=until, by=record.patient.user)
    for factory, on in ((RecordGrantFactory, record), (PatientGrantFactory, record.patient)):
        with pytest.raises(IntegrityError, match="_not_"), transaction.atomic():
            factory(doctor=doctor.doctor, content_object=on, expires_at=until)


def test_only_a_doctor_whom_the_public_finds_is_given_records(db: None) -> None:
    record = MedicalRecordFactory()
    for doctor in (DoctorFactory(unverified=True), DoctorFactory(hidden=True)):
        with pytest.raises(DoctorNotThere):
            share_record(record, doctor, until=in_a_week(), by=record.patient.user)


@pytest.mark.parametrize(
    "change",
    [{"verified_at": None}, {"suspended_at": timezone.now(), "suspension_reason": "Complaints"}],
    ids=["no longer verified", "suspended"],
)
def test_doctor_whom_the_portal_no_longer_vouches_for_reads_nothing(doctor: User, change: dict[str, object]) -> None:
    record = RecordGrantFactory(doctor=doctor.doctor).content_object
    wide = MedicalRecordFactory(patient=PatientGrantFactory(doctor=doctor.doctor).content_object)
    assert may_read(doctor, record)
    assert may_read(doctor, wide)
    Doctor.objects.filter(user=doctor).update(**change)
    assert not may_read(doctor, record)
    assert not may_read(doctor, wide)


def test_somebody_who_may_not_sign_in_reads_nothing(doctor: User) -> None:
    record = RecordGrantFactory(doctor=doctor.doctor).content_object
    User.objects.filter(pk=doctor.pk).update(is_active=False)
    assert not User.objects.get(pk=doctor.pk).has_perm(VIEW, record)


def test_superuser_has_no_grant_by_being_one(admin: User) -> None:
    record = MedicalRecordFactory()
    assert admin.has_perm("payments.change_charge")
    assert not may_read(admin, record)


def test_permission_on_a_record_says_nothing_of_another_room(doctor: User) -> None:
    record = RecordGrantFactory(doctor=doctor.doctor).content_object
    assert not doctor.has_perm("payments.view_medicalrecord", record)
    assert not doctor.has_perm("patients.change_medicalrecord", record)


def test_record_that_goes_takes_its_grants(doctor: User) -> None:
    record = RecordGrantFactory(doctor=doctor.doctor).content_object
    record.delete()
    assert not RecordGrant.objects.exists()
    with pytest.raises(RecordGone):
        share_record(record, doctor.doctor, until=in_a_week(), by=record.patient.user)


def test_what_is_shared_and_taken_back_is_on_the_trail(doctor: User, stranger: User) -> None:
    bond = GuardianshipFactory(guardian=stranger)
    record = MedicalRecordFactory(patient=bond.patient, uploaded_by=stranger)
    grant = share_record(record, doctor.doctor, until=in_a_week(), by=stranger)
    wide = share_kind(bond.patient, doctor.doctor, kind="", until=in_a_week(), by=stranger)
    for each in (grant, wide):
        revoke_share(each, by=stranger)
    entries = TrailEntry.objects.about_patients([bond.patient.pk]).order_by("pk")
    assert [(entry.action, entry.about_id, entry.ground_id) for entry in entries] == [
        (Action.SHARED, str(record.pk), str(grant.pk)),
        (Action.SHARED, str(bond.patient.pk), str(wide.pk)),
        (Action.REVOKED, str(record.pk), str(grant.pk)),
        (Action.REVOKED, str(bond.patient.pk), str(wide.pk)),
    ]
    assert {(entry.by_id, entry.ground) for entry in entries} == {(stranger.pk, Ground.GUARDIAN)}
    assert {entry.code for entry in entries} == {f"doctor:{doctor.doctor.pk}"}


def test_guardian_reads_while_a_guardian(stranger: User) -> None:
    bond = GuardianshipFactory(guardian=stranger)
    record = MedicalRecordFactory(patient=bond.patient, uploaded_by=stranger)
    reason = reason_to_read(stranger, record)
    assert reason
    assert reason.ground == Ground.GUARDIAN
    bond.delete()
    assert reason_to_read(stranger, record) is None
    assert not MedicalRecord.objects.readable_by(stranger).exists()


def test_reason_to_read_names_the_grant(doctor: User) -> None:
    grant = RecordGrantFactory(doctor=doctor.doctor)
    reason = reason_to_read(doctor, grant.content_object)
    assert reason
    assert (reason.ground, reason.ground_id) == (Ground.SHARE, grant.pk)


# Random grants ---------------------------------------------------------------------------------------------------


KINDS = (RecordKind.LAB_REPORT, RecordKind.IMAGING)


class World:
    """Two doctors, two patients, a record of two kinds of each: made once, for every example."""

    def __init__(self) -> None:
        self.doctors = [DoctorFactory(), DoctorFactory()]
        self.patients = [PatientFactory(), PatientFactory()]
        self.records = [MedicalRecordFactory(patient=patient, kind=kind) for patient in self.patients for kind in KINDS]


moments = st.integers(min_value=1, max_value=100)
grants = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 3), st.sampled_from(["alone", "kind", "all"]), moments), max_size=8
)


def on(how: str, record: MedicalRecord) -> tuple[object, ...]:
    """What such a grant is on, if it is to be one on this record."""
    return {"alone": (record.pk,), "kind": (record.patient_id, record.kind), "all": (record.patient_id,)}[how]


@pytest.fixture
def world(db: None) -> World:
    return World()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(grants=grants, now=moments)
def test_every_door_agrees_over_random_grants(world: World, grants: list[tuple[int, int, str, int]], now: int) -> None:
    begin = timezone.now()
    with transaction.atomic():
        for who, which, how, days in grants:
            doctor, record = world.doctors[who], world.records[which]
            until = begin + timedelta(days=days)
            if how == "alone":
                share_record(record, doctor, until=until, by=record.patient.user)
            else:
                kind = record.kind if how == "kind" else ""
                share_kind(record.patient, doctor, kind=kind, until=until, by=record.patient.user)
        # What was shared again counts as it was shared last.
        latest = {(who, how, on(how, world.records[which])): days for who, which, how, days in grants}
        expected = {
            (who, record.pk)
            for (who, how, what), days in latest.items()
            for record in world.records
            if days > now and what == on(how, record)
        }
        with time_machine.travel(begin + timedelta(days=now), tick=False):
            found = {
                (who, record.pk)
                for who, doctor in enumerate(world.doctors)
                for record in world.records
                if may_read(doctor.user, record)
            }
            listed = {
                (who, record.pk)
                for who, doctor in enumerate(world.doctors)
                for record in MedicalRecord.objects.shared_with(doctor.user)
            }
        transaction.set_rollback(True)
    assert found == listed == expected


# The doctor is told ----------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_doctor_is_told_that_records_are_shared_and_not_which(django_capture_on_commit_callbacks: Any) -> None:
    record = MedicalRecordFactory(title="HIV test", kind=RecordKind.LAB_REPORT)
    doctor, patient = DoctorFactory(), record.patient
    with django_capture_on_commit_callbacks(execute=True):
        share_record(record, doctor, until=timezone.now() + timedelta(days=2), by=patient.user)
    notice = Notification.objects.get(user=doctor.user)
    assert (notice.kind, notice.facts) == (
        "records_shared",
        {"patient": patient.name, "path": f"/practice/patients/{patient.pk}/records/"},
    )
    subject, body = words(notice)
    assert patient.name in body
    assert patient.name not in subject
    assert "HIV" not in subject + body
    assert "lab" not in (subject + body).lower()


@pytest.mark.django_db
def test_doctor_is_told_once_of_what_is_shared_in_one_go() -> None:
    first = MedicalRecordFactory()
    second, doctor = MedicalRecordFactory(patient=first.patient), DoctorFactory()
    until, by = timezone.now() + timedelta(days=2), first.patient.user
    share_record(first, doctor, until=until, by=by)
    share_record(second, doctor, until=until, by=by)
    share_kind(first.patient, doctor, kind="", until=until, by=by)
    assert Notification.objects.filter(user=doctor.user).count() == 1

    # Another patient, another doctor, another day: each is news.
    other = MedicalRecordFactory()
    share_record(other, doctor, until=until, by=other.patient.user)
    share_record(first, DoctorFactory(), until=until, by=by)
    assert Notification.objects.count() == 3
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        share_record(second, doctor, until=until, by=by)
    assert Notification.objects.count() == 4


@pytest.mark.django_db
def test_nobody_is_told_of_a_share_that_is_refused() -> None:
    record = MedicalRecordFactory()
    with pytest.raises(DoctorNotThere):
        share_record(
            record, DoctorFactory(verified_at=None), until=timezone.now() + timedelta(days=1), by=record.patient.user
        )
    assert not Notification.objects.exists()
