"""What becomes of open sockets when their process ends, and when it is gone without a word."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone
from websockets.exceptions import ConnectionClosed

from accounts.models import User
from appointments.models import Appointment
from config.processes import wait_until
from telehealth.models import JoinEvidence, Presence, Side
from telehealth.services import Arrival, enter, room_of
from telehealth.tasks import clear_silent_seats
from tests.servers import Server, expect, listening, python
from tests.telehealth.rooms import DIES, HANGS, SLOW, agreed, inside, visit_now, visitor

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("settled")]


@pytest.fixture
def own_daphne(transactional_db: None) -> Iterator[Server]:
    with listening("websocket", python("daphne", "--fd", "{fd}", "config.asgi:application")) as server:
        yield server


@pytest.fixture
def visit(doctor: User, patient: User) -> Appointment:
    return agreed(visit_now(doctor, patient), patient)


def test_sigterm_closes_with_1012_and_the_next_process_knows_everything(
    own_daphne: Server, daphne_process: Server, visit: Appointment, doctor: User, patient: User
) -> None:
    with inside(own_daphne, visit, patient) as one, inside(own_daphne, visit, doctor) as other:
        other.say("admit")
        one.state_in_which(lambda state: state["room"]["status"] == "in_call")
        own_daphne.process.send_signal(signal.SIGTERM)
        assert one.close_code() == other.close_code() == 1012
        assert own_daphne.process.wait(20) == 0
        with visitor(daphne_process, visit, patient, device=one.device, session=one.session) as again:
            state = again.enter()
            assert (state["you"]["seat"], state["room"]["status"]) == ("held", "in_call")
            assert (state["peer"]["session"], state["peer"]["present"]) == (other.session, False)
    events = JoinEvidence.objects.filter(side="doctor").order_by("pk").values_list("event", flat=True)
    assert list(events) == ["joined", "lost"]


# A thread still writes rows when the loop of the sockets ends, and tells of them then.
LATE = """
import asyncio, threading

import django

django.setup()
from asgiref.sync import sync_to_async

from config.announcing import announce, loop_of_sockets

begun, ended = threading.Event(), threading.Event()

def write():
    begun.set()
    ended.wait()
    announce(["consultation.of-nobody"], {"type": "room.changed"})
    print("told")

async def serve():
    loop_of_sockets.set(asyncio.get_running_loop())
    serve.writing = asyncio.ensure_future(sync_to_async(write, thread_sensitive=False)())
    while not begun.is_set():
        await asyncio.sleep(0.01)

loop = asyncio.new_event_loop()
loop.run_until_complete(serve())
LOOP_ENDS
ended.set()
"""


@pytest.mark.parametrize("ends", ["", "loop.close()"])
def test_thread_that_tells_of_its_rows_after_the_loop_has_ended_keeps_no_process_from_its_end(
    transactional_db: None, ends: str
) -> None:
    command = [sys.executable, "-c", LATE.replace("LOOP_ENDS", ends)]
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "told\n"), done.stderr


def test_who_was_on_a_killed_process_comes_back_to_another(
    own_daphne: Server, daphne_process: Server, visit: Appointment, patient: User
) -> None:
    with inside(own_daphne, visit, patient) as one:
        own_daphne.process.kill()
        with pytest.raises(ConnectionClosed):
            one.drain(10)
        assert Presence.objects.get().is_connected
        with visitor(daphne_process, visit, patient, device=one.device, session=one.session) as again:
            assert again.enter()["you"]["seat"] == "held"
    events = JoinEvidence.objects.order_by("pk").values_list("event", flat=True)
    assert list(events)[:3] == ["joined", "lost", "joined"]


@pytest.fixture(scope="module")
def faulty_daphne(django_db_setup: None) -> Iterator[Server]:
    """It ends an application two seconds after its socket, and has the faults of tests/telehealth/faulty.py."""
    command = ("daphne", "--fd", "{fd}", "--application-close-timeout", "2", "tests.telehealth.faulty:application")
    with listening("websocket", python(*command), ROOM_SOCKETS="2") as server:
        yield server


def has_left() -> bool:
    """Somebody came, was lost, and nobody is there."""
    events = list(JoinEvidence.objects.order_by("pk").values_list("event", flat=True))
    return events == ["joined", "lost"] and not Presence.objects.filter(is_connected=True).exists()


def test_who_was_on_an_application_that_died_has_left(faulty_daphne: Server, visit: Appointment, patient: User) -> None:
    with inside(faulty_daphne, visit, patient) as one:
        one.say("beat", seen=DIES)
        assert one.close_code() == 1011
        expect(wait_until(has_left, timeout=10), faulty_daphne, "Nobody has left")


def test_who_was_on_an_application_that_hangs_has_left_when_it_is_ended(
    faulty_daphne: Server, visit: Appointment, patient: User
) -> None:
    with inside(faulty_daphne, visit, patient) as one:
        one.say("beat", seen=HANGS)
    expect(wait_until(has_left, timeout=10), faulty_daphne, "Nobody has left")


def test_who_is_gone_before_the_coming_is_written_down_has_left(
    faulty_daphne: Server, visit: Appointment, patient: User
) -> None:
    with visitor(faulty_daphne, visit, patient, device=SLOW) as one:
        one.say("enter", device=one.device, session=one.session)
    assert not JoinEvidence.objects.exists()
    expect(wait_until(has_left, timeout=15), faulty_daphne, "Nobody has left")


def test_who_falls_silent_is_closed_and_has_left(faulty_daphne: Server, visit: Appointment, patient: User) -> None:
    with inside(faulty_daphne, visit, patient) as one:
        one.say("beat", seen=0)
        assert one.close_code() == 4008
        expect(wait_until(has_left, timeout=10), faulty_daphne, "Nobody has left")


def is_let_in(server: Server, visit: Appointment, user: User) -> bool:
    with visitor(server, visit, user) as guest:
        with suppress(ConnectionClosed):
            return guest.enter()["you"]["seat"] == "held"
        return guest.close_code() != 1013


def test_one_more_than_the_process_can_hear_comes_again_later(
    faulty_daphne: Server, visit: Appointment, doctor: User, patient: User
) -> None:
    with inside(faulty_daphne, visit, doctor):
        with inside(faulty_daphne, visit, patient) as one, visitor(faulty_daphne, visit, patient) as another:
            assert another.close_code() == 1013
            one.say("leave")
            assert one.close_code() == 1000
        assert wait_until(lambda: is_let_in(faulty_daphne, visit, patient), timeout=20)


def test_who_comes_while_as_many_are_let_in_as_can_be_comes_again_later(
    faulty_daphne: Server, visit: Appointment, doctor: User, patient: User
) -> None:
    with visitor(faulty_daphne, visit, patient, device=SLOW) as one:
        one.say("enter", device=one.device, session=one.session)
        assert wait_until(lambda: not is_let_in(faulty_daphne, visit, doctor), timeout=4)
        assert one.hear_until("state")["you"]["seat"] == "held"
        assert wait_until(lambda: is_let_in(faulty_daphne, visit, doctor), timeout=20)


def test_who_left_without_a_word_is_written_down_once(visit: Appointment, doctor: User, patient: User) -> None:
    room = room_of(visit)
    for user, side in ((patient, Side.PATIENT), (doctor, Side.DOCTOR)):
        enter(room, Arrival(user, side, uuid4(), uuid4(), uuid4()))
    heard = timezone.now() - timedelta(seconds=61)
    Presence.objects.filter(side=Side.PATIENT).update(seen_at=heard)
    for _ in range(2):
        clear_silent_seats()
    assert Presence.objects.get(is_connected=True).side == Side.DOCTOR
    lost = JoinEvidence.objects.get(event="lost")
    assert (lost.side, lost.seen_at) == (Side.PATIENT, heard)
    Presence.objects.update(is_connected=False)


def test_seat_that_was_not_heard_of_is_free_for_another_device(
    daphne_process: Server, visit: Appointment, patient: User
) -> None:
    with inside(daphne_process, visit, patient):
        Presence.objects.update(seen_at=timezone.now() - timedelta(seconds=41))
        with visitor(daphne_process, visit, patient) as second:
            assert second.enter()["you"]["seat"] == "held"
