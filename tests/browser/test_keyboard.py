"""The main job without a mouse: every step of finding, booking, paying and calling off is reached by Tab alone."""

import re
import secrets

from playwright.sync_api import Locator, Page, expect

from tests.browser.visitors import PASSWORD, PHONE, Mailbox, NewContext
from tests.stack import Stack

# More than any of these pages has to be passed with Tab before what is meant.
STOPS = 120
RING = """(element) => {
  const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
  return (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0) || boxShadow !== 'none';
}"""


def reach(page: Page, target: Locator) -> Locator:
    """Tab on until the target has the focus, in the order of the page; who looks sees where it is."""
    expect(target).to_be_visible()
    for _ in range(STOPS):
        if target.evaluate("(element) => element === document.activeElement"):
            assert target.evaluate(RING) or target.locator("..").evaluate(RING), f"no ring at {target}"
            return target
        page.keyboard.press("Tab")
    raise AssertionError(f"{target} is not reached by Tab on {page.url}")


def press(page: Page, target: Locator, key: str = "Enter") -> None:
    reach(page, target)
    page.keyboard.press(key)


def write(page: Page, label: str, text: str) -> None:
    reach(page, page.get_by_label(label, exact=label == "Password"))
    page.keyboard.type(text)


def test_visit_is_found_booked_paid_and_called_off_by_keyboard(stack: Stack, new_context: NewContext) -> None:
    page = new_context(viewport=PHONE, reduced_motion="reduce").new_page()
    main = page.locator("main")
    page.goto("/")
    reach(page, page.locator("input[name=q]"))
    page.keyboard.type("fever")
    page.keyboard.press("Enter")
    page.wait_for_url("**/doctors/?**")

    # The first times stand on the cards: from a result to the form in one press.
    press(page, main.locator("article a[href*='/book/']").first)
    page.wait_for_url("**/book/**")
    write(page, "Reason for the visit", "Fever since Friday.")
    press(page, main.get_by_role("button", name="Go on"))

    address = f"keyboard-{secrets.token_hex(4)}@example.org"
    expect(page.get_by_label("Your full name")).to_be_visible()
    write(page, "Your full name", "Sabina Yasmin")
    write(page, "Email", address)
    write(page, "Password", PASSWORD)
    press(page, main.get_by_role("button", name=re.compile("Create|Sign up")))
    expect(page.locator("input[name=code]")).to_be_visible()
    reach(page, page.locator("input[name=code]"))
    page.keyboard.type(Mailbox(stack, address).code())
    page.keyboard.press("Enter")
    page.wait_for_url("**/book/**")

    write(page, "Mobile number", "01712 345678")
    press(page, page.get_by_role("button", name="Keep this time"))
    page.wait_for_url("**/appointments/*/")
    appointment = page.url
    press(page, main.get_by_role("button", name=re.compile("Pay ৳")))
    page.wait_for_url("**/payments/*/")
    press(page, main.get_by_role("button", name=re.compile("Pay")))
    page.wait_for_url(f"{stack.sandbox_url}/**")
    press(page, page.get_by_role("button", name=re.compile("^Pay")).first)
    page.wait_for_url(lambda url: url.startswith(stack.url))
    expect(main).to_contain_text(re.compile("paid|confirmed", re.IGNORECASE))

    page.goto(appointment)
    press(page, main.get_by_role("link", name=re.compile("Cancel")).first)
    page.wait_for_url("**/cancel/**")
    press(page, page.get_by_role("radio").first, "Space")
    press(page, main.get_by_role("button", name=re.compile("Cancel")))
    page.wait_for_url(appointment)
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile("cancelled", re.IGNORECASE))
