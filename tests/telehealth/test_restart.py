"""What becomes of open sockets when their process ends, and when it is gone without a word."""

import signal
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from websockets.exceptions import ConnectionClosed

from accounts.models import User
from appointments.models import Appointment
from telehealth.models import JoinEvidence, Presence
from tests.servers import Server, listening, python
from tests.telehealth.rooms import agreed, inside, visit_now, visitor

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


def test_seat_that_was_not_heard_of_is_free_for_another_device(
    daphne_process: Server, visit: Appointment, patient: User
) -> None:
    with inside(daphne_process, visit, patient):
        Presence.objects.update(seen_at=timezone.now() - timedelta(seconds=41))
        with visitor(daphne_process, visit, patient) as second:
            assert second.enter()["you"]["seat"] == "held"
