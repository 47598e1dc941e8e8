"""What is new comes into an open tab by itself, by the socket or by asking; without scripts the inbox is a page."""

import json
import re
import time

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.visitors import DEMO_PASSWORD, NewContext, looks_right, sign_in
from tests.stack import Stack

TELL = """
import time
from accounts.models import Kind, User
from accounts.services import notify
for number in range({count}):
    told = notify(User.objects.get(email="{email}"), Kind.{kind}, facts={facts!r})
    print("TOLD", told.pk, time.time())
"""
# A network that lets no socket through.
DEAF = """
window.WebSocket = class extends EventTarget {
  static CONNECTING = 0;
  static OPEN = 1;
  readyState = 3;
  constructor() {
    super();
    setTimeout(() => this.dispatchEvent(new CloseEvent("close", { code: 1006 })));
  }
};
"""
FACTS = {
    "doctor": "Dr. Somebody New",
    "patient": "A Patient",
    "start": "2031-03-02T04:00:00+00:00",
    "mode": "video",
    "place": "",
    "path": "/account/",
    "amount": "800.00",
    "currency": "BDT",
    "description": "Consultation fee",
}


def tell(stack: Stack, email: str, kind: str = "APPOINTMENT_CONFIRMED", *, count: int = 1) -> tuple[str, float]:
    """Somebody is told something, by a process of the portal's own; its key, and when it was durable."""
    said = stack.shell(TELL.format(email=email, kind=kind, facts=FACTS, count=count))
    found = re.findall(r"TOLD (\S+) (\S+)", said)
    assert found, said
    return found[-1][0], float(found[-1][1])


def live(context: BrowserContext, path: str) -> Page:
    """A tab whose socket has told the state of now."""
    page = context.new_page()
    page.goto(path)
    page.wait_for_function("Object.keys(sessionStorage).some((name) => name.startsWith('news-seen'))")
    return page


def toast(page: Page):
    return page.locator("[data-toasts]").get_by_role("button", name=re.compile("Dr. Somebody New"))


def test_toast_comes_in_a_second_tab_and_leads_to_what_it_is_about(stack: Stack, new_context: NewContext) -> None:
    context = new_context(viewport={"width": 390, "height": 844}, bypass_csp=True)
    sign_in(context, "patient-20@example.com").close()
    first, second = live(context, "/inbox/"), live(context, "/account/messages/")
    before = int(second.locator("[data-bell-count]").text_content() or 0)
    _key, durable = tell(stack, "patient-20@example.com")
    expect(toast(second)).to_be_visible()
    print(f"\nfrom the commit to the toast, as the test sees it: {1000 * (time.time() - durable):.0f} ms at most")
    for page in (first, second):
        expect(page.locator("[data-bell-count]")).to_have_text(str(before + 1))
        expect(page.locator("[data-bell]")).to_have_accessible_name(f"Inbox, unread messages: {before + 1}")
    looks_right(second)

    toast(second).click()
    second.wait_for_url("**/account/")
    for page in (first, second):
        expect(page.locator("[data-bell-count]")).to_have_text(str(before) if before else "")
    # Another page of the same tab does not say it again.
    second.goto("/inbox/")
    expect(second.get_by_role("button", name=re.compile("Dr. Somebody New")).first).to_be_visible()
    expect(toast(second)).to_have_count(0)
    looks_right(second)


def test_without_a_socket_the_page_asks(stack: Stack, new_context: NewContext) -> None:
    context = new_context()
    sign_in(context, "patient-21@example.com").close()

    context.add_init_script(DEAF)
    page = context.new_page()
    with page.expect_response("**/inbox/news/") as asked:
        page.goto("/account/")
    before = asked.value.json()["unread"]
    tell(stack, "patient-21@example.com")
    with page.expect_response("**/inbox/news/"):
        page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("[data-bell]")).to_have_accessible_name(f"Inbox, unread messages: {before + 1}")


def test_inbox_and_choices_work_without_scripts(stack: Stack, new_context: NewContext) -> None:
    email = "patient-22@example.com"
    key, _durable = tell(stack, email, "REFUND_DONE")
    context = new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(DEMO_PASSWORD)
    page.locator("main").get_by_role("button", name="Sign in", exact=True).click()
    page.locator("[data-bell]").click()
    page.get_by_role("button", name=re.compile("Your refund has arrived")).first.click()
    page.wait_for_url("**/account/")
    page.goto(f"/inbox/{key}/")
    expect(page.get_by_role("button", name="Mark as read")).to_have_count(0)
    page.goto("/account/messages/")
    money = page.get_by_role("group", name="Payments, refunds and payouts")
    expect(money.get_by_label("E-mail")).to_be_disabled()
    expect(money.get_by_label("E-mail")).to_be_checked()
    visits = page.get_by_role("group", name="Appointments", exact=True)
    visits.get_by_label("E-mail").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(visits.get_by_label("E-mail")).not_to_be_checked()


def test_browser_shows_a_push_message_that_names_nobody(stack: Stack, new_context: NewContext) -> None:
    """By the browser's own tools: what a push service hands over, the portal's worker shows."""
    context = new_context()
    context.grant_permissions(["notifications"])
    page = sign_in(context, "patient-23@example.com")
    page.goto("/account/messages/")
    tools = context.new_cdp_session(page)
    found: list[str] = []
    tools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda told: found.extend(each["registrationId"] for each in told["registrations"]),
    )
    tools.send("ServiceWorker.enable")
    page.evaluate("navigator.serviceWorker.register('/service-worker.js').then(() => navigator.serviceWorker.ready)")
    page.wait_for_function(
        "navigator.serviceWorker.getRegistration('/').then((found) => found?.active?.state === 'activated')"
    )
    message = {"title": "Nirog", "body": "There is something new for you.", "tag": "t1", "url": "/inbox/", "lang": "en"}
    for _ in range(2):
        tools.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": stack.url, "registrationId": found[-1], "data": json.dumps(message)},
        )
    shown = page.wait_for_function(
        """() => navigator.serviceWorker.getRegistration('/').then((found) => found.getNotifications())
            .then((all) => all.length && all.map(({ title, body, tag }) => ({ title, body, tag })))"""
    ).json_value()
    assert shown == [{"title": "Nirog", "body": "There is something new for you.", "tag": "t1"}]
