"""Who sees an appointment, and who does not."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from appointments.models import Appointment, Status
from appointments.services import cancel_appointment
from appointments.tasks import sweep_holds
from patients.models import Guardianship, today
from tests.appointments.visits import at, confirmed, held_until_past, hold, pay, shifted
from tests.factories.doctors import DoctorFactory
from tests.factories.patients import GuardianshipFactory, PatientFactory

type ClientOf = Callable[[User], Client]


def sees(user: User) -> set[Appointment]:
    return set(Appointment.objects.visible_to(user))


def test_patient_and_doctor_see_their_visit_and_nobody_else_does(
    doctor: User, patient: User, stranger: User, other_doctor: User, admin: User
) -> None:
    visit = confirmed(doctor, patient)
    other = confirmed(other_doctor, stranger)
    assert sees(patient) == sees(doctor) == {visit}
    assert sees(stranger) == sees(other_doctor) == {other}
    # An administrator's view is the admin's, without what is said of health.
    assert sees(admin) == set()


def test_doctor_does_not_see_what_was_never_more_than_a_hold(doctor: User, patient: User, stranger: User) -> None:
    live = hold(doctor, patient, at(10))
    assert sees(doctor) == set()
    cancel_appointment(live, by=patient, side="patient")
    assert sees(doctor) == set(), "it was let go"
    held_until_past(hold(doctor, patient, at(11)))
    assert sees(doctor) == set()
    sweep_holds()
    assert sees(doctor) == set()
    assert len(sees(patient)) == 2

    risky = hold(doctor, stranger, at(12))
    pay(risky, risky=True)
    booked = confirmed(doctor, stranger, at(13))
    cancelled = confirmed(doctor, stranger, at(14))
    cancel_appointment(cancelled, by=stranger, side="patient")
    assert sees(doctor) == {risky, booked, cancelled}


@pytest.mark.parametrize(
    ("begins", "ends", "acts"),
    [(0, None, True), (-10, 1, True), (-10, 0, False), (1, None, False)],
    ids=["from today", "until tomorrow", "until today", "from tomorrow"],
)
def test_guardian_sees_while_the_guardianship_lasts(
    doctor: User, patient: User, begins: int, ends: int | None, acts: bool
) -> None:
    child = GuardianshipFactory(guardian=patient).patient
    visit = confirmed(doctor, patient, patient=child)
    second = GuardianshipFactory(
        patient=child,
        valid=DateRange(today() + timedelta(days=begins), None if ends is None else today() + timedelta(days=ends)),
    ).guardian
    assert sees(second) == ({visit} if acts else set())


def test_guardian_who_booked_sees_it_no_more_when_the_guardianship_is_over(
    doctor: User, patient: User, client_of: ClientOf
) -> None:
    child = GuardianshipFactory(guardian=patient).patient
    visit = confirmed(doctor, patient, patient=child, reason="Private by now")
    Guardianship.objects.update(valid=DateRange(today() - timedelta(days=90), today()))

    assert visit.booked_by == patient
    assert sees(patient) == set()
    assert client_of(patient).get(visit.get_absolute_url()).status_code == 404


def test_day_on_which_a_guardianship_ends_is_the_portals_for_everybody(
    doctor: User, patient: User, client_of: ClientOf
) -> None:
    """Whoever sits behind the date line does not act a day longer."""
    child = GuardianshipFactory(guardian=patient).patient
    visit = confirmed(doctor, patient, patient=child)
    Guardianship.objects.update(valid=DateRange(today() - timedelta(days=90), today()))
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"):
        with timezone.override(zone):
            assert sees(patient) == set()
    assert client_of(patient).get(visit.get_absolute_url()).status_code == 404


def test_doctor_who_is_a_patient_elsewhere_sees_both(doctor: User, other_doctor: User, patient: User) -> None:
    PatientFactory(user=doctor)
    practice = confirmed(doctor, patient)
    own = confirmed(other_doctor, doctor)
    assert sees(doctor) == {practice, own}
    assert set(Appointment.objects.held_by(doctor)) == {own}


ROUTES = [
    ("get", ""),
    ("get", "cancel/confirm/"),
    ("get", "appointment.ics"),
    ("post", "cancel/"),
    ("post", "pay/"),
    ("post", "extend/"),
]


@pytest.mark.parametrize(("method", "tail"), ROUTES)
@pytest.mark.parametrize("held", [True, False])
def test_anothers_appointment_is_not_found_on_any_route(
    doctor: User,
    patient: User,
    stranger: User,
    other_doctor: User,
    admin: User,
    client_of: ClientOf,
    method: str,
    tail: str,
    held: bool,
) -> None:
    visit = hold(doctor, patient) if held else confirmed(doctor, patient)
    before = Appointment.objects.values().get()
    for user in (stranger, other_doctor, admin, *([doctor] if held else [])):
        response = getattr(client_of(user), method)(f"/appointments/{visit.pk}/{tail}")
        assert response.status_code == 404
    response = getattr(Client(), method)(f"/appointments/{visit.pk}/{tail}")
    assert response.status_code == 302
    assert response.url.startswith("/accounts/login/")
    assert Appointment.objects.values().get() == before


@pytest.mark.parametrize("tail", ["pay/", "extend/"])
def test_doctor_can_neither_pay_for_nor_extend_a_visit(
    doctor: User, patient: User, client_of: ClientOf, tail: str
) -> None:
    visit = confirmed(doctor, patient)
    assert client_of(doctor).post(f"/appointments/{visit.pk}/{tail}").status_code == 403


def test_second_guardian_sees_a_hold_but_does_not_pay_for_it(
    doctor: User, patient: User, stranger: User, client_of: ClientOf
) -> None:
    child = GuardianshipFactory(guardian=patient).patient
    GuardianshipFactory(guardian=stranger, patient=child)
    held = hold(doctor, patient, patient=child)
    client = client_of(stranger)
    assert client.get(held.get_absolute_url()).status_code == 200
    assert client.post(f"/appointments/{held.pk}/pay/").status_code == 403
    assert client.post(f"/appointments/{held.pk}/extend/").status_code == 403
    assert client.post(f"/appointments/{held.pk}/cancel/").status_code == 302


@pytest.mark.parametrize("path", ["practice/today/", "practice/hours/"])
def test_practice_is_for_doctors_alone(
    doctor: User, patient: User, admin: User, client_of: ClientOf, path: str
) -> None:
    assert client_of(doctor).get(f"/{path}").status_code == 200
    for user in (patient, admin):
        assert client_of(user).get(f"/{path}").status_code == 403
    assert Client().get(f"/{path}").status_code == 302


@pytest.mark.parametrize("pk", ["1", "01a206da-462c-7438-a102-375d7b86619", "zz", "%00", "9" * 400, "../../etc"])
def test_malformed_address_is_not_found(patient: User, client_of: ClientOf, pk: str) -> None:
    assert client_of(patient).get(f"/appointments/{pk}/").status_code == 404


def test_unknown_appointment_is_not_found(patient: User, client_of: ClientOf) -> None:
    assert client_of(patient).get("/appointments/01a206da-462c-7438-a102-375d7b86619f/").status_code == 404


# Lists -----------------------------------------------------------------------------------------------------------


def listed(client: Client, when: str = "") -> list[Appointment]:
    response = client.get("/appointments/", {"when": when} if when else {})
    assert response.status_code == 200
    return list(response.context["page"].rows)


def test_lists_tell_what_is_to_come_from_what_is_over(doctor: User, patient: User, client_of: ClientOf) -> None:
    later = confirmed(doctor, patient, at(15))
    sooner = confirmed(doctor, patient, at(9))
    over = shifted(confirmed(doctor, patient, at(11)), timezone.now() - timedelta(days=3))
    called_off = confirmed(doctor, patient, at(12))
    cancel_appointment(called_off, by=patient, side="patient")
    lapsed = held_until_past(hold(doctor, patient, at(13)))
    live = hold(doctor, patient, at(14))

    client = client_of(patient)
    assert listed(client) == [sooner, live, later]
    assert listed(client, "past") == [over]
    assert listed(client, "cancelled") == [lapsed, called_off]
    sweep_holds()
    assert listed(client, "cancelled") == [lapsed, called_off]
    assert listed(client_of(doctor)) == [sooner, later]
    assert listed(client_of(doctor), "past") == [over]
    assert listed(client_of(doctor), "cancelled") == [called_off]


def test_visit_that_is_going_on_is_still_to_come(doctor: User, patient: User, client_of: ClientOf) -> None:
    visit = shifted(confirmed(doctor, patient), timezone.now() - timedelta(minutes=5))
    assert listed(client_of(patient)) == [visit]


@pytest.mark.parametrize("when", ["", "past"])
def test_list_takes_the_same_queries_for_one_row_and_for_many(
    patient: User, client_of: ClientOf, django_assert_num_queries: DjangoAssertNumQueries, when: str
) -> None:
    def visits(count: int) -> None:
        for hour in range(9, 9 + count):
            visit = confirmed(DoctorFactory(with_hours=True).user, patient, at(hour))
            if when:
                shifted(visit, visit.start - timedelta(days=2))
        if when:
            Appointment.objects.update(status=Status.COMPLETED)

    client = client_of(patient)
    visits(1)
    with django_assert_num_queries(6):  # session, user, patients to choose, a doctor or not, whom one acts for, rows
        assert len(listed(client, when)) == 1
    Appointment.objects.update(status=Status.CANCELLED, period=(at(3), at(4)), blocked=(at(3), at(4)))
    visits(4)
    with django_assert_num_queries(6):
        assert len(listed(client, when)) >= 4


def test_detail_answers_for_every_status_and_reader(doctor: User, patient: User, client_of: ClientOf) -> None:
    visit = confirmed(doctor, patient, reason="<b>knee</b>")
    readers = [client_of(patient), client_of(doctor)]
    for status in Status:
        Appointment.objects.update(status=status)
        hidden = status in (Status.HELD, Status.EXPIRED)
        for client, expected in zip(readers, [200, 404 if hidden else 200], strict=True):
            response = client.get(visit.get_absolute_url())
            assert response.status_code == expected
            if expected == 200:
                assert "no-store" in response["Cache-Control"]
            assert "<b>knee" not in response.content.decode()


def test_today_shows_the_doctors_day_and_nobody_elses(
    doctor: User, other_doctor: User, patient: User, stranger: User, client_of: ClientOf
) -> None:
    def today_at(visit: Appointment, hour: int) -> Appointment:
        return shifted(visit, at(hour, days=0))

    second = today_at(confirmed(doctor, patient, at(10)), 23)
    first = today_at(confirmed(doctor, stranger, at(10)), 1)
    held = today_at(hold(doctor, patient, at(10)), 12)
    off = today_at(confirmed(doctor, stranger, at(11)), 13)
    cancel_appointment(held, by=patient, side="patient")
    Appointment.objects.filter(pk=off.pk).update(status=Status.CANCELLED)
    confirmed(other_doctor, patient, at(14))
    later = confirmed(doctor, patient, at(9))

    page = client_of(doctor).get("/practice/today/")
    assert page.context["day"].visits == [first, second]
    assert page.context["day"].later == [later]
