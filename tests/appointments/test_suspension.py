"""Suspending a doctor from the admin: gone from search and booking at once, and what is booked stays. It stays, too,
while another name or number of a doctor is looked at, and after that."""

from collections.abc import Callable

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from appointments.errors import SlotGone
from appointments.models import Appointment, Status
from appointments.services import cancel_appointment
from doctors.models import Doctor
from doctors.search import SearchQuery, find_doctors
from doctors.services import reject_verification
from tests.appointments.races import at_once
from tests.appointments.visits import at, confirmed, hold, story
from tests.doctors.test_find import text_of
from tests.doctors.verifications import approved, change_asked
from tests.factories.accounts import UserFactory
from tests.factories.doctors import DoctorFactory
from tests.factories.patients import PatientFactory

pytestmark = pytest.mark.django_db

type ClientOf = Callable[[User], Client]


def page_of(doctor: User) -> str:
    return reverse("admin:appointments_suspension", args=[doctor.doctor.pk])


@pytest.fixture
def desk(client_of: ClientOf) -> Client:
    return client_of(UserFactory(in_group="moderation"))


def test_a_doctor_is_suspended_at_once_and_what_is_booked_stays(desk: Client, doctor: User, patient: User) -> None:
    visit = confirmed(doctor, patient, at(10))
    response = desk.post(page_of(doctor), {"reason": "Three complaints."})
    assert (response.status_code, response.url) == (302, page_of(doctor))
    assert find_doctors(SearchQuery()).total == 0
    public = doctor.doctor.get_absolute_url()
    for path in (public, f"/times/{doctor.doctor.slug}/"):
        assert Client().get(path).status_code == 404
    with pytest.raises(SlotGone):
        hold(doctor, patient, at(12))
    visit.refresh_from_db()
    assert visit.status == Status.CONFIRMED
    assert "suspended, and is told so" in text_of(desk.get(page_of(doctor)))
    assert LogEntry.objects.get().change_message == "Suspended"
    # The doctor can still call it off.
    cancel_appointment(visit, by=doctor, side="doctor")

    desk.post(page_of(doctor), {"restore": "1"})
    assert Client().get(public).status_code == 200
    assert hold(doctor, patient, at(12)).status == Status.HELD


def test_page_lists_the_coming_visits_with_their_number(client_of: ClientOf, doctor: User, admin: User) -> None:
    patients = [PatientFactory(user__name=f"Patient No {number}").user for number in range(3)]
    visits = [confirmed(doctor, patient, at(9 + number)) for number, patient in enumerate(patients)]
    confirmed(DoctorFactory(with_hours=True).user, patients[0], at(15))
    page = client_of(admin).get(page_of(doctor))
    assert "3 coming visits" in text_of(page)
    assert "They stay booked" in text_of(page)
    for visit in visits:
        assert reverse("admin:appointments_appointment_change", args=[visit.pk]) in page.content.decode()
        assert visit.patient.name in text_of(page)


def test_whose_visits_they_are_is_not_told_to_who_may_not_see_appointments(
    desk: Client, doctor: User, patient: User
) -> None:
    visit = confirmed(doctor, patient, at(10))
    Appointment.objects.update(reason="Pain in the knee")
    page = text_of(desk.get(page_of(doctor)))
    assert "1 coming visit" in page
    assert visit.patient.name not in page
    assert "knee" not in page
    assert reverse("admin:appointments_appointment_change", args=[visit.pk]) not in page


def test_a_suspension_needs_a_reason(desk: Client, doctor: User) -> None:
    response = desk.post(page_of(doctor), {"reason": "  "})
    assert response.status_code == 422
    assert "Say why" in text_of(response)
    assert Doctor.objects.get(user=doctor).is_public


def test_the_second_administrator_is_told(desk: Client, doctor: User) -> None:
    desk.post(page_of(doctor), {"reason": "First."})
    assert "suspended already" in text_of(desk.post(page_of(doctor), {"reason": "Second."}, follow=True))
    desk.post(page_of(doctor), {"restore": "1"})
    assert "not suspended" in text_of(desk.post(page_of(doctor), {"restore": "1"}, follow=True))


@pytest.mark.parametrize("group", ["verification", "support", "finance"])
def test_other_groups_suspend_nobody(client_of: ClientOf, doctor: User, group: str) -> None:
    client = client_of(UserFactory(in_group=group))
    assert client.get(page_of(doctor)).status_code == 403
    assert client.post(page_of(doctor), {"reason": "Mine."}).status_code == 403
    assert client.put(page_of(doctor)).status_code == 405
    assert Doctor.objects.get(user=doctor).is_public


@pytest.mark.parametrize("count", [1, 3])
def test_page_needs_the_same_queries_for_any_number_of_visits(
    client_of: ClientOf, admin: User, doctor: User, django_assert_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    for number in range(count):
        confirmed(doctor, PatientFactory().user, at(9 + number))
    client = client_of(admin)
    client.get(page_of(doctor))
    with django_assert_num_queries(5):
        client.get(page_of(doctor))


@pytest.mark.django_db(transaction=True)
def test_a_booking_that_races_with_a_suspension_is_made_before_it_or_refused(doctor: User, admin: User) -> None:
    from doctors.services import suspend_doctor

    patient = PatientFactory().user
    booking, suspension = at_once(
        lambda: hold(doctor, patient, at(10)),
        lambda: suspend_doctor(doctor.doctor, reason="Complaints", by=admin),
    )
    assert suspension.error is None
    made = Appointment.objects.filter(doctor=doctor.doctor).first()
    if made is None:
        assert isinstance(booking.error, SlotGone)
    else:
        assert made.created_at < Doctor.objects.get(user=doctor).suspended_at


@pytest.mark.parametrize("becomes", ["approved", "rejected"])
def test_a_change_of_name_and_number_touches_nothing_that_is_booked(
    doctor: User, patient: User, admin: User, becomes: str
) -> None:
    visit = confirmed(doctor, patient, at(10))
    held, before = hold(doctor, patient, at(12)), story(visit)
    asked = change_asked(doctor.doctor, name="Farhana Khan", registration_number="A-99999")
    # Whoever looks for a time meanwhile finds and books one.
    assert Client().get(f"/times/{doctor.doctor.slug}/").status_code == 200
    cancel_appointment(hold(doctor, patient, at(14)), by=patient, side="patient")
    if becomes == "approved":
        approved(asked, by=admin)
    else:
        reject_verification(asked, words="The certificate says Rahman.", by=admin)
    for booked, status in ((visit, Status.CONFIRMED), (held, Status.HELD)):
        at_first = (booked.period, booked.fee, booked.doctor_id)
        booked.refresh_from_db()
        assert (booked.status, booked.period, booked.fee, booked.doctor_id) == (status, *at_first)
    assert story(visit) == before
    assert Client().get(doctor.doctor.get_absolute_url()).status_code == 200
