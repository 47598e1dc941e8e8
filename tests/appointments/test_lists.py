"""One's lists of appointments: which stand where, how they are narrowed, and what their pages cost."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Action, TrailEntry, User
from appointments import lists
from appointments.lists import Side, Wanted, When, page_of
from appointments.models import Appointment, Status
from appointments.services import cancel_appointment, change_status, lay_leave
from patients.models import Patient
from tests.appointments.visits import at, confirmed, days_from_now, hold, shifted
from tests.factories.patients import GuardianshipFactory, PatientFactory
from tests.page import HTMX, Page, read
from tests.plans import steps_of

type ClientOf = Callable[[User], Client]

pytestmark = pytest.mark.django_db


def shown(client: Client, query: str = "") -> list[str]:
    """The visits on the page, by address."""
    page = read(client, f"/appointments/{query}")
    return [part.partition('"')[0] for part in page.html.split('class="visit-link" href="')[1:]]


def addresses(*visits: Appointment) -> list[str]:
    return [visit.get_absolute_url() for visit in visits]


def past(doctor: User, by: User, hours: int, *, patient: Patient | None = None) -> Appointment:
    visit = shifted(
        confirmed(doctor, by, at(9 + hours), patient=patient), timezone.now() - timedelta(days=1, hours=hours)
    )
    change_status(visit, Status.COMPLETED, by=None)
    return visit


def test_each_stands_in_one_of_the_three(doctor: User, patient: User, client_of: ClientOf) -> None:
    coming, cancelled = confirmed(doctor, patient, at(10)), confirmed(doctor, patient, at(11))
    cancel_appointment(cancelled, by=doctor, side="doctor")
    over = past(doctor, patient, 3)
    lapsed = hold(doctor, patient, at(13))
    Appointment.objects.filter(pk=lapsed.pk).update(hold_expires_at=timezone.now() - timedelta(minutes=1))
    mine, practice = client_of(patient), client_of(doctor)
    assert shown(mine) == shown(practice) == addresses(coming)
    assert shown(mine, "?when=past") == shown(practice, "?when=past") == addresses(over)
    assert shown(mine, "?when=cancelled") == addresses(lapsed, cancelled)
    assert shown(practice, "?when=cancelled") == addresses(cancelled), "a hold is not the doctor's to see"


def test_visit_about_which_the_patient_is_asked_says_so(doctor: User, patient: User, client_of: ClientOf) -> None:
    for hour in (10, 14):
        confirmed(doctor, patient, at(hour))
    lay_leave(doctor.doctor, DateTimeTZRange(at(9), at(12)), by=doctor)
    assert read(client_of(patient), "/appointments/").html.count("Please choose") == 1
    assert read(client_of(doctor), "/appointments/").html.count("Is asked to choose") == 1


def test_time_let_go_is_no_cancelled_visit_of_the_practice(doctor: User, patient: User, client_of: ClientOf) -> None:
    let_go = hold(doctor, patient, at(10))
    cancel_appointment(let_go, by=patient, side="patient")
    assert shown(client_of(doctor), "?when=cancelled") == []
    assert shown(client_of(patient), "?when=cancelled") == addresses(let_go)


def test_search_is_by_the_name_of_the_other_side(doctor: User, other_doctor: User, client_of: ClientOf) -> None:
    rahima, karim = (PatientFactory(name=name).user for name in ("Rahima Begum", "Karim Uddin"))
    hers, his = confirmed(doctor, rahima, at(10)), confirmed(doctor, karim, at(11))
    elsewhere = confirmed(other_doctor, rahima, at(12))
    assert shown(client_of(doctor), "?q=rahim") == addresses(hers)
    assert shown(client_of(doctor), "?q=nobody") == []
    assert "Nothing found" in read(client_of(doctor), "/appointments/?q=nobody").html
    name = other_doctor.doctor.name
    assert shown(client_of(rahima), f"?q={name}") == addresses(elsewhere)
    assert shown(client_of(karim)) == addresses(his)


def test_filters_go_together(doctor: User, patient: User, client_of: ClientOf) -> None:
    child = GuardianshipFactory(guardian=patient).patient
    first, childs = confirmed(doctor, patient, at(10)), confirmed(doctor, patient, at(11), patient=child)
    later = confirmed(doctor, patient, at(10, days=3))
    client = client_of(patient)
    assert shown(client, f"?patient={child.pk}") == addresses(childs)
    assert shown(client, "?mode=in_person") == []
    assert shown(client, f"?first={days_from_now(3)}") == addresses(later)
    assert shown(client, f"?last={days_from_now(1)}&mode=video") == addresses(first, childs)
    assert shown(
        client, f"?first={days_from_now(1)}&last={days_from_now(1)}&patient={patient.patient.pk}"
    ) == addresses(first)


@pytest.mark.parametrize("query", ["?first=9999-12-31", "?mode=pigeon", "?patient=nobody", "?page=2", "?when=never"])
def test_senseless_wishes_are_left_out(doctor: User, patient: User, client_of: ClientOf, query: str) -> None:
    visit = confirmed(doctor, patient)
    assert shown(client_of(patient), query) == addresses(visit)


@pytest.mark.parametrize("when", ["coming", "past"])
def test_pages_follow_each_other_and_miss_nobody(
    doctor: User, patient: User, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    monkeypatch.setattr(lists, "PAGE_SIZE", 2)
    make = past if when == "past" else lambda doctor, by, hour: confirmed(doctor, by, at(9 + hour))
    visits = [make(doctor, patient, hour) for hour in range(5)]
    client = client_of(doctor)
    seen: list[str] = []
    address = f"/appointments/?when={when}&side=practice"
    for _ in range(3):
        page = read(client, address)
        seen += [part.partition('"')[0] for part in page.html.split('class="visit-link" href="')[1:]]
        address = page.links.get("Earlier ones") or page.links.get("Later ones") or ""
    assert seen == addresses(*visits)
    assert address == ""


def test_own_visits_and_those_of_the_practice_are_one_list_in_order(
    doctor: User, other_doctor: User, patient: User, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "PAGE_SIZE", 2)
    PatientFactory(user=doctor)
    theirs = confirmed(doctor, patient, at(10)), confirmed(doctor, patient, at(14))
    mine = confirmed(other_doctor, doctor, at(12))
    client = client_of(doctor)
    page = read(client, "/appointments/")
    assert shown(client) == addresses(theirs[0], mine)
    assert shown(client, page.links["Later ones"].removeprefix("/appointments/")) == addresses(theirs[1])
    assert shown(client, "?side=patient") == addresses(mine)


def test_fragment_says_what_it_shows(doctor: User, patient: User, client_of: ClientOf) -> None:
    fragment = Page(client_of(patient).get("/appointments/?when=past", headers=HTMX).content.decode())
    assert "<html" not in fragment.html
    assert "Past: 0 appointments" in " ".join(fragment.html.split())


def test_list_takes_the_same_queries_for_one_visit_and_for_three(
    doctor: User, patient: User, client_of: ClientOf, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    mine, practice = client_of(patient), client_of(doctor)
    for client in (mine, practice):
        client.get("/appointments/")
    for n in range(3):
        confirmed(doctor, patient, at(10 + n))
        for client in (mine, practice):
            with django_assert_num_queries(6):
                assert len(shown(client)) == n + 1


HISTORY = """
INSERT INTO appointments_appointment (doctor_id, patient_id, booked_by_id, period, blocked, mode, reason, status,
    hold_extended, cancelled_by, cancel_reason, cancel_words, no_show_by, fee, currency, policy, sequence)
SELECT %s, %s, %s, p, p, 'video', '', CASE WHEN n %% 20 = 0 THEN 'cancelled' ELSE 'completed' END, false,
    '', '', '', '', 500, 'BDT', '{}', 0
FROM generate_series(1, 20000) n
CROSS JOIN LATERAL (SELECT now() - n * interval '1 hour' AS start) s
CROSS JOIN LATERAL (SELECT tstzrange(start, start + interval '15 minutes') AS p) r
"""


@pytest.mark.parametrize("when", When)
def test_page_of_a_long_history_reads_a_page_of_it(doctor: User, patient: User, when: When) -> None:
    """20 000 past visits: no plan sorts or reads them all, and what is read is a page and a bit."""
    with connection.cursor() as cursor:
        cursor.execute(HISTORY, [doctor.doctor.pk, patient.patient.pk, patient.pk])
        cursor.execute("ANALYZE appointments_appointment")
    wanted = Wanted(when=when, side=Side.PRACTICE)
    steps = steps_of(lambda: page_of(doctor, wanted), "appointments_appointment")
    assert steps
    if when == When.COMING:
        # Those that occupy a time have an index of their own, which no history is in.
        assert not any("Seq Scan" in step for step in steps), steps
    else:
        assert all("Index Scan" in step and "_of_a_doctor" in step for step in steps), steps
        assert not any("Bitmap" in step for step in steps), steps
    second = page_of(doctor, wanted, after=page_of(doctor, wanted).after)
    assert len(second.rows) == (0 if when == When.COMING else 20)


# As a file -------------------------------------------------------------------------------------------------------


def table(response: object) -> list[list[str]]:
    text = b"".join(response).decode()  # type: ignore[call-overload]
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


def test_file_has_what_the_list_has_and_no_reason(doctor: User, client_of: ClientOf) -> None:
    people = [PatientFactory(name=name).user for name in ("=HYPERLINK(1)", "@cmd", "রহিমা বেগম", "-2+3")]
    for number, user in enumerate(people):
        confirmed(doctor, user, at(10 + number), reason="Chest pain since Friday")
    response = client_of(doctor).get("/practice/appointments.csv?q=")
    assert response.streaming
    head, *rows = table(response)
    assert head == list(lists.COLUMNS)
    assert [row[4] for row in rows] == ["'=HYPERLINK(1)", "'@cmd", "রহিমা বেগম", "'-2+3"]
    assert rows[0][1:4] == [days_from_now(1).isoformat(), "10:00", "10:15"]
    assert rows[0][5:] == ["video", "", "confirmed", "800.00", "BDT"]
    assert not any("Chest" in cell for row in rows for cell in row)


def test_file_is_narrowed_as_the_list_is_and_is_on_the_trail(doctor: User, patient: User, client_of: ClientOf) -> None:
    confirmed(doctor, patient, at(10))
    confirmed(doctor, patient, at(10, days=3))
    client = client_of(doctor)
    link = next(
        href for text, href in read(client, f"/appointments/?first={days_from_now(2)}").links.items() if "CSV" in text
    )
    assert len(table(client.get(link))) == 2
    entry = TrailEntry.objects.get(action=Action.EXPORTED)
    assert (entry.by, entry.about, entry.code) == (doctor, "appointments.list", "csv_coming")


def test_file_is_for_doctors(patient: User, client_of: ClientOf) -> None:
    client = client_of(patient)
    assert client.get("/practice/appointments.csv").status_code == 403
    assert "CSV" not in read(client, "/appointments/").html
    assert not TrailEntry.objects.filter(action=Action.EXPORTED).exists()
