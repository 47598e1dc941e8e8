"""The relay's passwords: as coturn works them out, for participants, while the room is open."""

import hmac
import subprocess
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.conf import LazySettings, settings
from django.test import Client
from django.utils import timezone

from accounts.models import User
from config.settings import RATE_LIMITS
from telehealth.turn import credentials
from tests.coturn import Relay
from tests.telehealth.rooms import visit_now

# Of the relay, which was started before a test's own settings.
SECRET = settings.TURN_SECRET

type ClientOf = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _relay(settings: LazySettings) -> None:
    settings.TURN_URLS, settings.TURN_SECRET = ["turn:relay.example.org:3478?transport=udp"], "shared"


def test_password_is_what_the_relay_expects_and_ends_by_itself(
    doctor: User, patient: User, client_of: ClientOf
) -> None:
    visit = visit_now(doctor, patient)
    response = client_of(patient).get(f"/consultations/{visit.pk}/ice/")
    (server,) = response.json()["ice_servers"]
    expiry, _, uid = server["username"].partition(":")
    assert uid == str(patient.pk)
    assert server["urls"] == ["turn:relay.example.org:3478?transport=udp"]
    expected = hmac.digest(b"shared", server["username"].encode(), "sha1")
    assert server["credential"] == b64encode(expected).decode()
    left = int(expiry) - timezone.now().timestamp()
    # The visit of 15 minutes begins in five; the room closes 60 after it, and two minutes are for clocks that are off.
    assert 81 * 60 < left < 83 * 60
    assert datetime.fromisoformat(response.json()["expires_at"]).timestamp() == pytest.approx(int(expiry), abs=1)
    assert "no-store" in response["Cache-Control"]


def client_says(turn: Relay, username: str, password: str) -> str:
    """What coturn's own client says of three messages over the relay."""
    words = ["turnutils_uclient", "-y", "-c", "-u", username, "-w", password, "-p", str(turn.port), "-n", "3"]
    done = subprocess.run([*words, "127.0.0.1"], capture_output=True, text=True, check=False, timeout=60)
    return done.stdout + done.stderr


def test_relay_takes_the_password_and_no_other(turn: Relay, patient: User, settings: LazySettings) -> None:
    settings.TURN_SECRET = SECRET
    good = credentials(patient, expires_at=timezone.now() + timedelta(minutes=5))
    # Datagrams may be lost on a busy machine.
    assert any("tot_recv_msgs=3" in client_says(turn, good["username"], good["credential"]) for _ in range(4))
    past = credentials(patient, expires_at=timezone.now() - timedelta(minutes=5))
    for username, password in ((good["username"], past["credential"]), (past["username"], past["credential"])):
        assert "tot_recv_msgs=3" not in client_says(turn, username, password)


def test_no_password_outlives_two_hours(doctor: User, patient: User, client_of: ClientOf) -> None:
    visit = visit_now(doctor, patient)
    visit.period = type(visit.period)(visit.start, visit.start + timedelta(hours=6))
    visit.blocked = visit.period
    visit.save()
    (server,) = client_of(doctor).get(f"/consultations/{visit.pk}/ice/").json()["ice_servers"]
    assert int(server["username"].partition(":")[0]) - timezone.now().timestamp() <= (2 * 60 + 2) * 60


@pytest.mark.parametrize("begins", [timedelta(minutes=16), -timedelta(minutes=76)])
def test_nobody_has_a_password_while_the_room_is_not_open(
    doctor: User, patient: User, client_of: ClientOf, begins: timedelta
) -> None:
    visit = visit_now(doctor, patient, begins=begins)
    response = client_of(patient).get(f"/consultations/{visit.pk}/ice/")
    assert response.status_code == 409
    assert b'"credential"' not in response.content


def test_way_to_the_relay_is_tested_for_a_moment_within_a_week_of_a_visit(
    doctor: User, patient: User, client_of: ClientOf
) -> None:
    visit_now(doctor, patient, begins=timedelta(days=6))
    (server,) = client_of(patient).get("/telehealth/device/ice/").json()["ice_servers"]
    left = int(server["username"].partition(":")[0]) - timezone.now().timestamp()
    assert 2.5 * 60 < left <= 3 * 60


@pytest.mark.parametrize("begins", [timedelta(days=8), -timedelta(minutes=76)])
def test_nobody_tests_the_relay_who_has_no_visit_soon(
    doctor: User, patient: User, client_of: ClientOf, begins: timedelta
) -> None:
    visit_now(doctor, patient, begins=begins)
    response = client_of(patient).get("/telehealth/device/ice/")
    assert response.status_code == 403
    assert b'"credential"' not in response.content


def test_relay_is_not_handed_out_again_and_again(
    doctor: User, patient: User, client_of: ClientOf, settings: LazySettings
) -> None:
    settings.ACCOUNT_RATE_LIMITS = RATE_LIMITS
    visit_now(doctor, patient)
    client = client_of(patient)
    found = [client.get("/telehealth/device/ice/").status_code for _ in range(7)]
    assert found == [200] * 6 + [429]


def test_without_a_relay_there_is_no_server(
    doctor: User, patient: User, client_of: ClientOf, settings: LazySettings
) -> None:
    settings.TURN_URLS = []
    assert client_of(patient).get(f"/consultations/{visit_now(doctor, patient).pk}/ice/").json()["ice_servers"] == []
