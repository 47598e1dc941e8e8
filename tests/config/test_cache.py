"""Pages that count attempts, while the cache that they count in is stopped, hangs, and comes back."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client, override_settings
from django.urls import reverse

from accounts.models import User
from config import cache as portal_cache
from config.embedded import valkey
from config.processes import Roster, stop, wait_until
from tests.factories.accounts import PASSWORD

TIMEOUT = settings.CACHES["default"]["OPTIONS"]["socket_timeout"]


@pytest.fixture
def own_valkey() -> Iterator[subprocess.Popen[bytes]]:
    """A Valkey of the test's own is the cache, and attempts are counted as in production."""
    folder = Path(tempfile.mkdtemp(prefix="valkey-", dir=os.environ["PORTAL_TEST_FOLDER"]))
    roster = Roster(folder / "roster.json")
    with valkey.running(folder / "data", log=folder / "log", roster=roster, durable=False) as (server, address):
        caches = settings.CACHES | {"default": settings.CACHES["default"] | {"LOCATION": f"{address.url}/0"}}
        with override_settings(CACHES=caches, ACCOUNT_RATE_LIMITS={}):
            yield server


@contextmanager
def hanging(server: subprocess.Popen[bytes]) -> Iterator[None]:
    """The server is there, the system even accepts connections for it, and no answer comes."""
    server.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        server.send_signal(signal.SIGCONT)


def sign_in(user: User, password: str = PASSWORD) -> tuple[int, Client]:
    client = Client()
    response = client.post(reverse("account_login"), {"login": user.email, "password": password})
    return response.status_code, client


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_sign_in_while_the_cache_is_stopped_is_refused_and_no_password_is_looked_at(
    patient: User, own_valkey: subprocess.Popen[bytes]
) -> None:
    assert sign_in(patient)[0] == 302
    stop(own_valkey)

    # The right password does no better than a wrong one: whoever guesses learns nothing, however often.
    for password in (PASSWORD, "wrong", PASSWORD, *(["wrong"] * 20)):
        status, client = sign_in(patient, password)
        assert status == 503
        assert not is_signed_in(client)


def test_refusal_says_what_to_do_and_when(patient: User, own_valkey: subprocess.Popen[bytes]) -> None:
    stop(own_valkey)
    response = Client().post(reverse("account_login"), {"login": patient.email, "password": PASSWORD})
    assert response.status_code == 503
    assert int(response["Retry-After"]) > portal_cache.PAUSE
    page = response.content.decode()
    assert "Please try again in a moment" in page
    assert patient.email not in page


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("account_signup", {"name": "Rahima", "email": "rahima@example.com", "password1": "a long enough one"}),
        ("account_reset_password", {"email": "rahima@example.com"}),
    ],
)
def test_other_forms_that_are_counted_are_refused_alike(
    db: None, own_valkey: subprocess.Popen[bytes], name: str, form: dict[str, str]
) -> None:
    stop(own_valkey)
    assert Client().post(reverse(name), form).status_code == 503
    assert not User.objects.exists()


def test_pages_that_count_nothing_go_on_without_the_cache(
    patient: User, doctor: User, own_valkey: subprocess.Popen[bytes]
) -> None:
    _status, client = sign_in(patient)
    stop(own_valkey)
    for path in (reverse("home"), reverse("account"), reverse("doctors:find"), doctor.doctor.get_absolute_url()):
        assert client.get(path).status_code == 200
    assert Client().get(reverse("account_login")).status_code == 200
    assert client.get("/ready").json()["valkey"] == "down"


def test_cache_that_hangs_costs_one_timeout_and_is_found_again(
    patient: User, own_valkey: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr("config.fuse.monotonic", lambda: clock[0])
    assert sign_in(patient)[0] == 302
    with hanging(own_valkey):
        begun = perf_counter()
        assert sign_in(patient)[0] == 503
        first, begun = perf_counter() - begun, perf_counter()
        for _ in range(5):
            assert sign_in(patient)[0] == 503
        five = perf_counter() - begun
    print(f"\nsign-in at a cache that hangs: {first:.1f} s, then {five / 5 * 1000:.0f} ms each")
    # Nor does each of the five wait: the machine may take its time, but not that of five timeouts.
    assert TIMEOUT - 0.5 < first < 2 * TIMEOUT
    assert five < 2.5 * TIMEOUT

    assert sign_in(patient)[0] == 503
    clock[0] += portal_cache.PAUSE
    assert eventually(patient, PASSWORD, 302)


def test_attempts_are_still_counted_when_the_cache_is_back(
    patient: User, own_valkey: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr("config.fuse.monotonic", lambda: clock[0])
    assert [sign_in(patient, "wrong")[0] for _ in range(3)] == [200] * 3
    with hanging(own_valkey):
        assert sign_in(patient, "wrong")[0] == 503
    clock[0] += portal_cache.PAUSE
    assert eventually(patient, "wrong", 200)
    assert sign_in(patient, "wrong")[0] == 200

    # Five for an account, the one that came while it hung not among them; now the right one is not looked at either.
    _status, client = sign_in(patient)
    assert not is_signed_in(client)


def eventually(user: User, password: str, status: int) -> bool:
    """Whether a sign-in is answered so in the end: the hanging cache was asked for a lock, and that is held for ten
    seconds after it came back."""
    return wait_until(lambda: sign_in(user, password)[0] == status, timeout=30, pause=0.5)


@pytest.mark.parametrize(
    "call",
    [
        lambda: cache.add("a", 1),
        lambda: cache.get("a"),
        lambda: cache.set("a", 1),
        lambda: cache.touch("a"),
        lambda: cache.delete("a"),
        lambda: cache.get_many(["a"]),
        lambda: cache.has_key("a"),
        lambda: "a" in cache,
        lambda: cache.incr("a"),
        lambda: cache.set_many({"a": 1}),
        lambda: cache.delete_many(["a"]),
        lambda: cache.get_or_set("a", 1),
        lambda: cache.clear(),
    ],
)
def test_no_call_to_the_cache_fails_in_another_way(own_valkey: subprocess.Popen[bytes], call) -> None:
    stop(own_valkey)
    with pytest.raises(portal_cache.CacheDown):
        call()
    with pytest.raises(portal_cache.CacheDown):
        call()
