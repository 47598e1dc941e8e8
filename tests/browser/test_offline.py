"""Without a network: when the next visit is, and whom to call; nothing else is kept, and nothing after signing out."""

import re

from playwright.sync_api import Page, expect

from tests.browser.visitors import NewContext, looks_right, sign_in
from tests.stack import Stack

KEPT = """async () => {
  const addresses = [];
  for (const name of await caches.keys()) {
    for (const { url } of await (await caches.open(name)).keys()) addresses.push(new URL(url).pathname);
  }
  return addresses;
}"""
HAS = "async (path) => Boolean(await caches.match(path, { ignoreVary: true }))"


def wait_for_copy(page: Page, path: str) -> None:
    page.wait_for_function(f"async () => ({HAS})('{path}')")


def test_phone_without_a_network_says_when_the_next_visit_is(stack: Stack, new_context: NewContext) -> None:
    context = new_context(viewport={"width": 390, "height": 844}, bypass_csp=True)
    page = sign_in(context, "patient@example.com")
    page.goto("/")
    when = page.locator(".next-visit time").text_content()
    assert when is not None
    wait_for_copy(page, "/offline/")
    wait_for_copy(page, "/offline/next.json")
    page.evaluate("async () => { await navigator.serviceWorker.ready }")

    # Looked at before, and not kept.
    page.goto("/appointments/")
    page.goto("/account/health/me/")
    kept = page.evaluate(KEPT)
    assert {"/offline/", "/offline/next.json"} == {path for path in kept if not path.startswith("/static/")}

    context.set_offline(True)
    page.goto("/appointments/")
    expect(page.get_by_role("heading", level=1)).to_have_text("No connection")
    expect(page.locator("[data-offline-visit] time")).to_have_text(when)
    expect(page.get_by_role("link", name=re.compile(r"^\+880"))).to_be_visible()
    looks_right(page)

    # It goes away by itself.
    context.set_offline(False)
    expect(page.get_by_role("heading", level=1)).to_have_text("Appointments")

    page.locator(".header-person").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_function(f"async () => !(await ({HAS})('/offline/next.json'))")
    context.set_offline(True)
    page.goto("/appointments/")
    expect(page.get_by_role("heading", level=1)).to_have_text("No connection")
    expect(page.locator("[data-offline-visit]")).to_be_hidden()
