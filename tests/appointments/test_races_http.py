"""The same race as browsers run it: requests to real server processes."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import perf_counter
from urllib.parse import urlencode

import pytest
import requests
from django.conf import settings
from django.test import Client

from accounts.models import User
from appointments.models import Appointment
from tests.appointments.races import no_deadlock
from tests.appointments.visits import at, hold
from tests.factories.patients import PatientFactory
from tests.servers import Server

pytestmark = pytest.mark.django_db(transaction=True)

CROWD = 50


def browser(user: User) -> requests.Session:
    """Signed in, and with a token for forms."""
    client = Client()
    client.force_login(user)
    session = requests.Session()
    session.cookies[settings.SESSION_COOKIE_NAME] = client.cookies[settings.SESSION_COOKIE_NAME].value
    session.cookies[settings.CSRF_COOKIE_NAME] = secrets.token_hex(16)
    return session


def submit(
    server: Server, session: requests.Session, path: str, barrier: Barrier, **fields: object
) -> tuple[int, float]:
    """The status of a form that is sent when all are ready, and how long the answer took."""
    data = {"csrfmiddlewaretoken": session.cookies[settings.CSRF_COOKIE_NAME]} | fields
    barrier.wait(60)
    begun = perf_counter()
    response = session.post(f"{server.url}{path}", data=data, allow_redirects=False, timeout=60)
    return response.status_code, perf_counter() - begun


def all_at_once(
    server: Server, requested: list[tuple[requests.Session, str, dict[str, object]]]
) -> list[tuple[int, float]]:
    barrier = Barrier(len(requested))
    with ThreadPoolExecutor(len(requested)) as threads:
        sent = [threads.submit(submit, server, session, path, barrier, **fields) for session, path, fields in requested]
        return [each.result() for each in sent]


def test_fifty_browsers_at_one_slot_get_one_hold_and_forty_nine_conflicts(doctor: User, web_process: Server) -> None:
    path = f"/book/{doctor.doctor.slug}/?{urlencode({'start': at().isoformat(), 'mode': 'video'})}"
    people = [PatientFactory().user for _ in range(CROWD)]
    # Each process has been asked for the page before: the race is for the slot, not for a warm start.
    assert requests.get(f"{web_process.url}{path}", timeout=60).status_code == 200

    with no_deadlock():
        answers = all_at_once(
            web_process, [(browser(user), path, {"patient": str(user.patient.pk), "reason": "x"}) for user in people]
        )

    statuses = [status for status, _took in answers]
    assert sorted(set(statuses)) == [302, 409]
    assert statuses.count(302) == 1
    assert Appointment.objects.get().booked_by == people[statuses.index(302)]
    times = sorted(took for _status, took in answers)
    print(f"\n{CROWD} browsers at one slot: median {times[25] * 1000:.0f} ms, slowest {times[-1] * 1000:.0f} ms")


def test_one_browser_that_clicks_ten_times_gets_one_hold_and_one_charge(
    doctor: User, patient: User, web_process: Server
) -> None:
    path = f"/book/{doctor.doctor.slug}/?{urlencode({'start': at().isoformat(), 'mode': 'video'})}"
    fields: dict[str, object] = {"patient": str(patient.patient.pk), "reason": "x"}
    clicks = all_at_once(web_process, [(browser(patient), path, fields) for _ in range(10)])
    assert {status for status, _took in clicks} == {302}
    held = Appointment.objects.get()

    clicks = all_at_once(web_process, [(browser(patient), f"/appointments/{held.pk}/pay/", {}) for _ in range(10)])
    assert {status for status, _took in clicks} == {302}
    held.refresh_from_db()
    assert held.charge is not None


def test_cancel_that_is_clicked_many_times_is_one_cancellation(
    doctor: User, patient: User, web_process: Server
) -> None:
    held = hold(doctor, patient)
    path = f"/appointments/{held.pk}/cancel/"
    answers = all_at_once(web_process, [(browser(patient), path, {}) for _ in range(6)])
    assert sorted(status for status, _took in answers) == [302] + [409] * 5
