import pytest
from django.db import IntegrityError

from accounts.models import Action, Ground, Kind, Notification, TrailEntry, User
from doctors.errors import AlreadySuspended, NotSuspended
from doctors.models import Doctor, DoctorListing, SearchWord
from doctors.services import (
    restore_doctor,
    suspend_doctor,
    write_documents,
)
from tests.factories.doctors import DoctorFactory, PracticePlaceFactory, QualificationFactory

pytestmark = pytest.mark.django_db


def test_documents_are_written_for_all_doctors_and_listings_keep_their_facts() -> None:
    listed = DoctorFactory(name="Karim", listing__rating_count=7)
    unlisted = DoctorFactory(name="Sabina", listing=False)
    QualificationFactory(doctor=listed, degree="FCPS")
    write_documents()
    written = DoctorListing.objects.get(doctor=listed)
    assert "fcps" in written.document.split()
    assert written.rating_count == 7
    assert "sabina" in DoctorListing.objects.get(doctor=unlisted).document
    assert set(SearchWord.objects.values_list("word", "sound")) >= {("karim", "karim"), ("sabina", "sabina")}


@pytest.mark.parametrize("count", [1, 3])
def test_documents_need_the_same_statements_for_any_number_of_doctors(django_assert_num_queries, count: int) -> None:
    ids = [PracticePlaceFactory().doctor_id for _ in range(count)]
    with django_assert_num_queries(8):
        write_documents(ids)


def test_suspending_takes_the_words_away_and_restoring_brings_them_back(admin: User) -> None:
    doctor = DoctorFactory(name="Karim")
    suspend_doctor(doctor, reason="Complaints", by=admin)
    assert not Doctor.objects.public().exists()
    assert DoctorListing.objects.get().document == ""
    restore_doctor(doctor, by=admin)
    assert Doctor.objects.public().get() == doctor
    assert "karim" in DoctorListing.objects.get().document
    told = Notification.objects.filter(user=doctor.user).order_by("pk")
    assert [row.kind for row in told] == [Kind.DOCTOR_SUSPENDED, Kind.DOCTOR_RESTORED]
    trail = TrailEntry.objects.filter(about="doctors.doctor", about_id=str(doctor.pk)).order_by("pk")
    assert [(row.action, row.by, row.ground) for row in trail] == [
        (Action.SUSPENDED, admin, Ground.DUTY),
        (Action.RESTORED, admin, Ground.DUTY),
    ]


def test_suspending_twice_is_refused_and_so_is_restoring(admin: User) -> None:
    doctor = DoctorFactory()
    suspend_doctor(doctor, reason="Complaints", by=admin)
    with pytest.raises(AlreadySuspended):
        suspend_doctor(doctor, reason="Others", by=admin)
    assert Doctor.objects.get().suspension_reason == "Complaints"
    restore_doctor(doctor, by=admin)
    with pytest.raises(NotSuspended):
        restore_doctor(doctor, by=admin)
    assert Notification.objects.count() == 2


def test_nobody_is_suspended_without_a_reason(admin: User) -> None:
    with pytest.raises(IntegrityError, match="doctor_not_suspended_without_a_reason"):
        suspend_doctor(DoctorFactory(), reason="", by=admin)
