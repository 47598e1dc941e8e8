"""The room by its sockets, over a real daphne: who gets in, what each side hears, what is refused."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone
from websockets.exceptions import ConnectionClosed, InvalidStatus

from accounts.models import User
from accounts.sessions import SEEN
from appointments.models import Appointment, Status
from doctors.services import suspend_doctor
from patients.models import Guardianship
from telehealth.models import ChatMessage, ConsentGiven, Consultation, JoinEvidence, Presence, QualitySample
from telehealth.services import room_of
from tests.appointments.visits import at, shifted
from tests.factories.patients import GuardianshipFactory
from tests.servers import Server
from tests.telehealth.rooms import SDP, Guest, agreed, cookies, dial, inside, path_of, visit_now, visitor

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("settled")]

OFFER = {"type": "offer", "sdp": SDP}
FIGURES = {"rtt_ms": 80, "loss_pct": 1.5, "kbps_in": 280, "kbps_out": 300, "frames_decoded": 240} | {
    "audio_only": False,
    "relayed": True,
    "grade": "poor",
}


# What only the device that has the seat may say.
FROM_THE_SEAT: list[dict[str, Any]] = [
    {"type": "signal", "description": OFFER},
    {"type": "media", "mic": False, "camera": True, "screen": False, "audio_only": True},
    {"type": "grade", "grade": "poor"},
    {"type": "quality", **FIGURES},
    {"type": "chat", "client_id": str(uuid4()), "text": "Hello"},
    {"type": "receipt", "upto": str(uuid4()), "status": "read"},
    {"type": "admit"},
    {"type": "late", "minutes": 5},
    {"type": "close", "outcome": "completed"},
]


@pytest.fixture
def visit(doctor: User, patient: User) -> Appointment:
    return agreed(visit_now(doctor, patient), patient)


@pytest.fixture
def pair(daphne_process: Server, visit: Appointment, doctor: User, patient: User) -> Iterator[tuple[Guest, Guest]]:
    """The patient and the doctor, admitted; each has the latest state."""
    with inside(daphne_process, visit, patient) as one, inside(daphne_process, visit, doctor) as other:
        other.say("admit")
        for guest in (one, other):
            guest.state_in_which(lambda state: state["room"]["status"] == "in_call" and state["peer"])
        yield one, other


# The handshake ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["nobody", "stranger", "other_doctor", "admin"])
def test_whoever_does_not_belong_is_refused_at_the_handshake(
    daphne_process: Server, visit: Appointment, who: str, request: pytest.FixtureRequest
) -> None:
    user = None if who == "nobody" else request.getfixturevalue(who)
    with pytest.raises(InvalidStatus, match="403"):
        dial(daphne_process, path_of(visit), user)


def test_session_past_its_limit_opens_no_socket(daphne_process: Server, visit: Appointment, patient: User) -> None:
    cookie = cookies(patient)
    session = SessionStore(cookie.partition("=")[2])
    session[SEEN] = 0
    session.save()
    with pytest.raises(InvalidStatus, match="403"):
        dial(daphne_process, path_of(visit), None, cookie=cookie)


def test_another_origin_is_refused_at_the_handshake(daphne_process: Server, visit: Appointment, patient: User) -> None:
    with pytest.raises(InvalidStatus, match="403"):
        dial(daphne_process, path_of(visit), patient, origin="https://elsewhere.example")


@pytest.mark.parametrize(
    ("begins", "code"), [(timedelta(minutes=16), 4004), (-timedelta(minutes=76), 4004), (timedelta(minutes=14), 0)]
)
def test_room_is_open_from_15_minutes_before_until_60_after(
    daphne_process: Server, doctor: User, patient: User, begins: timedelta, code: int
) -> None:
    visit = agreed(visit_now(doctor, patient, begins=begins), patient)
    with visitor(daphne_process, visit, patient) as guest:
        if code:
            assert guest.close_code() == code
        else:
            assert guest.enter()["room"]["status"] == "waiting"


@pytest.mark.parametrize("agreed_to", ["", "2020-01"])
def test_nobody_of_the_patients_side_enters_without_having_agreed_to_the_text_of_now(
    daphne_process: Server, doctor: User, patient: User, agreed_to: str
) -> None:
    visit = visit_now(doctor, patient)
    if agreed_to:
        ConsentGiven.objects.create(consultation=room_of(visit), user=patient, version=agreed_to)
    with visitor(daphne_process, visit, patient) as guest:
        guest.say("enter", device=guest.device, session=guest.session)
        assert guest.error() == "no_consent"
    assert not Presence.objects.exists()


def test_guardian_of_the_patient_is_let_in(daphne_process: Server, doctor: User, patient: User) -> None:
    child = GuardianshipFactory(guardian=patient).patient
    visit = agreed(visit_now(doctor, patient, patient=child), patient)
    with inside(daphne_process, visit, patient):
        assert Presence.objects.get().user == patient


# The way through a visit -----------------------------------------------------------------------------------------


def test_patient_waits_is_admitted_and_the_visit_has_begun(
    daphne_process: Server, visit: Appointment, doctor: User, patient: User
) -> None:
    with inside(daphne_process, visit, patient) as one:
        one.say("grade", grade="fair")
        with inside(daphne_process, visit, doctor) as other:
            state = one.state_in_which(lambda state: state["peer"] and state["waiting"]["doctor"] == "here")
            assert state["waiting"]["place"] == 1
            assert state["you"]["polite"] is True
            other.say("admit")
            seen = other.state_in_which(lambda state: state["room"]["status"] == "in_call")
            assert (seen["peer"]["grade"], seen["peer"]["device"]) == ("fair", "phone")
            assert seen["you"]["polite"] is False
            assert one.state_in_which(lambda state: state["room"]["status"] == "in_call")["waiting"] is None
            visit.refresh_from_db()
            assert visit.status == Status.IN_PROGRESS
            other.say("close", outcome="completed")
            assert one.hear_until("closed")["outcome"] == "completed"
            assert one.close_code() == other.close_code() == 4010
    visit.refresh_from_db()
    assert visit.status == Status.COMPLETED
    with visitor(daphne_process, visit, patient) as late:
        assert late.close_code() == 4010


def test_evidence_says_who_came_when_on_what_and_how_good(
    pair: tuple[Guest, Guest], patient: User, doctor: User
) -> None:
    one, other = pair
    one.say("leave")
    assert one.close_code() == 1000
    other.state_in_which(lambda state: not state["peer"]["present"])
    events = JoinEvidence.objects.order_by("pk").values_list("user", "event", "device_class", "browser")
    assert list(events) == [
        (patient.pk, "joined", "phone", "Chrome"),
        (doctor.pk, "joined", "phone", "Chrome"),
        (patient.pk, "admitted", "phone", "Chrome"),
        (patient.pk, "left", "phone", "Chrome"),
    ]


def test_patients_are_numbered_by_the_time_they_came_for(
    daphne_process: Server, doctor: User, patient: User, stranger: User
) -> None:
    first = agreed(visit_now(doctor, patient, begins=timedelta(minutes=-10)), patient)
    second = agreed(visit_now(doctor, stranger, begins=timedelta(minutes=10), start=at(11)), stranger)
    with inside(daphne_process, second, stranger) as waiting, inside(daphne_process, first, patient):
        waiting.say("beat", seen=0)
        assert waiting.state_in_which(lambda state: state["waiting"]["place"] == 2)
        with inside(daphne_process, first, doctor) as host:
            host.say("admit")
            found = waiting.state_in_which(lambda state: state["waiting"]["doctor"] == "busy")
            assert found["waiting"]["place"] == 1
            assert patient.name not in json.dumps(found)


def test_doctor_says_how_late_and_the_waiting_hear_it(
    daphne_process: Server, doctor: User, patient: User, stranger: User
) -> None:
    first = agreed(visit_now(doctor, patient, begins=timedelta(minutes=-10)), patient)
    second = agreed(visit_now(doctor, stranger, begins=timedelta(minutes=10), start=at(11)), stranger)
    with inside(daphne_process, second, stranger) as waiting, inside(daphne_process, first, doctor) as host:
        host.say("late", minutes=20)
        found = waiting.state_in_which(lambda state: state["waiting"]["late_minutes"] == 20)
        assert found["waiting"]["doctor"] == "late"


def test_no_show_is_for_who_never_came_and_not_too_soon(daphne_process: Server, doctor: User, patient: User) -> None:
    visit = agreed(visit_now(doctor, patient, begins=timedelta(minutes=-9)), patient)
    with inside(daphne_process, visit, doctor) as host:
        host.say("close", outcome="no_show")
        assert host.error() == "not_now"
        host.say("admit")
        assert host.error() == "not_now"
    visit = Appointment.objects.get()
    assert visit.status == Status.CONFIRMED


def test_nothing_is_taken_before_somebody_enters(
    daphne_process: Server, visit: Appointment, doctor: User, patient: User
) -> None:
    with inside(daphne_process, visit, patient) as one, visitor(daphne_process, visit, doctor) as other:
        for message in FROM_THE_SEAT:
            other.send(json.dumps(message | ({"to": one.session} if message["type"] == "signal" else {})))
            assert other.error() == "not_entered"
        other.say("beat", seen=0)
        assert other.error() == "not_entered"
        assert other.enter()["room"]["status"] == "waiting"
    assert not ChatMessage.objects.exists()


# Signals ---------------------------------------------------------------------------------------------------------


def test_signals_reach_the_peer_with_the_servers_word_for_who_sent_them(pair: tuple[Guest, Guest]) -> None:
    one, other = pair
    one.say("signal", to=other.session, description=OFFER)
    assert other.hear_until("signal") == {"type": "signal", "from": one.session, "description": OFFER}
    candidate = {"candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host", "sdpMid": "0", "sdpMLineIndex": 0}
    other.say("signal", to=one.session, candidate=candidate)
    assert one.hear_until("signal")["candidate"] == candidate | {"usernameFragment": None}
    other.say("signal", to=one.session, candidate=None)
    assert one.hear_until("signal") == {"type": "signal", "from": other.session, "candidate": None}


def test_nothing_is_relayed_before_the_patient_is_admitted(
    daphne_process: Server, visit: Appointment, doctor: User, patient: User
) -> None:
    with inside(daphne_process, visit, patient) as one, inside(daphne_process, visit, doctor) as other:
        one.say("signal", to=other.session, description=OFFER)
        assert one.error() == "not_admitted"
        assert all(message["type"] != "signal" for message in other.everything())


def test_signal_to_a_page_that_is_gone_is_refused(pair: tuple[Guest, Guest]) -> None:
    one, other = pair
    one.say("signal", to=str(uuid4()), description=OFFER)
    assert one.error() == "no_peer"
    assert all(message["type"] != "signal" for message in other.everything())


BAD: dict[str, tuple[Any, str]] = {
    "not json": ("{", "bad_message"),
    "no object": ("[]", "bad_message"),
    "no type": ("{}", "bad_message"),
    "unknown type": ('{"type": "become_doctor"}', "bad_message"),
    "too deep": ("[" * 5000 + "]" * 5000, "bad_message"),
    "not a number": ('{"type": "beat", "seen": NaN}', "bad_message"),
    "forged sender": ({"type": "chat", "client_id": str(uuid4()), "text": "x", "from": str(uuid4())}, "bad_message"),
    "forged side": ({"type": "chat", "client_id": str(uuid4()), "text": "x", "side": "doctor"}, "bad_message"),
    "empty text": ({"type": "chat", "client_id": str(uuid4()), "text": "  "}, "bad_message"),
    "nul": ({"type": "chat", "client_id": str(uuid4()), "text": "a\0b"}, "bad_message"),
    "half a character": (f'{{"type": "chat", "client_id": "{uuid4()}", "text": "\\ud800"}}', "bad_message"),
    "long text": ({"type": "chat", "client_id": str(uuid4()), "text": "x" * 2001}, "too_large"),
    "no uuid": ({"type": "chat", "client_id": "1", "text": "x"}, "bad_message"),
    "long sdp": ({"type": "signal", "description": {"type": "offer", "sdp": SDP + "a" * 32_768}}, "too_large"),
    "sdp of something else": ({"type": "signal", "description": {"type": "offer", "sdp": "<script>"}}, "bad_message"),
    "unknown description": ({"type": "signal", "description": {"type": "pranswer", "sdp": SDP}}, "bad_message"),
    "long candidate": ({"type": "signal", "candidate": {"candidate": "candidate:" + "1" * 2_048}}, "too_large"),
    "candidate of something else": ({"type": "signal", "candidate": {"candidate": "x"}}, "bad_message"),
    "both": ({"type": "signal", "description": OFFER, "candidate": None}, "bad_message"),
    "neither": ({"type": "signal"}, "bad_message"),
    "half a switch": ({"type": "media", "mic": 1, "camera": True, "screen": False, "audio_only": False}, "bad_message"),
    "truth for a number": ({"type": "late", "minutes": True}, "bad_message"),
    "too late": ({"type": "late", "minutes": 121}, "bad_message"),
    "patient admits": ({"type": "admit"}, "not_allowed"),
    "patient closes": ({"type": "close", "outcome": "completed"}, "not_allowed"),
    "patient says late": ({"type": "late", "minutes": 5}, "not_allowed"),
}


@pytest.mark.parametrize(("frame", "code"), BAD.values(), ids=BAD)
def test_bad_messages_are_refused_and_change_nothing(
    daphne_process: Server, visit: Appointment, patient: User, frame: Any, code: str
) -> None:
    with inside(daphne_process, visit, patient) as guest:
        before = list(Consultation.objects.values())
        if isinstance(frame, dict) and frame["type"] == "signal":
            frame = frame | {"to": str(uuid4())}
        guest.send(frame if isinstance(frame, str) else json.dumps(frame))
        assert guest.error() == code
        assert list(Consultation.objects.values()) == before
        assert not ChatMessage.objects.exists()
        guest.say("beat", seen=0)
        assert guest.hear_until("beat")


def test_oversized_frame_closes_the_socket(daphne_process: Server, visit: Appointment, patient: User) -> None:
    with inside(daphne_process, visit, patient) as guest:
        guest.send(" " * 65_537)
        assert guest.close_code() == 1009


def test_who_goes_on_with_bad_messages_is_closed(daphne_process: Server, visit: Appointment, patient: User) -> None:
    with inside(daphne_process, visit, patient) as guest:
        for _ in range(12):
            guest.send("nonsense")
        assert guest.close_code() == 4400


def test_nothing_is_taken_before_entering(daphne_process: Server, visit: Appointment, patient: User) -> None:
    with visitor(daphne_process, visit, patient) as guest:
        guest.say("chat", client_id=str(uuid4()), text="Hello")
        assert guest.error() == "not_entered"
    assert not ChatMessage.objects.exists()


# Chat, media, figures --------------------------------------------------------------------------------------------


def test_chat_is_kept_and_its_delivery_is_known(pair: tuple[Guest, Guest]) -> None:
    one, other = pair
    client_id = str(uuid4())
    one.say("chat", client_id=client_id, text="<b>It hurts here</b>")
    mine, theirs = one.hear_until("chat"), other.hear_until("chat")
    assert mine == theirs
    assert (mine["client_id"], mine["side"], mine["status"]) == (client_id, "patient", "sent")
    other.say("receipt", upto=mine["id"], status="read")
    assert one.hear_until("receipt") == {"type": "receipt", "side": "doctor", "upto": mine["id"], "status": "read"}
    one.say("chat", client_id=client_id, text="<b>It hurts here</b>")
    assert one.hear_until("chat")["status"] == "read"
    assert ChatMessage.objects.get().text == "<b>It hurts here</b>"


def test_one_does_not_receive_ones_own_messages(pair: tuple[Guest, Guest]) -> None:
    one, _other = pair
    one.say("chat", client_id=str(uuid4()), text="Hello")
    message = one.hear_until("chat")
    one.say("receipt", upto=message["id"], status="read")
    assert all(each["type"] != "receipt" for each in one.everything())
    assert ChatMessage.objects.get().read_at is None


def test_mute_and_camera_are_seen_by_the_other(pair: tuple[Guest, Guest]) -> None:
    one, other = pair
    switches = {"mic": False, "camera": True, "screen": False, "audio_only": True}
    one.say("media", **switches)
    assert other.hear_until("media") == {"type": "media", "side": "patient", **switches}
    other.say("beat", seen=0)
    assert other.hear_until("state")["peer"]["media"] == switches


def test_quality_is_kept_a_few_times_a_minute_and_no_more(pair: tuple[Guest, Guest]) -> None:
    one, other = pair
    for _ in range(5):
        one.say("quality", **FIGURES)
    assert one.hear_until("error")["retry_after"] > 5
    assert other.state_in_which(lambda state: state["peer"]["grade"] == "poor")
    assert QualitySample.objects.count() == 3
    assert QualitySample.objects.filter(side="patient", rtt_ms=80, relayed=True).count() == 3


# One device a side -----------------------------------------------------------------------------------------------


def test_second_device_asks_and_takes_over(daphne_process: Server, visit: Appointment, patient: User) -> None:
    with inside(daphne_process, visit, patient) as first, visitor(daphne_process, visit, patient) as second:
        assert second.enter()["you"]["seat"] == "taken"
        second.say("chat", client_id=str(uuid4()), text="Hello")
        assert second.error() == "no_seat"
        second.say("take_over")
        assert second.state_in_which(lambda state: state["you"]["seat"] == "held")
        assert first.hear_until("taken_over")
        assert first.close_code() == 4009
    events = JoinEvidence.objects.order_by("pk").values_list("event", flat=True)
    assert list(events)[:3] == ["joined", "taken_over", "joined"]


def test_device_without_the_seat_says_nothing_for_its_side(
    daphne_process: Server, pair: tuple[Guest, Guest], visit: Appointment, doctor: User
) -> None:
    one, _other = pair
    with visitor(daphne_process, visit, doctor) as second:
        assert second.enter()["you"]["seat"] == "taken"
        before = list(Presence.objects.values("side", "grade", "mic", "audio_only"))
        for message in FROM_THE_SEAT:
            second.send(json.dumps(message | ({"to": one.session} if message["type"] == "signal" else {})))
            assert second.error() == "no_seat"
        assert list(Presence.objects.values("side", "grade", "mic", "audio_only")) == before
        assert all(each["type"] not in ("signal", "chat", "closed") for each in one.everything())
    visit.refresh_from_db()
    assert visit.status == Status.IN_PROGRESS


def test_same_device_has_its_seat_back_at_once_and_need_not_wait_again(
    daphne_process: Server, visit: Appointment, doctor: User, patient: User
) -> None:
    with inside(daphne_process, visit, doctor) as host, inside(daphne_process, visit, patient) as first:
        host.say("admit")
        first.state_in_which(lambda state: state["room"]["status"] == "in_call")
        with visitor(daphne_process, visit, patient, device=first.device, session=first.session) as again:
            state = again.enter()
            assert (state["you"]["seat"], state["room"]["status"]) == ("held", "in_call")
            assert first.close_code() == 4009
            host.say("signal", to=again.session, description=OFFER)
            assert again.hear_until("signal")


# Rights that end -------------------------------------------------------------------------------------------------


def test_who_signs_out_is_gone_at_the_next_message(daphne_process: Server, visit: Appointment, patient: User) -> None:
    with inside(daphne_process, visit, patient) as guest:
        Session.objects.all().delete()
        guest.say("chat", client_id=str(uuid4()), text="Still here?")
        assert guest.close_code() == 4003
    assert not ChatMessage.objects.exists()


def test_who_is_no_longer_guardian_is_gone_at_the_next_message_and_hears_nothing_more(
    daphne_process: Server, doctor: User, patient: User
) -> None:
    child = GuardianshipFactory(guardian=patient).patient
    visit = agreed(visit_now(doctor, patient, patient=child), patient)
    with inside(daphne_process, visit, patient) as guest, inside(daphne_process, visit, doctor) as host:
        guest.everything()
        Guardianship.objects.all().delete()
        host.say("chat", client_id=str(uuid4()), text="About the child")
        host.hear_until("chat")
        assert guest.close_code() == 4003


def test_who_is_no_longer_guardian_is_not_told_what_has_changed(
    daphne_process: Server, doctor: User, patient: User
) -> None:
    child = GuardianshipFactory(guardian=patient).patient
    visit = agreed(visit_now(doctor, patient, patient=child), patient)
    with inside(daphne_process, visit, patient) as guest, inside(daphne_process, visit, doctor) as host:
        guest.everything()
        Guardianship.objects.all().delete()
        host.say("grade", grade="good")
        with pytest.raises(ConnectionClosed) as closed:
            guest.hear()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4003


def test_who_has_signed_out_hears_no_signal(pair: tuple[Guest, Guest], patient: User) -> None:
    one, other = pair
    # For a second the last answer counts.
    one.everything(1.1)
    for session in Session.objects.all():
        if session.get_decoded()[SESSION_KEY] == str(patient.pk):
            session.delete()
    other.say("signal", to=one.session, description=OFFER)
    heard: list[str] = []

    def listen() -> None:
        while True:
            heard.append(one.hear()["type"])

    with pytest.raises(ConnectionClosed) as closed:
        listen()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4003
    assert "signal" not in heard


def test_room_whose_time_is_over_takes_nothing_more(pair: tuple[Guest, Guest], visit: Appointment) -> None:
    one, _other = pair
    shifted(visit, timezone.now() - timedelta(hours=2))
    one.say("chat", client_id=str(uuid4()), text="One more thing")
    assert one.close_code() == 4004
    assert not ChatMessage.objects.exists()


def test_suspended_doctor_is_gone_at_the_next_message(
    daphne_process: Server, visit: Appointment, doctor: User, admin: User
) -> None:
    with inside(daphne_process, visit, doctor) as host:
        suspend_doctor(doctor.doctor, reason="Papers ran out", by=admin)
        host.say("admit")
        assert host.close_code() == 4003


def test_cancelled_visit_closes_the_room(daphne_process: Server, visit: Appointment, patient: User) -> None:
    with inside(daphne_process, visit, patient) as guest:
        Appointment.objects.update(status=Status.CANCELLED)
        guest.say("beat", seen=0)
        assert guest.close_code() in (4003, 4004)


# Time and floods -------------------------------------------------------------------------------------------------


def test_socket_that_is_quiet_for_twelve_seconds_is_told_nothing_twice_and_still_hears(
    daphne_process: Server, visit: Appointment, doctor: User, patient: User
) -> None:
    with inside(daphne_process, visit, patient) as guest:
        assert guest.everything(12) == []
        with inside(daphne_process, visit, doctor):
            assert guest.state_in_which(lambda state: state["peer"] and state["peer"]["present"])


def test_socket_that_never_enters_is_closed(daphne_process: Server, visit: Appointment, patient: User) -> None:
    begun = timezone.now()
    with visitor(daphne_process, visit, patient) as guest:
        assert guest.close_code(15) == 4008
    assert timezone.now() - begun > timedelta(seconds=9)


def test_flood_on_one_socket_is_cut_off_and_moves_no_other_room(
    daphne_process: Server, pair: tuple[Guest, Guest], doctor: User, stranger: User, other_doctor: User
) -> None:
    one, other = pair
    elsewhere = agreed(visit_now(other_doctor, stranger), stranger)

    def rounds(count: int) -> list[float]:
        found = []
        for _ in range(count):
            begun = timezone.now()
            one.say("signal", to=other.session, candidate=None)
            other.hear_until("signal")
            found.append((timezone.now() - begun).total_seconds())
        return sorted(found)

    quiet = rounds(40)
    with inside(daphne_process, elsewhere, stranger) as flooder:
        for _ in range(2000):
            flooder.say("beat", seen=0)
        busy = rounds(40)
        assert flooder.close_code() == 4029
    assert busy[37] < max(0.25, 5 * quiet[37]), (quiet[37], busy[37])


# The doctor's queue ----------------------------------------------------------------------------------------------


def test_queue_shows_who_waits_live_and_to_the_doctor_alone(
    daphne_process: Server, visit: Appointment, doctor: User, patient: User
) -> None:
    path = "/ws/practice/queue/"
    for user in (None, patient):
        with pytest.raises(InvalidStatus, match="403"):
            dial(daphne_process, path, user)
    with dial(daphne_process, path, doctor) as socket:
        desk = Guest(socket)

        def rows_in_which(check: Callable[[list[dict[str, Any]]], object]) -> list[dict[str, Any]]:
            while not check(rows := desk.hear_until("queue")["rows"]):
                pass
            return rows

        assert desk.hear_until("queue")["rows"] == []
        with inside(daphne_process, visit, patient) as guest:
            found = rows_in_which(len)
            assert [(row["id"], row["patient"], row["present"]) for row in found] == [
                (str(visit.pk), patient.patient.name, True)
            ]
            guest.say("grade", grade="good")
            assert rows_in_which(lambda rows: rows[0]["grade"] == "good")
            guest.say("beat", seen=0)
            assert guest.state_in_which(lambda state: state["waiting"]["doctor"] == "here")


@pytest.mark.parametrize("by", ["a beat", "what has changed"])
def test_suspended_doctor_hears_no_more_of_the_queue(
    daphne_process: Server, visit: Appointment, doctor: User, patient: User, admin: User, by: str
) -> None:
    with inside(daphne_process, visit, patient) as guest, dial(daphne_process, "/ws/practice/queue/", doctor) as socket:
        desk = Guest(socket)
        desk.hear_until("queue")
        desk.everything()
        suspend_doctor(doctor.doctor, reason="Papers ran out", by=admin)
        if by == "a beat":
            desk.say("beat")
        else:
            guest.say("grade", grade="good")
        with pytest.raises(ConnectionClosed) as closed:
            desk.hear()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4003


def test_session_cookie_of_another_browser_is_another_session(
    daphne_process: Server, visit: Appointment, patient: User
) -> None:
    first, second = cookies(patient), cookies(patient)
    with inside(daphne_process, visit, patient, cookie=first) as guest:
        Session.objects.exclude(session_key=first.partition("=")[2]).delete()
        with pytest.raises(InvalidStatus, match="403"):
            dial(daphne_process, path_of(visit), None, cookie=second)
        guest.say("beat", seen=0)
        assert guest.hear_until("beat")
