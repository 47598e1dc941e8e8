"""The lists, the doctor's day and hours as pages, and that what people write stays text on every one of them."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from html import escape
from urllib.parse import urlencode

import pytest
import time_machine
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from appointments.models import Appointment, Status
from appointments.services import change_status
from doctors.models import Doctor
from scheduling.models import TimeOff
from tests.appointments.visits import DHAKA, at, confirmed, hold, shifted
from tests.factories.doctors import DoctorFactory
from tests.factories.patients import GuardianshipFactory, PatientFactory
from tests.page import Page, read

type ClientOf = Callable[[User], Client]


@pytest.fixture
def in_the_morning() -> Iterator[None]:
    """Ten o'clock in Dhaka: a day with some of it behind and most of it ahead."""
    with time_machine.travel(at(10, days=0)):
        yield


def test_list_names_the_other_side(doctor: User, patient: User, client_of: ClientOf) -> None:
    visit = confirmed(doctor, patient)
    assert doctor.doctor.full_name in read(client_of(patient), "/appointments/").links
    page = read(client_of(doctor), "/appointments/")
    assert page.links[patient.patient.name] == visit.get_absolute_url()
    assert doctor.doctor.full_name not in page.links


def test_empty_lists_say_what_to_do(doctor: User, patient: User, client_of: ClientOf) -> None:
    mine = client_of(patient)
    assert read(mine, "/appointments/").links["Find a doctor"]
    assert "No past appointments" in read(mine, "/appointments/?when=past").html
    assert read(client_of(doctor), "/appointments/").links["See your hours"] == "/practice/hours/"


@pytest.mark.usefixtures("in_the_morning")
def test_today_puts_the_next_visit_in_front(doctor: User, client_of: ClientOf) -> None:
    now = timezone.now()
    people = [PatientFactory(name=name).user for name in ("Done Begum", "Now Uddin", "Later Akter", "Next Day")]
    minutes = (-40, -5, 25)
    for user, offset, hour in zip(people, minutes, (10, 11, 12), strict=False):
        shifted(confirmed(doctor, user, at(hour)), now + timedelta(minutes=offset))
    tomorrow = confirmed(doctor, people[3], at(16, days=2))
    change_status(Appointment.objects.get(patient__name="Done Begum"), Status.COMPLETED, by=None)
    page = read(client_of(doctor), "/practice/today/")

    assert page.links["Open the visit"] == Appointment.objects.get(patient__name="Now Uddin").get_absolute_url()
    assert ("h2", "Now") in page.headings
    assert tomorrow.get_absolute_url() in page.links.values()
    assert page.html.count('aria-current="true"') == 1


@pytest.mark.usefixtures("in_the_morning")
def test_today_takes_the_same_queries_for_one_visit_and_for_three(
    doctor: User, client_of: ClientOf, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of(doctor)
    client.get("/practice/today/")
    for number in range(3):
        visit = confirmed(doctor, PatientFactory().user, at(10 + number))
        shifted(visit, timezone.now() + timedelta(minutes=20 * number))
        with django_assert_num_queries(21):
            page = read(client, "/practice/today/")
        assert page.html.count("agenda-visit") == number + 1


def test_today_says_that_nothing_is_booked_and_that_patients_cannot_come_yet(client_of: ClientOf, db: None) -> None:
    page = read(client_of(DoctorFactory(unverified=True).user), "/practice/today/")
    assert "No visits today" in page.html
    assert "Patients cannot find you yet" in page.html
    assert "Your page is suspended" in read(client_of(DoctorFactory(hidden=True).user), "/practice/today/").html


def test_hours_are_folded_to_lines_and_new_doctors_begin_with_an_open_row(doctor: User, client_of: ClientOf) -> None:
    page = read(client_of(doctor), "/practice/hours/")
    assert page.html.count('<details class="stretch"') == 7 + 2 + 1  # stored, blank, and the script's own
    assert page.html.count("9:00\N{NO-BREAK SPACE}am – 5:00\N{NO-BREAK SPACE}pm") == 7
    assert "Dhaka time" in page.html
    first = read(client_of(DoctorFactory().user), "/practice/hours/").html
    assert first.count('<details class="stretch" data-rows-blank open>') == 2


def test_wrong_hours_stay_open_and_are_reached_from_above(doctor: User, client_of: ClientOf) -> None:
    data = {
        "slot_minutes": "15",
        "buffer_before_minutes": "0",
        "buffer_after_minutes": "0",
        "notice_minutes": "30",
        "horizon_days": "30",
        "week-TOTAL_FORMS": "1",
        "week-INITIAL_FORMS": "0",
        "week-0-weekday": "1",
        "week-0-start": "09:00",
        "week-0-until": "",
    }
    response = client_of(doctor).post("/practice/hours/", data)
    page = Page(response.content.decode())
    assert response.status_code == 422
    assert '<details class="stretch stretch-wrong" open>' in page.html
    for target in ("id_week-0-until", "id_week-0-modes_group"):
        assert f'href="#{target}"' in page.html
        assert page.ids[target] == 1


def test_time_off_is_said_in_days_or_hours(doctor: User, client_of: ClientOf) -> None:
    def off(begin: datetime, end: datetime) -> None:
        TimeOff.objects.create(doctor=doctor.doctor, period=DateTimeTZRange(begin, end))

    off(datetime(2090, 3, 1, tzinfo=DHAKA), datetime(2090, 3, 2, tzinfo=DHAKA))
    off(datetime(2090, 4, 1, tzinfo=DHAKA), datetime(2090, 4, 4, tzinfo=DHAKA))
    off(datetime(2090, 5, 1, 14, tzinfo=DHAKA), datetime(2090, 5, 1, 16, 30, tzinfo=DHAKA))
    page = " ".join(read(client_of(doctor), "/practice/hours/").html.split(" "))
    assert "Wednesday 1 March 2090" in page
    assert "Sat 1 Apr 2090 to Mon 3 Apr 2090" in page
    assert "2:00\N{NO-BREAK SPACE}pm to Mon 1 May 2090, 4:30\N{NO-BREAK SPACE}pm" in page


MARKUP = "<script>alert(1)</script>\"'><b>{{ user.email }}{% now 'Y' %}"


@pytest.mark.usefixtures("in_the_morning")
def test_markup_in_names_and_reasons_is_text_on_every_page(doctor: User, client_of: ClientOf) -> None:
    patient = PatientFactory(name=MARKUP, user__name=MARKUP).user
    Doctor.objects.update(name=MARKUP)
    GuardianshipFactory(guardian=patient, patient__name=MARKUP)
    unfinished = hold(doctor, patient, at(11), reason=MARKUP)
    visit = confirmed(doctor, patient, reason=MARKUP)
    shifted(visit, timezone.now() + timedelta(minutes=10))
    mine, practice = client_of(patient), client_of(doctor)
    book = f"/book/{doctor.doctor.slug}/"

    pages = [
        *(read(mine, address) for address in ("/", "/appointments/", "/account/", visit.get_absolute_url())),
        read(mine, unfinished.get_absolute_url()),
        read(mine, f"/appointments/{visit.pk}/cancel/confirm/"),
        read(mine, f"{book}?{urlencode({'start': at(12).isoformat(), 'mode': 'video'})}"),
        read(mine, f"{book}?{urlencode({'start': visit.start.isoformat(), 'mode': 'video'})}", status=409),
        read(mine, f"/times/{doctor.doctor.slug}/"),
        *(read(practice, address) for address in ("/practice/today/", "/appointments/", visit.get_absolute_url())),
        read(practice, f"/appointments/{visit.pk}/cancel/confirm/"),
        read(Client(), f"/times/?doctors={doctor.doctor.pk}"),
    ]

    for page in pages:
        assert "<script>alert" not in page.html
        assert "<b>" not in page.html
        assert escape(MARKUP)[:40] in page.html
