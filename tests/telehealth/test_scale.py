"""Several processes on one Valkey, a Valkey that restarts in a call, and the second step at the handshake."""

import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from django.test import Client
from websockets.exceptions import InvalidStatus

from accounts.models import User
from appointments.models import Appointment
from config.embedded import valkey
from config.ports import free_port
from config.processes import stop, undisturbed, wait_until
from telehealth.models import ChatMessage, Presence
from tests.accounts.proof import give_app
from tests.processes import remember
from tests.servers import Server, expect, listening, python
from tests.telehealth.rooms import SDP, Guest, agreed, dial, inside, path_of, visit_now

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("settled")]

DAPHNE = ("daphne", "--fd", "{fd}", "config.asgi:application")


@pytest.fixture
def visit(doctor: User, patient: User) -> Appointment:
    return agreed(visit_now(doctor, patient), patient)


@contextmanager
def leaving(server: AbstractContextManager[Server]) -> Iterator[Server]:
    """The server does not end before it has written down who left."""
    with server as found:
        yield found
        nobody = wait_until(lambda: not Presence.objects.filter(is_connected=True).exists(), timeout=20)
        expect(nobody, found, "Who left is not written down")


def admitted(one: Guest, other: Guest) -> None:
    other.say("admit")
    for guest in (one, other):
        guest.state_in_which(lambda state: state["room"]["status"] == "in_call" and state["peer"])


def speak(one: Guest, other: Guest) -> None:
    """A signal each way, and a message of the chat with its receipt."""
    one.say("signal", to=other.session, description={"type": "offer", "sdp": SDP})
    assert other.hear_until("signal")["from"] == one.session
    other.say("signal", to=one.session, candidate=None)
    assert one.hear_until("signal")["from"] == other.session
    one.say("chat", client_id=str(uuid4()), text="Can you hear me?")
    heard = other.hear_until("chat")
    other.say("receipt", upto=heard["id"], status="read")
    assert one.hear_until("receipt")["upto"] == heard["id"]


def test_two_sides_on_two_processes_are_in_one_room(
    daphne_process: Server, visit: Appointment, doctor: User, patient: User
) -> None:
    with (
        leaving(listening("websocket", python(*DAPHNE))) as second,
        inside(daphne_process, visit, patient) as one,
        inside(second, visit, doctor) as other,
    ):
        admitted(one, other)
        speak(one, other)
        other.say("close", outcome="completed")
        assert one.close_code() == other.close_code() == 4010


@dataclass
class Valkey:
    """A Valkey of a test's own, which keeps its address over a restart and nothing else."""

    address: valkey.Address
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "valkey.log").open("ab") as log, undisturbed():
            self.process = subprocess.Popen(
                [valkey.program(), "-"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=self.folder,
            )
            remember(self.process.pid)
        valkey.configure(self.process, self.address, durable=False)
        assert wait_until(self.address.answers, timeout=30, watched=[self.process])

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[Valkey]:
    found = Valkey(valkey.Address(free_port(), "only-here"), tmp_path)
    found.start()
    yield found
    assert found.process is not None
    stop(found.process)


def test_call_outlives_a_valkey_that_restarts(
    own_valkey: Valkey, visit: Appointment, doctor: User, patient: User
) -> None:
    with (
        leaving(listening("websocket", python(*DAPHNE), REDIS_URL=own_valkey.address.url)) as daphne,
        inside(daphne, visit, patient) as one,
        inside(daphne, visit, doctor) as other,
    ):
        admitted(one, other)
        own_valkey.kill()
        # It is kept though nobody can be told, and nothing of a signal is.
        one.say("chat", client_id=str(uuid4()), text="Written while it was down")
        assert wait_until(ChatMessage.objects.exists, timeout=10)
        one.say("signal", to=other.session, candidate=None)
        assert one.hear_until("error")["code"] == "try_again"
        own_valkey.start()
        # The line to Valkey is laid anew; who missed something finds it at the next beat.
        one.everything(1)

        def is_heard() -> bool:
            one.say("signal", to=other.session, candidate=None)
            return any(message["type"] == "signal" for message in other.everything(0.5))

        assert wait_until(is_heard, timeout=20)

        def is_told() -> bool:
            one.say("chat", client_id=str(uuid4()), text="And now?")
            return any(message["type"] == "chat" for message in other.everything(1))

        # The publisher leaves a layer that failed alone for some seconds.
        assert wait_until(is_told, timeout=20, pause=0.5)
        other.say("beat", seen=0)
        state = other.state_in_which(lambda state: state["chat"])
        assert state["chat"][0]["text"] == "Written while it was down"
        speak(one, other)


def test_doctor_without_the_second_step_is_refused_at_the_handshake(
    visit: Appointment, doctor: User, patient: User, client_of: Callable[[User], Client]
) -> None:
    with leaving(listening("websocket", python(*DAPHNE), SECOND_FACTOR_REQUIRED="true")) as daphne:
        give_app(doctor)
        for path in (path_of(visit), "/ws/practice/queue/"):
            with pytest.raises(InvalidStatus, match="403"):
                dial(daphne, path, doctor)
        with inside(daphne, visit, patient):
            pass
