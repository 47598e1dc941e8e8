"""A payer in a real browser, with and without scripts: to the gateway's origin, back across sites, and on."""

import re
from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import Browser, BrowserContext, Page, expect

from payments import services, tasks
from payments.models import Charge
from tests.appointments.visits import confirmed
from tests.axe import assert_accessible
from tests.factories.doctors import DoctorFactory
from tests.factories.patients import PatientFactory
from tests.factories.payments import ChargeFactory
from tests.page import is_complaint
from tests.payments.test_faults import paid_too_late
from tests.payments.till import Till


@pytest.fixture(params=[True, False], ids=["scripts", "no scripts"])
def scripts(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def charge(till: Till) -> Charge:
    return ChargeFactory(description="Video visit", done_path="/account/")


@pytest.fixture
def payer(browser: Browser, scripts: bool, till: Till, charge: Charge) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=scripts, viewport={"width": 390, "height": 844})
    sign_in(context, till, charge)
    yield context.new_page()
    context.close()


def sign_in(context: BrowserContext, till: Till, charge: Charge) -> None:
    cookie = till.browser(charge).cookies[django_settings.SESSION_COOKIE_NAME]
    address = urlsplit(till.origin)
    assert address.hostname != urlsplit(till.sandbox.url).hostname, "the two must be different sites"
    context.add_cookies(
        [{"name": cookie.key, "value": cookie.value, "url": till.origin, "sameSite": "Lax", "httpOnly": True}]
    )


def pay(page: Page, button: str, *, scripts: bool) -> None:
    """From our page to the gateway's, decide there, and back."""
    page.get_by_role("button", name=re.compile("^Pay ৳500")).click()
    page.wait_for_url(re.compile("/EasyCheckOut/"))
    page.get_by_label("bKash").check()
    page.get_by_role("button", name=re.compile(f"^{button}")).click()
    if not scripts:
        page.get_by_role("button", name=re.compile("^Return to")).click()
    page.wait_for_url(re.compile("/payments/[0-9a-f-]{36}/$"))


def test_payer_pays_and_is_still_signed_in(till: Till, payer: Page, charge: Charge, scripts: bool) -> None:
    payer.goto(f"{till.origin}/payments/{charge.pk}/")
    pay(payer, "Pay ৳", scripts=scripts)

    expect(payer.get_by_text("We are asking the payment service")).to_be_visible()
    till.work()
    if scripts:
        # The page noticed by itself, and went to where the seller wants the payer, who is still signed in.
        payer.wait_for_url(f"{till.origin}/account/")
        payer.goto(f"{till.origin}/payments/{charge.pk}/")
    else:
        payer.get_by_role("link", name="Check again").click()
    expect(payer.get_by_text("It is paid")).to_be_visible()
    expect(payer.get_by_role("link", name="Go on")).to_have_attribute("href", "/account/")


@pytest.mark.parametrize(
    ("button", "sentence"), [("Fail", "The payment did not go through"), ("Cancel", "You cancelled the payment")]
)
def test_payer_whose_payment_fails_tries_again(
    till: Till, payer: Page, charge: Charge, scripts: bool, button: str, sentence: str
) -> None:
    payer.goto(f"{till.origin}/payments/{charge.pk}/")
    pay(payer, button, scripts=scripts)
    till.work()
    if not scripts:
        payer.get_by_role("link", name="Check again").click()
    expect(payer.get_by_text(sentence)).to_be_visible()

    pay(payer, "Pay ৳", scripts=scripts)
    till.work()
    charge.refresh_from_db()
    assert charge.status == Charge.Status.PAID


def test_payer_sees_a_part_go_back_and_anybody_verifies_the_papers(
    till: Till, browser: Browser, charge: Charge
) -> None:
    till.paid(charge)
    refund = services.refund_by_admin(charge, amount=Decimal("120.50"), by=charge.payer)
    assert refund
    context = browser.new_context(viewport={"width": 390, "height": 844})
    sign_in(context, till, charge)
    page = context.new_page()
    page.goto(f"{till.origin}/payments/{charge.pk}/")
    back = page.get_by_role("region", name="What goes back to you").or_(
        page.locator(".card", has_text="What goes back")
    )
    expect(back.first).to_contain_text("৳120.50")
    expect(back.first).to_contain_text("Asked for")

    till.send(refund)
    tasks.sweep_documents()
    page.reload()
    expect(back).to_contain_text("Arrived")
    receipt, note = charge.documents.order_by("pk")
    for document in (receipt, note):
        expect(page.get_by_role("link", name=re.compile(document.number))).to_be_visible()

    visitor = browser.new_context().new_page()
    visitor.goto(f"{till.origin}/payments/verify/")
    visitor.get_by_label("Code").fill(receipt.code)
    visitor.get_by_role("button", name="Look it up").click()
    for words in (receipt.number, "৳500", "৳120.50"):
        expect(visitor.get_by_role("main")).to_contain_text(words)
    visitor.context.close()
    context.close()


def test_payer_whose_money_came_too_late_is_told_that_it_goes_back(till: Till, browser: Browser) -> None:
    doctor = DoctorFactory(with_hours=True).user
    visit = paid_too_late(till, doctor, PatientFactory().user)
    confirmed(doctor, PatientFactory().user)
    charge = Charge.objects.get(appointment=visit)
    context = browser.new_context(viewport={"width": 390, "height": 844})
    sign_in(context, till, charge)
    page = context.new_page()
    page.goto(f"{till.origin}/payments/{charge.pk}/")
    expect(page.get_by_text("We are asking the payment service")).to_be_visible()

    till.sandbox.release_ipn()
    till.work()

    page.wait_for_url(f"{till.origin}{visit.get_absolute_url()}")
    page.goto(f"{till.origin}/payments/{charge.pk}/")
    expect(page.get_by_role("main")).to_contain_text("The payment came after the time was gone")
    context.close()


@pytest.mark.parametrize("width", [390, 1280])
def test_pages_are_accessible_and_break_no_rule_of_ours(
    till: Till, browser: Browser, charge: Charge, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 844})
    sign_in(context, till, charge)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if is_complaint(message) else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))

    attempt = till.start(charge)
    address = f"{till.origin}/payments/{charge.pk}/"
    waiting = page.goto(address)
    assert waiting
    expect(page.get_by_text("We are asking the payment service")).to_be_visible()
    assert_accessible(page)
    till.pay(attempt)
    till.work()
    # It goes on by itself; whoever comes back to it finds the receipt of it.
    page.wait_for_url(f"{till.origin}/account/")
    page.goto(address)
    expect(page.get_by_text("It is paid")).to_be_visible()
    assert_accessible(page)
    assert complaints == []
    context.close()
