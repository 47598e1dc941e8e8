"""The pages of the waiting list: joining, one's own waits, and the time that is offered."""

from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import Delivery, Kind, User
from appointments.models import Appointment, Wait
from scheduling.models import VisitKind
from tests.appointments.visits import days_from_now
from tests.appointments.waits import days, free, joined, of_type, offered
from tests.factories.doctors import DoctorFactory
from tests.factories.patients import GuardianshipFactory
from tests.page import Page, read

type ClientOf = Callable[[User], Client]

pytestmark = pytest.mark.django_db


def form(by: User, first: int = 0, last: int = 6, **more: str) -> dict[str, str]:
    return {
        "patient": str(by.patient.pk),
        "first": days_from_now(first).isoformat(),
        "last": days_from_now(last).isoformat(),
        "mode": "video",
        "part": "",
    } | more


def test_join_by_the_page_that_the_times_lead_to(
    doctor: User, full: list[Appointment], patient: User, client_of: ClientOf
) -> None:
    client = client_of(patient)
    address = read(client, f"/times/{doctor.doctor.slug}/").links["Join the waiting list"]
    read(client, address)
    response = client.post(address, form(patient))
    assert (response.status_code, response["Location"]) == (302, "/waiting/")
    assert Wait.objects.get().days == days()
    page = read(client, "/waiting/")
    assert doctor.doctor.full_name in page.links


def test_kind_of_visit_comes_along_to_the_page_and_can_be_changed_there(
    doctor: User, full: list[Appointment], patient: User, client_of: ClientOf
) -> None:
    client, kind = client_of(patient), of_type(doctor)
    of_type(doctor, kind=VisitKind.FOLLOW_UP, label="", fee_video=None)
    address = read(client, f"/times/{doctor.doctor.slug}/?type={kind.pk}").links["Join the waiting list"]
    page = read(client, address)
    assert f'value="{kind.pk}" selected' in page.html
    assert "Follow-up" not in page.html, "it is for whom the doctor has seen"
    assert client.post(address, form(patient, type="0")).status_code == 422
    assert client.post(address, form(patient, type=str(kind.pk))).status_code == 302
    assert Wait.objects.get().visit_type == kind
    assert "First visit" in read(client, "/waiting/").html
    free(full[0])
    free(full[1])
    response = client.post(address, form(patient, type=str(kind.pk)))
    assert response.status_code == 409
    assert f"type={kind.pk}" in Page(response.content.decode()).links["See it"]


def test_family_can_be_waited_for_and_nobody_elses(
    doctor: User, full: list[Appointment], patient: User, stranger: User, client_of: ClientOf
) -> None:
    child = GuardianshipFactory(guardian=patient).patient
    address = f"/times/{doctor.doctor.slug}/wait/"
    assert client_of(patient).post(address, form(patient, patient=str(child.pk))).status_code == 302
    assert client_of(stranger).post(address, form(stranger, patient=str(child.pk))).status_code == 422
    assert Wait.objects.get().patient == child


@pytest.mark.parametrize(("first", "last", "says"), [(3, 2, "ends before"), (-3, -1, "are over"), (0, 91, "90 days")])
def test_senseless_days_are_refused_beside_the_field(
    doctor: User, full: list[Appointment], patient: User, client_of: ClientOf, first: int, last: int, says: str
) -> None:
    response = client_of(patient).post(f"/times/{doctor.doctor.slug}/wait/", form(patient, first, last))
    assert response.status_code == 422
    assert says in response.content.decode()
    assert not Wait.objects.exists()


def test_page_points_at_a_time_that_is_open(
    doctor: User, full: list[Appointment], patient: User, client_of: ClientOf
) -> None:
    free(full[0])
    response = client_of(patient).post(f"/times/{doctor.doctor.slug}/wait/", form(patient))
    page = Page(response.content.decode())
    assert response.status_code == 409
    assert page.links["See it"].endswith(f"day={days_from_now(1)}")


def test_offer_is_looked_at_taken_or_let_go(
    doctor: User, full: list[Appointment], patient: User, client_of: ClientOf
) -> None:
    client = client_of(patient)
    joined(doctor, patient)
    free(full[0])
    [(_user, time)] = offered(doctor)
    assert read(client, "/waiting/").links["Look at it"] == time.get_absolute_url()
    page = read(client, time.get_absolute_url())
    assert ("h1", "A time is free for you") in page.headings
    assert "data-hold=" in page.html
    assert client.post(f"/appointments/{time.pk}/cancel/").status_code == 302
    assert "Look at it" not in read(client, "/waiting/").links


def test_leaving_is_for_the_side_that_waits(
    doctor: User, full: list[Appointment], patient: User, stranger: User, client_of: ClientOf
) -> None:
    wait = joined(doctor, patient)
    address = f"/waiting/{wait.pk}/leave/"
    for user, status in ((stranger, 404), (doctor, 404), (patient, 302), (patient, 302)):
        assert client_of(user).post(address).status_code == status
    assert client_of(patient).get(address).status_code == 405
    wait.refresh_from_db()
    assert wait.state == Wait.State.LEFT


def test_own_waits_take_the_same_queries_for_one_and_for_three(
    patient: User, client_of: ClientOf, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of(patient)
    client.get("/waiting/")
    for count in (1, 3):
        while Wait.objects.count() < count:
            joined(DoctorFactory().user, patient)
        with django_assert_num_queries(5):
            page = read(client, "/waiting/")
        assert page.html.count("/leave/") == count


def test_doctor_sees_how_many_wait_and_not_who(
    doctor: User, full: list[Appointment], patient: User, client_of: ClientOf
) -> None:
    client = client_of(doctor)
    assert "waiting list" not in read(client, "/practice/today/").html
    joined(doctor, patient)
    page = read(client, "/practice/today/").html
    assert "1 person is on your waiting list" in " ".join(page.split())
    assert patient.name not in page


def test_offer_is_the_same_person_s_alone(
    doctor: User, full: list[Appointment], patient: User, stranger: User, client_of: ClientOf
) -> None:
    joined(doctor, patient)
    free(full[0])
    [(_user, time)] = offered(doctor)
    assert client_of(stranger).get(time.get_absolute_url()).status_code == 404
    assert client_of(doctor).get(time.get_absolute_url()).status_code == 404
    assert client_of(stranger).post(f"/appointments/{time.pk}/pay/").status_code == 404
    assert Delivery.objects.filter(notification__kind=Kind.TIME_OFFERED).count() == 1
