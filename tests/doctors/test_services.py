import pytest

from accounts.models import Kind, Notification, Role, User
from doctors.models import Doctor, DoctorListing, SearchWord
from doctors.services import set_hidden, verify_doctor, write_documents
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


def test_verifying_makes_a_doctor_findable_and_tells_once() -> None:
    doctor = DoctorFactory(name="Karim", unverified=True, user__role=Role.PATIENT)
    assert verify_doctor(doctor)
    assert User.objects.get().role == Role.DOCTOR
    assert Doctor.objects.public().get() == doctor
    assert "karim" in DoctorListing.objects.get().document
    told = Notification.objects.get(user=doctor.user, kind=Kind.DOCTOR_VERIFIED)
    assert told.facts == {"path": doctor.get_absolute_url()}
    first = Doctor.objects.get().verified_at
    assert not verify_doctor(doctor)
    assert Doctor.objects.get().verified_at == first
    assert Notification.objects.count() == 1


def test_hiding_takes_the_words_away_and_showing_brings_them_back() -> None:
    doctors = [DoctorFactory(name="Karim"), DoctorFactory(hidden=True)]
    ids = [doctor.pk for doctor in doctors]
    assert set_hidden(ids, True) == 1
    assert set(DoctorListing.objects.values_list("document", flat=True)) == {""}
    assert set_hidden(ids, False) == 2
    assert "karim" in DoctorListing.objects.get(doctor=doctors[0]).document
