"""How long it takes from a commit until its toast is painted in the second tab of a real browser."""

import re

from tests.bench.figures import milliseconds, report
from tests.browser.conftest import new_context
from tests.browser.test_inbox import FACTS, live
from tests.browser.visitors import NewContext, sign_in
from tests.stack import Stack

__all__ = ["new_context"]

EMAIL = "patient-19@example.com"
TOLD = 60
# One at a time, from a process of the portal's own; what its clock said once each was durable.
TELL = """
import time
from accounts.models import Kind, User
from accounts.services import notify
user = User.objects.get(email="{email}")
for number in range({count}):
    notify(user, Kind.APPOINTMENT_CONFIRMED, facts={facts!r} | {{"doctor": f"Dr. Number {{number}}"}})
    print("DURABLE", number, time.time())
    time.sleep(0.5)
"""
# The same clock, in the second frame after the toast came into the page.
WATCH = """
window.__shown = {};
new MutationObserver((changes) => {
  for (const node of changes.flatMap(({ addedNodes }) => [...addedNodes])) {
    const number = /Dr\\. Number (\\d+)/.exec(node.textContent)?.[1];
    const shown = () => (window.__shown[number] ??= Date.now() / 1000);
    if (number) requestAnimationFrame(() => requestAnimationFrame(shown));
  }
}).observe(document.querySelector("[data-toasts]"), { childList: true, subtree: true });
"""


def test_toast_in_a_second_tab(stack: Stack, new_context: NewContext) -> None:
    context = new_context()
    sign_in(context, EMAIL).close()
    live(context, "/inbox/")
    second = live(context, "/account/messages/")
    second.evaluate(WATCH)
    said = stack.shell(TELL.format(email=EMAIL, facts=FACTS, count=TOLD))
    durable = {number: float(at) for number, at in re.findall(r"DURABLE (\d+) (\S+)", said)}
    second.wait_for_function(f"{TOLD - 1} in window.__shown")
    shown = second.evaluate("window.__shown")
    waits = [shown[number] - at for number, at in durable.items() if number in shown]
    report("from the commit to the toast, painted in a second tab", toasts=len(waits), of=TOLD, **milliseconds(waits))
