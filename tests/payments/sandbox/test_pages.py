"""What a customer and a developer see, in a real browser, with and without JavaScript."""

import re
from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.axe import assert_accessible
from tests.payments.sandbox.shop import Shop
from tests.payments.sandbox_process import Sandbox


@pytest.fixture(params=[True, False], ids=["scripts", "no scripts"])
def scripts(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def customer(browser: Browser, scripts: bool) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=scripts)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(
    ("button", "outcome", "path"),
    [("Pay ৳", "VALID", "/success"), ("Fail", "FAILED", "/fail"), ("Cancel", "CANCELLED", "/cancel")],
)
def test_customer_decides_and_is_posted_back(
    customer: Page, scripts: bool, shop: Shop, sandbox: Sandbox, button: str, outcome: str, path: str
) -> None:
    customer.goto(shop.open(tran_id="T1")["GatewayPageURL"])
    expect(customer.get_by_text("Sandbox: no real money moves.")).to_be_visible()
    expect(customer.get_by_role("heading", name="Doctor Portal")).to_be_visible()
    expect(customer.get_by_text("Consultation", exact=True)).to_be_visible()

    customer.get_by_label("bKash").check()
    customer.get_by_role("button", name=re.compile(f"^{button}")).click()
    if not scripts:
        customer.get_by_role("button", name="Return to Doctor Portal").click()
    customer.wait_for_url(shop.url + path)

    (fields,) = shop.came_back
    assert fields == sandbox.pay("T1")["return"]["fields"]
    assert fields["status"] == outcome
    assert fields.get("card_brand") == (None if outcome == "CANCELLED" else "MOBILEBANKING")
    assert shop.ipns == [fields]


def test_reloaded_payment_page_leads_back_and_pays_once(shop: Shop, sandbox: Sandbox) -> None:
    page = shop.open(tran_id="T1")["GatewayPageURL"]
    sandbox.pay("T1")

    answer = requests.post(page, data={"outcome": "FAILED", "channel": "visa"}, timeout=10)

    assert "Payment made" in answer.text
    assert "/success" in answer.text
    assert sandbox.transaction("T1")["status"] == "VALID"
    assert len(shop.ipns) == 1


def test_payment_page_escapes_what_the_merchant_sent(shop: Shop, sandbox: Sandbox) -> None:
    evil = '"><script>alert(1)</script>'
    page = shop.open(tran_id="T1", product_name=evil, value_a=evil)["GatewayPageURL"]

    before = requests.get(page, timeout=10).text
    sandbox.pay("T1")
    after = requests.get(page, timeout=10).text

    assert "<script>alert" not in before + after
    assert "&lt;script&gt;alert(1)" in before
    assert "&lt;script&gt;alert(1)" in after


@pytest.mark.parametrize("choice", [{}, {"outcome": "PAID"}, {"outcome": "VALID", "channel": "cheque"}])
def test_payment_page_asks_again_for_a_wrong_choice(shop: Shop, sandbox: Sandbox, choice: dict[str, str]) -> None:
    page = shop.open(tran_id="T1")["GatewayPageURL"]

    answer = requests.post(page, data=choice, timeout=10)

    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert sandbox.transaction("T1")["status"] == "PENDING"


def test_unknown_and_expired_payment_pages_say_so(shop: Shop, sandbox: Sandbox) -> None:
    page = shop.open(tran_id="T1")["GatewayPageURL"]
    sandbox.pay("T1", "EXPIRED")

    for url in (page, f"{sandbox.url}/EasyCheckOut/testcde{'0' * 32}"):
        answer = requests.get(url, timeout=10)
        assert answer.status_code == 404
        assert "Nothing to pay here" in answer.text


def test_amount_in_another_currency_is_shown_with_its_taka(customer: Page, shop: Shop) -> None:
    customer.goto(shop.open(total_amount="1000.00", currency="USD")["GatewayPageURL"])

    expect(customer.get_by_role("button", name="Pay ৳ 1,21,500.00")).to_be_visible()
    expect(customer.get_by_text("for USD 1,000.00")).to_be_visible()


def test_developer_flips_a_switch_and_takes_it_back(customer: Page, shop: Shop, sandbox: Sandbox) -> None:
    customer.goto(sandbox.url)
    customer.get_by_label("Session", exact=True).select_option("failed")
    customer.get_by_label("IPN fields").fill("amount=10.00&currency=USD")
    customer.get_by_label("Failed after valid").check()
    customer.get_by_label("Only for this tran_id").fill("T1")
    customer.get_by_label("Only the next … times").fill("2")
    customer.get_by_role("button", name="Set", exact=True).click()

    expect(customer.get_by_role("heading", name="Set now")).to_be_visible()
    rules = {each["name"]: each for each in sandbox.standing_faults()}
    assert {name: each["value"] for name, each in rules.items()} == {
        "session": "failed",
        "ipn_fields": {"amount": "10.00", "currency": "USD"},
        "failed_after_valid": True,
    }
    assert {(each["tran_id"], each["times"]) for each in rules.values()} == {("T1", 2)}

    customer.get_by_role("button", name="Everything back to normal").click()
    expect(customer.get_by_role("heading", name="Set now")).to_be_hidden()
    assert sandbox.standing_faults() == []


def test_developer_sees_what_happened_and_sends_held_ipns(customer: Page, shop: Shop, sandbox: Sandbox) -> None:
    sandbox.faults(ipn="late")
    payment = shop.paid(tran_id="T1")
    shop.validate(payment["val_id"])

    customer.goto(sandbox.url)
    customer.get_by_role("button", name="Send them now").click()

    expect(customer.get_by_role("button", name="Send them now")).to_be_hidden()
    assert len(shop.ipns) == 1
    customer.get_by_text("What happened").click()
    expect(customer.get_by_text("delivered, 200")).to_be_visible()
    expect(customer.get_by_text("session: SUCCESS; validation: VALID")).to_be_visible()


@pytest.mark.parametrize(
    ("form", "complaint"),
    [({"hold_seconds": "soon"}, "hold_seconds"), ({"ipn_copies": "1000"}, "ipn_copies"), ({"times": "0"}, "times")],
)
def test_console_says_what_it_cannot_read(sandbox: Sandbox, form: dict[str, str], complaint: str) -> None:
    page = requests.get(sandbox.url, timeout=10).text
    token = re.search(r'name="token" value="(\w+)"', page)
    assert token
    complete = {"ipn_copies": "1", "hold_seconds": "30", "token": token[1], "action": "set", **form}
    complete |= dict.fromkeys(("session", "validation", "query", "refund"), "ok")
    complete |= {"duplicate_tran_id": "refused", "query_shape": "list", "ipn": "before_return"}

    answer = requests.post(sandbox.url, data=complete, timeout=10)

    assert answer.status_code == 400
    assert f'role="alert">{complaint}' in answer.text
    assert sandbox.standing_faults() == []


def test_console_refuses_a_form_from_elsewhere(sandbox: Sandbox) -> None:
    sandbox.faults(risky=True)

    answer = requests.post(sandbox.url, data={"action": "clear"}, timeout=10)

    assert answer.status_code == 400
    assert len(sandbox.standing_faults()) == 1


@pytest.mark.parametrize("width", [320, 1280])
def test_pages_are_accessible_and_fit(browser: Browser, shop: Shop, sandbox: Sandbox, width: int) -> None:
    sandbox.faults(ipn="late")
    back = shop.open(tran_id="T1")["GatewayPageURL"]
    sandbox.pay("T1")
    sandbox.faults(tran_id="T2", session="timeout", hold_seconds=0)
    pay = shop.open(tran_id="A-LONG-TRANSACTION-ID-OF-30-CH")["GatewayPageURL"]
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    page.route("**/return.js", lambda route: route.abort())
    for url in (pay, back, sandbox.url, f"{sandbox.url}/nothing"):
        page.goto(url)
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_pages_bring_the_taka_sign_with_them(customer: Page, shop: Shop) -> None:
    with customer.expect_response("**/noto-sans-bengali-few.woff2") as font:
        customer.goto(shop.open()["GatewayPageURL"])

    assert font.value.status == 200
    assert font.value.headers["content-type"] == "font/woff2"
