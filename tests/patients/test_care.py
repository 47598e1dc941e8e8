"""Why a doctor may see a patient's health facts, and until when."""

from datetime import timedelta
from uuid import uuid4

import time_machine
from django.utils import timezone

from accounts.models import User
from patients.models import CareRelationship
from patients.services import begin_care, end_care

NINETY_DAYS = timedelta(days=90)


def begin(doctor: User, patient: User, **lasting: timedelta) -> CareRelationship:
    source = uuid4()
    until = timezone.now() + (timedelta(**lasting) if lasting else NINETY_DAYS)
    begin_care(patient.patient, doctor.doctor, source=source, visit_at=timezone.now(), until=until)
    return CareRelationship.objects.get(source=source)


def test_care_begins_now_and_lasts(doctor: User, patient: User) -> None:
    before = timezone.now()
    care = begin(doctor, patient)
    assert before <= care.valid.lower <= timezone.now()
    assert list(CareRelationship.objects.current()) == [care]


def test_care_that_is_over_is_not_current(doctor: User, patient: User) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=2)):
        begin(doctor, patient, days=1)
    assert not CareRelationship.objects.current().exists()


def test_care_begun_twice_for_one_cause_is_one(doctor: User, patient: User) -> None:
    care = begin(doctor, patient)
    later = timezone.now() + timedelta(days=120)
    begin_care(patient.patient, doctor.doctor, source=care.source, visit_at=later, until=later)
    assert CareRelationship.objects.get().valid.upper == later


def test_end_of_one_cause_leaves_the_others(doctor: User, other_doctor: User, patient: User) -> None:
    first, second, third = begin(doctor, patient), begin(doctor, patient), begin(other_doctor, patient)
    end_care(first.source)
    assert set(CareRelationship.objects.current()) == {second, third}
    first.refresh_from_db()
    assert first.valid.upper <= timezone.now()


def test_end_is_written_once(doctor: User, patient: User) -> None:
    care = begin(doctor, patient)
    end_care(care.source)
    ended = CareRelationship.objects.get().valid
    end_care(care.source)
    end_care(uuid4())
    assert CareRelationship.objects.get().valid == ended


def test_end_at_the_instant_of_the_beginning_leaves_nothing(doctor: User, patient: User) -> None:
    with time_machine.travel(timezone.now(), tick=False):
        care = begin(doctor, patient)
        end_care(care.source)
        end_care(care.source)
    assert CareRelationship.objects.get().valid.isempty
    assert not CareRelationship.objects.current().exists()


def test_care_that_ended_begins_again(doctor: User, patient: User) -> None:
    care = begin(doctor, patient)
    end_care(care.source)
    begin_care(
        patient.patient, doctor.doctor, source=care.source, visit_at=timezone.now(), until=timezone.now() + NINETY_DAYS
    )
    assert CareRelationship.objects.current().count() == 1
