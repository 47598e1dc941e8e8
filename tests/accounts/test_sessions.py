"""How long a session lasts, what that costs, and the list of where one is signed in."""

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.devices import device_of
from accounts.models import Role, User
from accounts.sessions import clear_sessions
from accounts.tasks import clear_sessions as clear_sessions_task
from config.limits import SessionLimits, session_limits
from tests.accounts.proof import prove
from tests.factories.accounts import PASSWORD, UserFactory
from tests.factories.patients import PatientFactory
from tests.page import HTMX, read

pytestmark = pytest.mark.django_db

MINUTE, HOUR, DAY = 60, 3600, 24 * 3600
NOON = "2026-05-04 12:00Z"
PHONE = (
    "Mozilla/5.0 (Linux; Android 14; SM-A155F) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36"
)
LAPTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0"


def sign_in(user: User, *, agent: str = LAPTOP, remember: bool = True) -> Client:
    client = Client(headers={"user-agent": agent})
    tick = {"remember": "on"} if remember else {}
    response = client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD, **tick})
    assert response.status_code == 302
    return client


def is_signed_in(client: Client) -> bool:
    return client.get(reverse("account")).status_code == 200


# Limits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "remember", "idle", "absolute"),
    [
        (lambda: PatientFactory().user, True, 14 * DAY, 60 * DAY),
        (lambda: PatientFactory().user, False, HOUR, 12 * HOUR),
        (lambda: UserFactory(role=Role.DOCTOR), True, HOUR, 12 * HOUR),
        (lambda: UserFactory(as_admin=True), True, HOUR, 12 * HOUR),
    ],
    ids=["patient", "patient on a shared device", "doctor", "admin"],
)
def test_session_ends_when_unused_and_when_it_is_old(make, remember, idle, absolute):
    user = make()
    with time_machine.travel(NOON, tick=False) as clock:
        unused = sign_in(user, remember=remember)
        clock.shift(idle - 1)
        assert is_signed_in(unused)
        clock.shift(idle)
        assert not is_signed_in(unused)

        used = sign_in(user, remember=remember)
        for _turn in range(int(absolute / (idle * 0.9))):
            clock.shift(idle * 0.9)
            assert is_signed_in(used)
        clock.shift(idle * 0.9)
        assert not is_signed_in(used)


def test_ended_session_is_gone_from_the_server():
    with time_machine.travel(NOON, tick=False) as clock:
        client = sign_in(UserFactory(role=Role.DOCTOR))
        key = client.session.session_key
        clock.shift(HOUR)
        assert not is_signed_in(client)
        assert not Session.objects.filter(session_key=key).exists()


def test_cookie_of_a_patient_stays_and_that_of_staff_goes_with_the_browser():
    def cookie(user: User, *, remember: bool = True) -> object:
        return sign_in(user, remember=remember).cookies[django_settings.SESSION_COOKIE_NAME]["max-age"]

    assert cookie(PatientFactory().user) == 14 * DAY
    assert cookie(PatientFactory().user, remember=False) == ""
    assert cookie(UserFactory(role=Role.DOCTOR)) == ""


def test_patient_who_becomes_a_doctor_has_the_doctors_limits_at_once(patient):
    with time_machine.travel(NOON, tick=False) as clock:
        client = sign_in(patient)
        User.objects.filter(pk=patient.pk).update(role=Role.DOCTOR)
        clock.shift(HOUR)
        assert not is_signed_in(client)


def writes(client: Client, path: str = "/account/") -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return [query["sql"] for query in queries if query["sql"].startswith(("UPDATE", "INSERT", "DELETE"))]


def test_use_is_written_down_every_few_minutes_not_every_time(patient):
    with time_machine.travel(NOON, tick=False) as clock:
        client = sign_in(patient)
        client.get("/account/")
        counts = []
        for _minute in range(20):
            clock.shift(MINUTE)
            counts.append(bool(writes(client)))
        assert sum(counts) == 4
        row = UserSession.objects.get(session_key=client.session.session_key)
        assert (timezone.now() - row.last_seen_at).total_seconds() < 5 * MINUTE


def test_page_that_looks_by_itself_does_not_keep_the_session():
    with time_machine.travel(NOON, tick=False) as clock:
        client = sign_in(UserFactory(role=Role.DOCTOR))
        for _minute in range(59):
            clock.shift(MINUTE)
            assert client.get("/account/", headers={"X-Unattended": "1"}).status_code == 200
        clock.shift(MINUTE)
        assert client.get("/account/", headers={"X-Unattended": "1"}).status_code == 302


def test_session_without_clocks_is_as_old_as_the_sign_in(client_of):
    with time_machine.travel(NOON, tick=False) as clock:
        client = client_of(UserFactory(role=Role.DOCTOR))
        clock.shift(59 * MINUTE)
        assert is_signed_in(client)
        clock.shift(HOUR)
        assert not is_signed_in(client)


def test_page_says_how_long_is_left_and_a_press_keeps_it():
    with time_machine.travel(NOON, tick=False) as clock:
        client = sign_in(UserFactory(role=Role.DOCTOR))
        left, unattended = reverse("session_left"), {"X-Unattended": "1"}
        clock.shift(50 * MINUTE)
        for _twice in range(2):
            said = client.get(left, headers=unattended).json()
            assert (said["seconds"], said["most"]) == (10 * MINUTE, HOUR)
        assert client.post(left).json()["seconds"] == HOUR
        clock.shift(HOUR)
        assert client.get(left, headers=unattended).json() == {"seconds": 0}


def test_pages_of_the_admin_warn_before_the_end_and_can_put_it_off(client_of, admin):
    page = client_of(admin).get(reverse("admin:index")).content.decode()
    assert f'data-session="{reverse("session_left")}"' in page
    assert 'name="csrfmiddlewaretoken"' in page
    assert "js/session" in page


def test_page_is_told_when_the_end_cannot_be_put_off():
    with time_machine.travel(NOON, tick=False) as clock:
        client = sign_in(UserFactory(role=Role.DOCTOR))
        for _time in range(14):
            clock.shift(50 * MINUTE)
            client.get("/account/")
        clock.shift(19 * MINUTE)
        said = client.post(reverse("session_left")).json()
        assert said["seconds"] == said["most"] == MINUTE


def test_session_that_still_owes_the_second_factor_is_not_whole(settings):
    settings.SECOND_FACTOR_REQUIRED = True
    client = sign_in(UserFactory(role=Role.DOCTOR))
    assert client.get(reverse("session_left")).json()["whole"] is False


def test_page_that_looks_by_itself_is_told_of_the_end_and_not_sent_away():
    """What somebody typed on it stays there."""
    with time_machine.travel(NOON, tick=False) as clock:
        client = sign_in(UserFactory(role=Role.DOCTOR))
        clock.shift(HOUR)
        response = client.get("/appointments/", headers=HTMX | {"X-Unattended": "1"})
        assert (response.status_code, response["HX-Trigger"]) == (204, "session:over")


def test_who_comes_too_late_is_told_and_comes_back_to_the_page():
    with time_machine.travel(NOON, tick=False) as clock:
        client = sign_in(UserFactory(role=Role.DOCTOR))
        clock.shift(HOUR)
        response = client.post("/practice/hours/", headers={"Referer": "http://testserver/practice/hours/?week=2"})
        assert response.url == "/accounts/login/?next=%2Fpractice%2Fhours%2F%3Fweek%3D2"
        assert "Your session has ended" in client.get(response.url).content.decode()


def test_piece_of_a_page_sends_the_whole_page_to_the_sign_in():
    with time_machine.travel(NOON, tick=False) as clock:
        client = sign_in(UserFactory(role=Role.DOCTOR))
        clock.shift(HOUR)
        here = {"HX-Current-URL": "http://testserver/appointments/?when=past"}
        response = client.get("/appointments/", headers=HTMX | here)
        assert response.status_code == 200
        assert response["HX-Redirect"] == "/accounts/login/?next=%2Fappointments%2F%3Fwhen%3Dpast"


def test_visitor_who_was_never_signed_in_is_not_told_of_an_end(client):
    page = client.get("/account/", follow=True).content.decode()
    assert "Your session has ended" not in page


@pytest.mark.parametrize("text", ["", "1h", "1h,", "1h,30m", "1x,2x", "1m,1h", "-1h,2h"])
def test_limits_that_make_no_sense_stop_the_process(text):
    with pytest.raises(ImproperlyConfigured, match="SESSION_LIMITS_STAFF"):
        session_limits("SESSION_LIMITS_STAFF", text)


def test_limits_are_read_as_they_are_written():
    assert session_limits("X", "90m, 2d") == SessionLimits(idle=90 * MINUTE, absolute=2 * DAY)


# The list --------------------------------------------------------------------------------------------------------


def test_list_names_devices_in_plain_words_and_marks_this_one(patient):
    here = sign_in(patient)
    sign_in(patient, agent=PHONE)
    sign_in(UserFactory(), agent="somebody else's")
    page = read(here, reverse("usersessions_list"))
    words = " ".join(page.html.split())
    assert "Firefox on Windows" in words
    assert "Chrome on Android" in words
    assert words.count("This device") == 1
    assert words.index("This device") < words.index("Chrome on Android")
    assert "somebody else" not in words
    assert "Mozilla" not in words


def test_other_device_is_signed_out_at_once(patient):
    here, there = sign_in(patient), sign_in(patient, agent=PHONE)
    assert is_signed_in(there)
    row = UserSession.objects.get(session_key=there.session.session_key)
    assert here.post(reverse("end_session", args=[row.pk])).url == reverse("usersessions_list")
    assert not is_signed_in(there)
    assert is_signed_in(here)
    assert not UserSession.objects.filter(pk=row.pk).exists()


def test_everywhere_else_is_signed_out_at_once(patient, stranger):
    here, others, foreign = sign_in(patient), [sign_in(patient) for _ in range(3)], sign_in(stranger)
    here.post(reverse("end_other_sessions"))
    assert is_signed_in(here)
    assert is_signed_in(foreign)
    assert [is_signed_in(other) for other in others] == [False] * 3


def test_somebody_elses_session_is_not_found(patient, stranger):
    foreign = sign_in(stranger)
    row = UserSession.objects.get(session_key=foreign.session.session_key)
    assert sign_in(patient).post(reverse("end_session", args=[row.pk])).status_code == 404
    assert is_signed_in(foreign)


def test_this_session_is_ended_by_signing_out_alone(patient):
    here = sign_in(patient)
    row = UserSession.objects.get(session_key=here.session.session_key)
    assert here.post(reverse("end_session", args=[row.pk])).status_code == 404


@pytest.mark.parametrize("name", ["end_session", "end_other_sessions"])
def test_signing_out_elsewhere_asks_again_who_one_is_and_then_does_it(patient, name):
    here, there = sign_in(patient), sign_in(patient, agent=PHONE)
    row = UserSession.objects.get(session_key=there.session.session_key)
    prove(here, patient, method="password", ago=301)
    path = reverse(name, args=[row.pk] if name == "end_session" else [])
    gate = here.post(path)
    assert gate.url.startswith(reverse("account_reauthenticate"))
    assert is_signed_in(there)
    here.post(gate.url, {"password": PASSWORD, "next": path})
    assert not is_signed_in(there)


@pytest.mark.parametrize("name", ["end_session", "end_other_sessions"])
def test_signing_out_elsewhere_is_not_done_by_following_a_link(patient, name):
    args = [1] if name == "end_session" else []
    assert sign_in(patient).get(reverse(name, args=args)).status_code == 405


@pytest.mark.parametrize("count", [1, 3])
def test_list_needs_the_same_queries_for_any_number_of_sessions(patient, count, django_assert_num_queries):
    for _turn in range(count - 1):
        sign_in(patient)
    here = sign_in(patient)
    here.get(reverse("usersessions_list"))
    with django_assert_num_queries(4):
        page = here.get(reverse("usersessions_list"))
    assert len(page.context["sessions"]) == count


def test_list_leaves_out_what_opens_nothing_any_more(patient):
    with time_machine.travel(NOON, tick=False) as clock:
        sign_in(patient, remember=False)
        before = sign_in(patient)
        patient.set_password("three blue kites")
        patient.save()
        clock.shift(2 * HOUR)
        here = Client()
        here.post(reverse("account_login"), {"login": patient.email, "password": "three blue kites", "remember": "on"})
        assert not is_signed_in(before)
        assert len(here.get(reverse("usersessions_list")).context["sessions"]) == 1


def test_change_of_password_ends_every_session(patient):
    here, there = sign_in(patient), sign_in(patient)
    new = "three blue kites at noon"
    here.post(reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert not is_signed_in(there)
    assert not is_signed_in(here)


def test_what_ran_out_is_thrown_away(patient):
    with time_machine.travel(NOON, tick=False) as clock:
        sign_in(patient)
        clock.shift(15 * DAY)
        kept = sign_in(patient)
        assert clear_sessions() == 1
        assert list(UserSession.objects.values_list("session_key", flat=True)) == [kept.session.session_key]
        assert is_signed_in(kept)
        clear_sessions_task()
        assert is_signed_in(kept)


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (PHONE, "Chrome on Android"),
        (LAPTOP, "Firefox on Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Chrome/130.0 Safari/537.36 Edg/130.0", "Edge on Mac"),
        (
            "Mozilla/5.0 (Linux; Android 13) SamsungBrowser/23.0 Chrome/115.0 Mobile Safari/537.36",
            "Samsung Internet on Android",
        ),
        ("Opera/9.80 (Android; Opera Mini/36.2/119.132; U; bn) Presto/2.12", "Opera Mini on Android"),
        ("curl/8.5", "A device that does not say what it is"),
        ("", "A device that does not say what it is"),
    ],
)
def test_device_in_plain_words(agent, words):
    assert device_of(agent) == words
