"""The payer's page, the way to the gateway and back, and what strangers and machines may send."""

import re
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.test import Client
from django.utils import timezone

from config.queue import send_on_commit
from payments.models import Charge, GatewayMessage, PaymentAttempt
from payments.views import paying as views
from tests.factories.accounts import UserFactory
from tests.factories.payments import ChargeFactory, PaymentAttemptFactory
from tests.payments.till import Till

Status = PaymentAttempt.Status
HTMX = {"HX-Request": "true"}
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def charge(db: None) -> Charge:
    return ChargeFactory(description="A thing", done_path="/done/")


@pytest.fixture
def browser(charge: Charge) -> Client:
    client = Client()
    client.force_login(charge.payer)
    return client


@pytest.fixture
def stranger(db: None) -> Client:
    client = Client()
    client.force_login(UserFactory())
    return client


def page(browser: Client, charge: Charge, **kwargs: Any) -> str:
    response = browser.get(f"/payments/{charge.pk}/", **kwargs)
    assert response.status_code == 200
    return response.content.decode()


def test_page_says_what_is_owed_and_offers_to_pay(browser: Client, charge: Charge) -> None:
    html = page(browser, charge)
    assert "A thing" in html
    assert "Pay ৳500" in html
    assert "hx-trigger" not in html
    assert 'http-equiv="refresh"' not in html


def test_page_and_actions_of_another_payer_do_not_exist(stranger: Client, charge: Charge) -> None:
    attempt = PaymentAttemptFactory(charge=charge)
    assert stranger.get(f"/payments/{charge.pk}/").status_code == 404
    assert stranger.get(f"/payments/{charge.pk}/", headers=HTMX).status_code == 404
    assert stranger.get(f"/payments/{charge.pk}/leave/{attempt.tran_id}/").status_code == 404
    assert stranger.post(f"/payments/{charge.pk}/start/").status_code == 404
    assert charge.attempts.count() == 1


def test_attempt_of_another_charge_does_not_exist(browser: Client, charge: Charge) -> None:
    foreign = PaymentAttemptFactory()
    assert browser.get(f"/payments/{charge.pk}/leave/{foreign.tran_id}/").status_code == 404


def test_visitor_is_asked_to_sign_in(client: Client, charge: Charge) -> None:
    for path in ("", "leave/P1/"):
        response = client.get(f"/payments/{charge.pk}/{path}")
        assert response.status_code == 302
        assert "/login/" in response.url
    assert client.post(f"/payments/{charge.pk}/start/").status_code == 302
    assert not charge.attempts.exists()


def test_nothing_starts_by_a_link_or_without_our_token(browser: Client, charge: Charge) -> None:
    assert browser.get(f"/payments/{charge.pk}/start/").status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(charge.payer)
    assert strict.post(f"/payments/{charge.pk}/start/").status_code == 403
    assert not charge.attempts.exists()


@pytest.mark.parametrize("path", ["payments/nonsense/", "payments/0/start/", "payments/return/"])
def test_malformed_address_does_not_exist(browser: Client, path: str) -> None:
    assert browser.get(f"/{path}").status_code == 404


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (Status.FAILED, "The payment did not go through"),
        (Status.CANCELLED, "You cancelled the payment"),
        (Status.EXPIRED, "The payment was not finished"),
        (Status.UNKNOWN, "The payment service does not answer"),
    ],
)
def test_failed_attempt_is_explained_and_can_be_repeated(
    browser: Client, charge: Charge, status: str, sentence: str
) -> None:
    PaymentAttemptFactory(charge=charge, status=status)
    html = page(browser, charge)
    assert sentence in html
    assert "Pay ৳500" in html


def test_page_of_an_overdue_charge_offers_nothing(browser: Client, charge: Charge) -> None:
    Charge.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    html = page(browser, charge)
    assert "The time to pay is over" in html
    assert "Pay ৳500" not in html
    response = browser.post(f"/payments/{charge.pk}/start/")
    assert response.status_code == 409
    assert not charge.attempts.exists()


@pytest.mark.parametrize("status", [Charge.Status.PAID, Charge.Status.REVIEW, Charge.Status.VOID])
def test_page_of_a_decided_charge_leads_on(browser: Client, charge: Charge, status: str) -> None:
    Charge.objects.update(status=status, paid_at=timezone.now())
    html = page(browser, charge)
    assert 'href="/done/"' in html
    assert "Pay ৳500" not in html
    assert "hx-trigger" not in html


def test_page_polls_while_a_payer_may_be_at_the_gateway(browser: Client, charge: Charge) -> None:
    attempt = PaymentAttemptFactory(charge=charge)
    html = page(browser, charge)
    assert 'hx-trigger="every 2s"' in html
    assert "Check again" in html
    assert "Pay ৳500" in html

    PaymentAttempt.objects.filter(pk=attempt.pk).update(created_at=timezone.now() - timedelta(minutes=31))
    assert "hx-trigger" not in page(browser, charge)


def poll(browser: Client, html: str) -> Any:
    """What htmx asks for next, by the address that the page gave it."""
    found = re.search(r'hx-get="([^"]+)"', html)
    assert found
    return browser.get(found[1].replace("&amp;", "&"), headers=HTMX)


def test_poll_is_silent_until_something_changes_and_leads_on_when_paid(browser: Client, charge: Charge) -> None:
    attempt = PaymentAttemptFactory(charge=charge)
    html = page(browser, charge)
    assert poll(browser, html).status_code == 204

    PaymentAttempt.objects.filter(pk=attempt.pk).update(status=Status.FAILED)
    changed = poll(browser, html)
    assert changed.status_code == 200
    assert "<html" not in changed.content.decode()
    assert "The payment did not go through" in changed.content.decode()

    Charge.objects.update(status=Charge.Status.PAID, paid_at=timezone.now())
    assert poll(browser, html).headers["HX-Redirect"] == "/done/"


def test_page_polls_while_a_message_is_unread(browser: Client, charge: Charge) -> None:
    """The attempt had been given up, and then the payer came back from the gateway."""
    attempt = PaymentAttemptFactory(charge=charge, status=Status.EXPIRED)
    message = GatewayMessage.objects.create(source="return", tran_id=attempt.tran_id, fields={})
    assert "hx-trigger" in page(browser, charge)

    message.status = GatewayMessage.Status.REFUSED
    message.save()
    assert "hx-trigger" not in page(browser, charge)


def test_waiting_page_has_the_gateway_asked_at_most_every_few_seconds(
    browser: Client, charge: Charge, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = PaymentAttemptFactory(charge=charge)
    asked: list[object] = []
    monkeypatch.setattr(views, "send_on_commit", lambda task, *args: asked.append((task.name, *args)))
    page(browser, charge)
    assert asked == [("payments.reconcile_attempt", attempt.pk)]

    PaymentAttempt.objects.update(asked_at=timezone.now())
    page(browser, charge)
    assert len(asked) == 1
    assert views.send_on_commit is not send_on_commit


@pytest.mark.parametrize("attempts", [1, 3])
def test_page_asks_the_database_as_often_for_many_attempts(
    browser: Client, charge: Charge, attempts: int, django_assert_num_queries: Any
) -> None:
    PaymentAttemptFactory.create_batch(attempts, charge=charge, status=Status.FAILED)
    with django_assert_num_queries(7):
        page(browser, charge)


EVIL = '"><script>alert(1)</script>{{ 7|add:7 }}<c-alert>'


def test_names_on_the_page_stay_text(browser: Client, charge: Charge) -> None:
    Charge.objects.update(description=EVIL)
    charge.payer.name = EVIL
    charge.payer.save()
    html = page(browser, charge)
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "{{ 7|add:7 }}" in html


def test_way_to_the_gateway_is_a_link_and_a_refresh(till: Till) -> None:
    charge = till.charge()
    attempt = till.start(charge)
    response = till.browser(charge).get(f"/payments/{charge.pk}/leave/{attempt.tran_id}/")
    html = response.content.decode()

    assert attempt.page_url.startswith(till.sandbox.url)
    assert f'<meta http-equiv="refresh" content="0; url={attempt.page_url}">' in html
    assert f'href="{attempt.page_url}"' in html
    assert "no-store" in response.headers["Cache-Control"]
    assert "form-action 'self'" in response.headers["Content-Security-Policy"]


def test_way_to_the_gateway_is_closed_once_the_attempt_is_decided(browser: Client, charge: Charge) -> None:
    attempt = PaymentAttemptFactory(charge=charge, status=Status.FAILED)
    response = browser.get(f"/payments/{charge.pk}/leave/{attempt.tran_id}/")
    assert response.status_code == 302
    assert response.url == f"/payments/{charge.pk}/"


@pytest.mark.parametrize(("fault", "word"), [("failed", "did not go through"), ("html", "does not answer")])
def test_gateway_that_is_down_is_said_and_can_be_tried_again(till: Till, fault: str, word: str) -> None:
    till.sandbox.faults(session=fault)
    charge = till.charge()
    browser = till.browser(charge)
    response = browser.post(f"/payments/{charge.pk}/start/")
    assert response.status_code == 303
    html = page(browser, charge)
    assert word in html
    assert "Pay ৳500" in html

    till.sandbox.clear_faults()
    till.start(charge)


# What comes back


def test_return_touches_no_session(till: Till) -> None:
    """The browser's cross-site form comes without cookies: an answer that set one would sign the payer out."""
    charge = till.charge()
    response = till.come_back(till.pay(till.start(charge)))
    assert response.status_code == 303
    assert "Set-Cookie" not in response.headers
    assert response.headers["Location"] == f"/payments/{charge.pk}/"


@pytest.mark.parametrize("fields", [{}, {"tran_id": "P1"}, {"tran_id": "x" * 5000}, {"tran_id": "\x00"}, {"a": "ক"}])
def test_return_of_nobody_knows_what_goes_home(client: Client, db: None, fields: dict[str, str]) -> None:
    body = "&".join(f"{name}={requests.utils.quote(value)}" for name, value in fields.items())
    response = client.post("/payments/return/success/", body, content_type=FORM)
    assert response.status_code == 303
    assert response.url == "/"


def test_return_by_link_goes_home(client: Client, db: None) -> None:
    response = client.get("/payments/return/success/")
    assert response.status_code == 302
    assert response.url == "/"
    assert not GatewayMessage.objects.exists()


def test_ipn_is_kept_as_it_came_without_a_password(client: Client, db: None) -> None:
    body = "tran_id=P1&val_id=V1&store_passwd=oops&note=%E0%A6%95%00%E0%A6%96"
    response = client.post("/payments/ipn/", body, content_type=FORM)
    assert response.status_code == 200
    message = GatewayMessage.objects.get()
    assert (message.source, message.tran_id, message.status) == ("ipn", "P1", "new")
    assert message.fields == {"tran_id": "P1", "val_id": "V1", "note": "ক\ufffdখ"}


def test_ipn_by_link_is_not_allowed(client: Client, db: None) -> None:
    assert client.get("/payments/ipn/").status_code == 405


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"", FORM, 200),
        (b"&&&=&=x", FORM, 200),
        (b"%ff%fe=%00&tran_id=%ed%a0%80", FORM, 200),
        (b"tran_id=" + b"x" * 60_000, FORM, 200),
        (b"&".join(b"f%d=1" % n for n in range(400)), FORM, 200),
        (b"&".join(b"f%d=1" % n for n in range(600)), FORM, 400),
        (b"tran_id=" + b"x" * 70_000, FORM, 400),
        (b"tran_id=" + b"x" * 10_000_000, FORM, 400),
        (b"tran_id=P1", FORM + "; charset=utf-16", 400),
        (b"tran_id=P1", FORM + "; charset=rot13", 400),
        (b'{"tran_id": "P1"}', "application/json", 400),
        (b"tran_id=P1", "text/plain", 400),
        (b"tran_id=P1", "", 400),
        (b"--x\r\njunk", "multipart/form-data; boundary=x", 400),
        (b"junk", "multipart/form-data", 400),
    ],
)
def test_junk_is_never_our_fault(
    client: Client, transactional_db: None, live_server: Any, body: bytes, content_type: str, status: int
) -> None:
    def post(path: str) -> int:
        headers = {"Content-Type": content_type}
        address = f"{live_server.url}/payments/{path}"
        return requests.post(address, data=body, headers=headers, allow_redirects=False, timeout=30).status_code

    assert post("ipn/") == status
    assert post("return/success/") in {303, status}
    stored = GatewayMessage.objects.count()
    assert stored == (2 if status == 200 else 0)
    for message in GatewayMessage.objects.all():
        assert len(message.fields) <= 80
        assert all(len(value) <= 1000 for value in message.fields.values())
