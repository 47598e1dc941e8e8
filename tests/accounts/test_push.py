"""Push messages over real HTTP: a stand-in push service opens them with the keys of a browser."""

import json
from collections.abc import Iterator

import pytest
from django.test import Client, TestCase
from pytest_django import Settings

from accounts.models import Channel, Delivery, Kind, PushDevice, User
from accounts.push import is_push_service, public_key
from accounts.samples import FACTS
from accounts.services import deliver, notify
from accounts.sessions import end_other_sessions
from tests.accounts.senders import Browser, Outside, claims_of, outside
from tests.appointments.races import overtaken
from tests.factories.accounts import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

DEVICES = "/account/messages/devices/"


@pytest.fixture
def user() -> User:
    return UserFactory(name="Rahima Begum")


@pytest.fixture
def service(settings: Settings) -> Iterator[Outside]:
    with outside() as here:
        settings.PUSH_ORIGINS = [here.origin]
        yield here


def subscribe(client: Client, endpoint: str, browser: Browser, **more: object):
    told = {"endpoint": endpoint, "keys": browser.keys} | more
    return client.post(DEVICES, json.dumps(told), content_type="application/json")


def subscribed(client: Client, user: User, service: Outside, path: str = "/p/1") -> Browser:
    browser = Browser()
    client.force_login(user)
    assert subscribe(client, service.origin + path, browser).status_code == 200
    user.refresh_from_db()
    return browser


def told(user: User, kind: Kind = Kind.VISIT_REMINDER) -> Delivery:
    delivery = notify(user, kind, facts=FACTS).deliveries.get(channel=Channel.PUSH)
    with TestCase.captureOnCommitCallbacks(execute=True):
        deliver(delivery.pk)
    delivery.refresh_from_db()
    return delivery


def test_message_is_opened_by_the_browser_alone_and_names_nobody(client: Client, user: User, service: Outside) -> None:
    browser = subscribed(client, user, service)
    delivery = told(user)
    assert (delivery.status, delivery.error) == ("sent", "")
    (asked,) = service.asked
    assert b"visit" not in asked.body
    shown = browser.opened(asked.body)
    assert shown["body"].startswith("A visit is near: ")
    assert shown["url"].endswith(f"/inbox/{delivery.notification_id}/")
    assert shown["tag"] == asked.headers["topic"] == delivery.notification_id.hex
    assert not any(name in json.dumps(shown) for name in ("Rahima", "Farhana"))
    assert (asked.headers["content-encoding"], asked.headers["urgency"]) == ("aes128gcm", "high")
    assert int(asked.headers["ttl"]) > 0
    claims = claims_of(asked.headers["authorization"], key=public_key())
    assert claims["aud"] == service.origin
    assert claims["sub"].startswith(("mailto:", "https:"))


@pytest.mark.parametrize("status", [404, 410])
def test_device_that_is_gone_is_removed(client: Client, user: User, service: Outside, status: int) -> None:
    subscribed(client, user, service)
    service.answer = (status, {})
    delivery = told(user)
    assert (delivery.status, delivery.error) == ("failed", "no_device")
    assert not PushDevice.objects.exists()
    user.refresh_from_db()
    assert not user.has_push
    assert not notify(user, Kind.VISIT_REMINDER, facts=FACTS).deliveries.filter(channel=Channel.PUSH).exists()


def test_device_that_is_gone_does_not_keep_the_others(client: Client, user: User, service: Outside) -> None:
    subscribed(client, user, service, "/p/1")
    browser = subscribed(client, user, service, "/p/2")
    service.answers = {"/p/1": 410}
    assert told(user).status == "sent"
    assert browser.opened(service.asked[-1].body)["title"]
    (device,) = PushDevice.objects.all()
    assert device.endpoint.endswith("/p/2")
    assert device.taken_at is not None


def test_push_service_that_is_busy_is_asked_again_and_one_that_refuses_is_not(
    client: Client, user: User, service: Outside
) -> None:
    subscribed(client, user, service)
    service.answer = (503, {})
    busy = told(user)
    assert (busy.status, busy.error) == ("queued", "PushServiceBusy")
    service.answer = (400, {})
    refused = told(user)
    assert (refused.status, refused.error) == ("failed", "push_refused")
    assert PushDevice.objects.exists()


def test_push_service_leads_us_nowhere_else(client: Client, user: User, service: Outside) -> None:
    subscribed(client, user, service)
    with outside() as inside_our_network:
        service.answer, service.elsewhere = (307, {}), f"{inside_our_network.origin}/secrets"
        delivery = told(user)
        assert (delivery.status, delivery.error) == ("failed", "push_refused")
        assert inside_our_network.asked == []


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://169.254.169.254/latest/meta-data/",
        "https://localhost/x",
        "https://10.0.0.1/x",
        "http://fcm.googleapis.com/x",
        "https://fcm.googleapis.com:8443/x",
        "https://user@fcm.googleapis.com/x",
        "https://fcm.googleapis.com.evil.example/x",
        "https://evilfcm.googleapis.com/x",
        "https://evilfcm.googleapis.com.example/",
        "file:///etc/passwd",
        "//fcm.googleapis.com/x",
        "",
    ],
)
def test_nobody_has_us_post_to_another_address_than_a_push_services(client: Client, user: User, endpoint: str) -> None:
    assert not is_push_service(endpoint)
    client.force_login(user)
    assert subscribe(client, endpoint, Browser()).status_code == 422
    assert not PushDevice.objects.exists()


def test_addresses_of_the_makers_of_browsers_are_known() -> None:
    for host in (
        "fcm.googleapis.com",
        "updates.push.services.mozilla.com",
        "web.push.apple.com",
        "a.notify.windows.com",
    ):
        assert is_push_service(f"https://{host}/send/abc")


@pytest.mark.parametrize("body", ["", "[]", "{", '{"endpoint": 7}', '{"endpoint": "https://x", "keys": []}'])
def test_malformed_subscription_is_refused(client: Client, user: User, body: str) -> None:
    client.force_login(user)
    assert client.post(DEVICES, body, content_type="application/json").status_code == 422


@pytest.mark.parametrize(("name", "value"), [("p256dh", "AAAA"), ("p256dh", "ü"), ("auth", "AAAA"), ("auth", "")])
def test_keys_that_are_none_are_refused(client: Client, user: User, service: Outside, name: str, value: str) -> None:
    client.force_login(user)
    keys = Browser().keys | {name: value}
    told = json.dumps({"endpoint": f"{service.origin}/p", "keys": keys})
    assert client.post(DEVICES, told, content_type="application/json").status_code == 422


def test_signing_out_turns_the_device_off(client: Client, user: User, service: Outside) -> None:
    subscribed(client, user, service)
    client.post("/accounts/logout/")
    user.refresh_from_db()
    assert (PushDevice.objects.count(), user.has_push) == (0, False)


def test_signing_out_elsewhere_turns_the_device_off(client: Client, user: User, service: Outside) -> None:
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert subscribe(client, f"{service.origin}/p/1", Browser()).status_code == 200
    end_other_sessions(user, this=None)
    user.refresh_from_db()
    assert (PushDevice.objects.count(), user.has_push) == (0, False)


def test_device_goes_with_the_session_in_which_it_was_last_used(client: Client, user: User, service: Outside) -> None:
    browser = subscribed(client, user, service)
    client.cookies.clear()
    client.force_login(user)
    assert subscribe(client, f"{service.origin}/p/1", browser, again=True).json() == {"known": True}
    client.post("/accounts/logout/")
    assert not PushDevice.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_device_that_is_gone_is_removed_once_it_is_written_down(client: Client, user: User, service: Outside) -> None:
    """Whoever holds the account may be waiting for the delivery: the delivery waits for nobody."""
    subscribed(client, user, service)
    service.answer = (410, {})
    delivery = notify(user, Kind.VISIT_REMINDER, facts=FACTS).deliveries.get(channel=Channel.PUSH)
    overtaken(
        lambda: deliver(delivery.pk),
        by=lambda: Delivery.objects.select_for_update(nowait=True).get(pk=delivery.pk, error="no_device"),
        holding=User.objects.filter(pk=user.pk),
    )
    assert not PushDevice.objects.exists()


def test_browser_of_another_person_shows_the_earlier_ones_messages_no_longer(
    client: Client, user: User, service: Outside
) -> None:
    browser = subscribed(client, user, service)
    other = UserFactory()
    client.force_login(other)
    assert subscribe(client, f"{service.origin}/p/1", browser, again=True).json() == {"known": False}
    user.refresh_from_db()
    assert (PushDevice.objects.count(), user.has_push) == (0, False)
    subscribed(client, user, service)
    client.force_login(other)
    assert subscribe(client, f"{service.origin}/p/1", browser).json() == {"known": True}
    assert PushDevice.objects.get().user == other


def test_only_ones_own_device_is_turned_off(client: Client, user: User, service: Outside) -> None:
    subscribed(client, user, service)
    device = PushDevice.objects.get()
    client.force_login(UserFactory())
    assert client.post(f"{DEVICES}{device.pk}/remove/").status_code == 404
    client.force_login(user)
    assert client.post(f"{DEVICES}{device.pk}/remove/").status_code == 302
    assert not PushDevice.objects.exists()


def test_person_has_so_many_devices_and_no_more(client: Client, user: User, service: Outside) -> None:
    for number in range(10):
        subscribed(client, user, service, f"/p/{number}")
    assert subscribe(client, f"{service.origin}/p/10", Browser()).status_code == 409
    assert subscribe(client, f"{service.origin}/p/9", Browser()).status_code == 200


def test_service_worker_is_served_at_the_root(client: Client) -> None:
    worker = client.get("/service-worker.js")
    assert worker.headers["Content-Type"].startswith("text/javascript")
    assert b"showNotification" in worker.content
