"""The main job, from end to end, on the stack that `make demo` starts: found, booked, paid, cancelled, refunded."""

import re
import secrets

from playwright.sync_api import Page, expect

from tests.browser.visitors import PASSWORD, Mailbox, NewContext, calendar_of, doctor_who_was_told, sign_in
from tests.page import is_complaint
from tests.stack import Stack


def find_a_doctor(page: Page, search: str, *, nth: int) -> str:
    """From the home page to a doctor's page, by a search; the doctor's name as the card had it."""
    page.goto("/")
    page.locator("input[name=q]").fill(search)
    page.locator("main").get_by_role("button", name="Search").click()
    card = page.locator("[data-doctor], article").nth(nth)
    name = card.get_by_role("heading").inner_text()
    card.get_by_role("heading").get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    return name


def open_all_times(page: Page) -> None:
    """The page of times of the doctor whose page is open; it works with and without JavaScript."""
    slug = page.url.rstrip("/").rpartition("/")[2]
    page.goto(f"/times/{slug}/?mode=video")


def take_the_last_time(page: Page) -> str:
    """Follow the last open time that the page shows; the address of the booking form."""
    page.locator("a[href*='/book/']").last.click()
    page.wait_for_url("**/book/**")
    return page.url


def fill_reason_and_sign_up(page: Page, stack: Stack, reason: str) -> Mailbox:
    address = f"visitor-{secrets.token_hex(4)}@example.org"
    page.get_by_label("Reason for the visit").fill(reason)
    page.locator("main").get_by_role("button", name="Go on").click()
    page.get_by_label("Your full name").fill("Sabina Yasmin")
    page.get_by_label("Email").fill(address)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.locator("main form").get_by_role("button", name=re.compile("Create|Sign up")).click()
    mailbox = Mailbox(stack, address)
    page.locator("input[name=code]").fill(mailbox.code())
    page.locator("main form").get_by_role("button").first.click()
    page.wait_for_url("**/book/**")
    return mailbox


def hold(page: Page, reason: str) -> None:
    """Finish the booking form, which kept what was typed before signing up."""
    expect(page.get_by_label("Reason for the visit")).to_have_value(reason)
    page.get_by_label("Mobile number").fill("01712 345678")
    page.get_by_role("button", name="Keep this time").click()
    page.wait_for_url("**/appointments/*/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Review your booking")


def test_a_visitor_books_pays_and_cancels(stack: Stack, new_context: NewContext) -> None:
    page = new_context(viewport={"width": 390, "height": 844}).new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if is_complaint(message) else None)

    # By a symptom, on a phone, to a time.
    find_a_doctor(page, "buke betha", nth=0)
    open_all_times(page)
    form_address = take_the_last_time(page)
    reason = "Chest feels tight on stairs since Friday."
    mailbox = fill_reason_and_sign_up(page, stack, reason)
    assert page.url == form_address
    hold(page, reason)
    appointment = page.url

    # Money: to the gateway's own origin and back.
    page.get_by_role("button", name=re.compile("Pay ৳")).click()
    page.wait_for_url("**/payments/*/")
    page.locator("main").get_by_role("button", name=re.compile("Pay")).click()
    page.wait_for_url(f"{stack.sandbox_url}/**")
    page.get_by_role("button", name=re.compile("^Pay")).first.click()
    page.wait_for_url(lambda url: url.startswith(stack.url))
    expect(page.locator("main")).to_contain_text(re.compile("paid|confirmed", re.IGNORECASE))
    page.goto(appointment)
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile("confirmed|booked", re.IGNORECASE))

    # Both are told; the calendar file names no reason.
    mail = mailbox.wait_for(lambda mail: "is confirmed" in str(mail["Subject"]))
    calendar = calendar_of(mail)
    assert "METHOD:REQUEST" in calendar
    assert "SEQUENCE:0" in calendar
    assert reason not in mail.as_string()

    # The doctor sees it; whoever does not belong there, does not.
    identity = appointment.rstrip("/").rpartition("/")[2]
    stranger = sign_in(new_context(), "patient-5@example.com")
    assert stranger.goto(f"/appointments/{identity}/").status == 404  # type: ignore[union-attr]
    doctors_mail = Mailbox(stack, doctor_who_was_told(stack, identity))
    own = sign_in(new_context(), doctors_mail.address)
    own.goto(f"/appointments/{identity}/")
    expect(own.locator("main")).to_contain_text("Sabina Yasmin")
    expect(own.locator("main")).to_contain_text(reason)

    # Called off: all of the money goes back, the time is open again.
    page.get_by_role("link", name=re.compile("Cancel")).first.click()
    page.get_by_role("radio").first.check()
    page.locator("main form").get_by_role("button", name=re.compile("Cancel")).click()
    page.wait_for_url(appointment)
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile("cancelled", re.IGNORECASE))
    mailbox.wait_for(lambda mail: "refund" in str(mail["Subject"]).lower() or "money" in str(mail["Subject"]).lower())
    cancelled = mailbox.wait_for(lambda mail: "cancelled" in str(mail["Subject"]))
    assert "METHOD:CANCEL" in calendar_of(cancelled)
    assert _uid(calendar_of(cancelled)) == _uid(calendar)
    assert page.goto(form_address).status == 200  # type: ignore[union-attr]

    assert problems == []


def _uid(calendar: str) -> str:
    found = re.search(r"UID:(\S+)", calendar)
    assert found is not None
    return found[1]


def test_without_javascript_as_far_as_the_payment_page(stack: Stack, new_context: NewContext) -> None:
    page = new_context(java_script_enabled=False).new_page()

    find_a_doctor(page, "skin", nth=0)
    open_all_times(page)
    take_the_last_time(page)
    reason = "Itchy rash on both arms."
    fill_reason_and_sign_up(page, stack, reason)
    hold(page, reason)
    page.get_by_role("button", name=re.compile("Pay ৳")).click()
    page.wait_for_url("**/payments/*/")
    page.locator("main").get_by_role("button", name=re.compile("Pay")).click()
    page.wait_for_url(f"{stack.sandbox_url}/**")

    expect(page.get_by_role("button", name=re.compile("^Pay")).first).to_be_visible()
