import pytest
from django.db import IntegrityError

from accounts.models import Action, Ground, Kind, Notification, TrailEntry, User
from doctors.errors import AlreadySuspended, NotSuspended
from doctors.models import Doctor, DoctorListing, SearchDocument, SearchWord
from doctors.search.documents import FORM
from doctors.services import (
    restore_doctor,
    suspend_doctor,
    write_documents,
    write_earlier_forms,
)
from doctors.tasks import sweep_documents
from tests.factories.doctors import DoctorFactory, PracticePlaceFactory, QualificationFactory

pytestmark = pytest.mark.django_db


def words_of(doctor: Doctor) -> list[str]:
    return SearchDocument.objects.get(doctor=doctor).words.split()


def test_documents_are_written_for_all_doctors_and_listings_keep_their_facts() -> None:
    listed = DoctorFactory(name="Karim", listing__rating_count=7)
    unlisted = DoctorFactory(name="Sabina", listing=False)
    QualificationFactory(doctor=listed, degree="FCPS")
    write_documents()
    assert "fcps" in words_of(listed)
    assert DoctorListing.objects.get(doctor=listed).rating_count == 7
    assert "sabina" in words_of(unlisted)
    assert set(SearchWord.objects.values_list("word", "sound")) >= {("karim", "karim"), ("sabina", "sabina")}


@pytest.mark.parametrize("count", [1, 3])
def test_documents_need_the_same_statements_for_any_number_of_doctors(django_assert_num_queries, count: int) -> None:
    ids = [PracticePlaceFactory().doctor_id for _ in range(count)]
    with django_assert_num_queries(9):
        write_documents(ids)


def test_documents_of_an_earlier_form_and_missing_ones_are_written_in_the_background() -> None:
    torn = DoctorFactory(name_bn="রংপুর")
    SearchDocument.objects.filter(doctor=torn).update(words="র পুর", form=FORM - 1)
    missing = DoctorFactory(name="Sabina", listing=False)
    today = DoctorFactory(name="Karim")
    SearchDocument.objects.filter(doctor=today).update(words="untouched")
    sweep_documents()
    assert "রংপুর" in words_of(torn)
    assert not {"র", "পুর"} & set(words_of(torn))
    assert SearchWord.objects.filter(word="রংপুর").exists()
    assert "sabina" in words_of(missing)
    assert words_of(today) == ["untouched"]
    assert write_earlier_forms(10) == 0


def test_earlier_forms_are_written_a_few_at_a_time() -> None:
    for _ in range(3):
        DoctorFactory(listing=False)
    assert [write_earlier_forms(2) for _ in range(3)] == [2, 1, 0]


def test_suspending_takes_the_words_away_and_restoring_brings_them_back(admin: User) -> None:
    doctor = DoctorFactory(name="Karim")
    suspend_doctor(doctor, reason="Complaints", by=admin)
    assert not Doctor.objects.public().exists()
    assert words_of(doctor) == []
    restore_doctor(doctor, by=admin)
    assert Doctor.objects.public().get() == doctor
    assert "karim" in words_of(doctor)
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
