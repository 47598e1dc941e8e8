"""Searches and doctors' pages, counted without knowing who it was; robots, previews and repeats left out."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.conf import settings
from django.core.cache import cache
from django.db import IntegrityError
from django.test import Client, override_settings
from structlog.testing import capture_logs

from accounts.models import User
from doctors.models import DailySteps, Step
from doctors.steps import SUMS, write_steps
from tests.factories.doctors import DoctorFactory

pytestmark = pytest.mark.django_db

PHONE = "Mozilla/5.0 (Linux; Android 14; CUBOT NOTE 20) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36"


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    cache.take_sums(SUMS)


def reader(user: User | None = None) -> Client:
    client = Client(headers={"user-agent": PHONE})
    if user:
        client.force_login(user)
    return client


def counted() -> dict[str, int]:
    write_steps()
    return dict(DailySteps.objects.values_list("step", "count"))


def test_searches_and_doctors_pages_are_counted_by_step(doctor: User, patient: User) -> None:
    for _ in range(2):
        reader().get("/doctors/", {"q": "cardiology"})
    reader(patient).get(doctor.doctor.get_absolute_url())
    assert counted() == {Step.SEARCH: 2, Step.PROFILE: 1}
    reader().get("/doctors/")
    assert counted() == {Step.SEARCH: 3, Step.PROFILE: 1}, "what is written later is added"


def test_pages_and_filters_of_one_search_are_the_same_search() -> None:
    for number in range(25):
        DoctorFactory(slug=f"d-{number}")
    reader().get("/doctors/?page=2")
    reader().get("/doctors/?mode=video", headers={"HX-Request": "true"})
    assert counted() == {}


def test_own_page_of_a_doctor_is_no_step(doctor: User, other_doctor: User) -> None:
    reader(doctor).get(doctor.doctor.get_absolute_url())
    assert counted() == {}
    reader(other_doctor).get(doctor.doctor.get_absolute_url())
    assert counted() == {Step.PROFILE: 1}


@pytest.mark.parametrize(
    "headers",
    [
        {"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
        {"user-agent": "Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/130.0"},
        {"user-agent": "curl/8.5.0"},
        {"user-agent": "WhatsApp/2.23"},
        {"user-agent": ""},
        {"user-agent": PHONE, "sec-purpose": "prefetch;prerender"},
    ],
)
def test_robots_are_not_counted(doctor: User, headers: dict[str, str]) -> None:
    for path in ("/doctors/", doctor.doctor.get_absolute_url()):
        assert Client(headers=headers).get(path).status_code == 200
        assert reader().head(path).status_code == 200
    assert counted() == {}


def test_hidden_doctors_and_wrong_addresses_are_no_step() -> None:
    assert reader().get(DoctorFactory(hidden=True).get_absolute_url()).status_code == 404
    assert counted() == {}


def test_step_belongs_to_the_day_of_the_portals_clock() -> None:
    for moment in (datetime(2026, 5, 1, 17, 59, tzinfo=UTC), datetime(2026, 5, 1, 18, 0, tzinfo=UTC)):
        with time_machine.travel(moment, tick=False):
            reader().get("/doctors/")
    counted()
    assert set(DailySteps.objects.values_list("day", "count")) == {(date(2026, 5, 1), 1), (date(2026, 5, 2), 1)}


def test_what_cannot_be_written_is_put_back() -> None:
    cache.add_up(SUMS, "2026-05-01 nonsense", 3)
    cache.add_up(SUMS, "2026-05-01 search", 4)
    with pytest.raises(IntegrityError):
        write_steps()
    assert cache.take_sums(SUMS) == {"2026-05-01 nonsense": 3, "2026-05-01 search": 4}
    assert not DailySteps.objects.exists()


def test_pages_go_on_while_the_sums_are_away_and_that_is_logged(doctor: User) -> None:
    nowhere = settings.CACHES | {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}
    with override_settings(CACHES=nowhere), capture_logs() as logs:
        assert reader().get("/doctors/").status_code == 200
        assert reader().get(doctor.doctor.get_absolute_url()).status_code == 200
    assert [each["step"] for each in logs if each["event"] == "step_not_counted"] == ["search", "profile"]
    assert counted() == {}
