"""Choosing a time and asking for it, as pages: the times of a week, the strips of cards, the form, a time now gone."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from urllib.parse import parse_qs, urlencode, urlsplit

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from appointments.listings import refresh_listings
from doctors.models import Doctor
from patients.models import Patient
from scheduling.models import TimeOff, WeeklyHours
from tests.appointments.visits import DHAKA, at, held_until_past, hold
from tests.factories.doctors import DoctorFactory, PracticePlaceFactory
from tests.factories.patients import GuardianshipFactory, PatientFactory
from tests.page import HTMX, Page, read

type ClientOf = Callable[[User], Client]


def book_address(doctor: User, start: datetime | None = None, mode: str = "video") -> str:
    return f"/book/{doctor.doctor.slug}/?{urlencode({'start': (start or at()).isoformat(), 'mode': mode})}"


def test_each_open_time_leads_to_its_form_and_is_said_in_full(doctor: User, patient: User) -> None:
    hold(doctor, patient, at(10))
    page = read(Client(), f"/times/{doctor.doctor.slug}/?{urlencode({'day': at().date()})}")
    forms = {words: href for words, href in page.links.items() if href.startswith("/book/")}
    assert len(forms) == 31
    for words, href in list(forms.items())[::10]:
        form = read(Client(), href)
        start = datetime.fromisoformat(parse_qs(urlsplit(href).query)["start"][0])
        spoken = f"{start.astimezone(DHAKA):%A} {start.astimezone(DHAKA).day} {start.astimezone(DHAKA):%B}"
        assert words.startswith(spoken)
        assert spoken in form.html
    assert "taken" in page.html
    assert not [words for words in forms if "10:00" in words]


def test_times_to_htmx_are_the_panel_alone(doctor: User) -> None:
    address = f"/times/{doctor.doctor.slug}/"
    response = Client().get(address, {"day": at().date()}, headers=HTMX)
    panel = Page(response.content.decode())
    assert "HX-Request" in response["Vary"]
    assert "<html" not in panel.html
    assert panel.ids["times-body"] == panel.ids["times-said"] == 1
    assert "32 open times" in " ".join(panel.html.split())
    # A heading that says what the panel is belongs to whoever shows it.
    assert {tag for tag, _words in panel.headings} == {"h3", "h4"}


def test_times_of_two_places_name_each(doctor: User) -> None:
    Doctor.objects.update(fee_in_person=Decimal(500))
    first, second = (
        PracticePlaceFactory(doctor=doctor.doctor, name=name) for name in ("Lake Chamber", "Square Hospital")
    )
    WeeklyHours.objects.filter(doctor=doctor.doctor).update(modes=["video", "in_person"], place=first, minutes=4 * 60)
    for weekday in range(7):
        WeeklyHours.objects.create(
            doctor=doctor.doctor, weekday=weekday, start="18:00", minutes=60, modes=["in_person"], place=second
        )
    address = f"/times/{doctor.doctor.slug}/?{urlencode({'mode': 'in_person', 'day': at().date()})}"
    page = read(Client(), address)
    parts = [words for tag, words in page.headings if tag == "h4"]
    assert [("Lake Chamber" in words, "Square Hospital" in words) for words in parts] == [
        (True, False),
        (True, False),
        (False, True),
    ]
    href = next(href for words, href in page.links.items() if "6:00 pm" in words)
    assert "Square Hospital" in read(Client(), href).html


def test_times_that_are_far_away_say_which_is_next(doctor: User) -> None:
    TimeOff.objects.create(doctor=doctor.doctor, period=DateTimeTZRange(timezone.now(), at(0, days=9)))
    refresh_listings([doctor.doctor.pk])
    page = read(Client(), f"/times/{doctor.doctor.slug}/")
    day = f"{at(9, days=9).date()}"
    assert "No open times in these days" in page.html
    assert page.links["Go to this day"].endswith(f"day={day}")
    assert "/book/" in read(Client(), page.links["Go to this day"]).html


def test_times_that_do_not_come_at_all_lead_to_other_doctors(db: None) -> None:
    doctor = DoctorFactory()
    page = read(Client(), f"/times/{doctor.slug}/")
    assert "No open times at the moment" in page.html
    assert page.links["Find another doctor"].startswith("/doctors/?specialty=")


def test_strip_is_a_fragment_for_each_card(doctor: User) -> None:
    away = DoctorFactory(with_hours=True)
    TimeOff.objects.create(doctor=away, period=DateTimeTZRange(timezone.now(), at(0, days=9)))
    never = DoctorFactory()
    everybody = [doctor.doctor, away, never]
    refresh_listings([each.pk for each in everybody])
    page = read(Client(), f"/times/?doctors={','.join(str(each.pk) for each in everybody)}")

    for each in everybody:
        assert page.ids[f"strip-{each.pk}"] == 1
        assert f"/times/{each.slug}/?mode=video" in page.links.values()
    assert page.html.count('hx-swap-oob="true"') == 3
    assert f"/book/{doctor.doctor.slug}/" in page.html
    assert f"/book/{away.slug}/" not in page.html
    assert "Next: " in page.html
    assert "No open times online" in page.html
    more = next(words for words in page.links if " more " in words)
    assert more.endswith(doctor.doctor.full_name) or away.full_name in more


def test_form_asks_a_visitor_for_the_reason_alone(doctor: User) -> None:
    page = read(Client(), book_address(doctor))
    assert page.ids["id_reason"] == 1
    assert "id_phone" not in page.ids
    assert "Who is the visit for?" not in page.html
    assert {"Go on", "I have an account"} <= set(page.buttons)
    assert "Step 2 of 4" in page.html


def test_form_asks_a_patient_for_whom_and_no_question_twice(doctor: User, client_of: ClientOf) -> None:
    known = PatientFactory(name="Karim Uddin").user
    GuardianshipFactory(guardian=known, patient__name="Ayesha Karim")
    page = read(client_of(known), book_address(doctor))
    assert "Me (Karim Uddin)" in page.html
    assert "Ayesha Karim" in page.html
    assert "id_phone" not in page.ids
    Patient.objects.filter(user=known).update(phone="")
    assert read(client_of(known), book_address(doctor)).ids["id_phone"] == 1


def test_form_takes_the_same_queries_for_a_small_and_a_large_family(
    doctor: User, patient: User, client_of: ClientOf, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of(patient)
    client.get(book_address(doctor))
    for _ in range(3):
        GuardianshipFactory(guardian=patient)
        with django_assert_num_queries(12):
            read(client, book_address(doctor))


def test_reason_of_a_hold_that_ran_out_is_offered_again(
    doctor: User, other_doctor: User, patient: User, client_of: ClientOf
) -> None:
    held_until_past(hold(doctor, patient, at(10), reason="A sore throat since Monday"))
    client = client_of(patient)
    assert "A sore throat since Monday" in read(client, book_address(doctor, at(11))).html
    assert "A sore throat since Monday" not in read(client, book_address(other_doctor, at(11))).html


def test_slot_that_is_gone_leads_back_to_its_day(doctor: User, patient: User) -> None:
    hold(doctor, patient, at(10))
    page = read(Client(), book_address(doctor, at(10)), status=409)
    assert page.title == "This time is no longer open"
    assert f"day={at(10).date()}" in page.links["Choose another time"]
    read(Client(), page.links["Choose another time"])
