"""How long it takes until there is a picture, and until there is one again: two real browsers over the relay."""

import signal
import statistics
from collections.abc import Callable
from time import perf_counter

import pytest

from accounts.models import User
from tests.bench.figures import report
from tests.browser.conftest import call_portal, person
from tests.calls import Person, Portal, begin, room_for
from tests.lines import Line

__all__ = ["call_portal", "person"]

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 10
# By the page's own clock: when the admission was known here, and when a first frame of the other side was decoded.
WATCH = """
window.__marks = {};
addEventListener("DOMContentLoaded", () => {
  const look = () => {
    if (document.body.classList.contains("call-live")) window.__marks.admitted ??= performance.now();
    const remote = document.querySelector("[data-remote]");
    if (remote?.requestVideoFrameCallback && !window.__marks.asked) {
      window.__marks.asked = true;
      remote.requestVideoFrameCallback(() => (window.__marks.frame = performance.now()));
    }
    if (!window.__marks.frame) requestAnimationFrame(look);
  };
  look();
});
"""


def told(figure: str, seconds: list[float]) -> None:
    values = {"median_s": statistics.median(seconds), "slowest_s": max(seconds), "fastest_s": min(seconds)}
    report(figure, rounds=len(seconds), **{name: round(value, 2) for name, value in values.items()})


def seen_again(*persons: Person) -> float:
    """How long it takes until all of them have seen further frames."""
    begun = perf_counter()
    for each in persons:
        each.sees_frames(more_than=2, timeout=90)
    return perf_counter() - begun


def test_first_picture_and_picture_again(
    person: Callable[..., Person], doctor: User, patient: User, call_portal: Portal
) -> None:
    visit = room_for(doctor, patient)
    with Line(call_portal.relay.port) as line:
        one, other = person(patient, script=WATCH).by(line), person(doctor, script=WATCH)
        begin(visit, one, other)
        first, after_kill, back, after_offline = [], [], [], []
        for _ in range(ROUNDS):
            other.page.reload()
            other.until("window.__marks?.frame")
            first.append(other.page.evaluate("(window.__marks.frame - window.__marks.admitted) / 1000"))
            one.sees_frames(more_than=5)
        told("from the admission known to the first decoded frame", first)

        for _ in range(ROUNDS):
            call_portal.end_daphne(signal.SIGKILL)
            after_kill.append(seen_again(one, other))
            call_portal.start_daphne()
            begun = perf_counter()
            for each in (one, other):
                each.until("window.__sockets.at(-1).readyState === 1", timeout=60)
            back.append(perf_counter() - begun)
        told("picture after the signalling process is killed", after_kill)
        told("both sockets again, from when the process is up", back)

        for _ in range(ROUNDS):
            one.context.set_offline(True)
            line.is_cut = True
            one.page.wait_for_timeout(10_000)
            line.is_cut = False
            one.context.set_offline(False)
            after_offline.append(seen_again(one, other))
        told("picture again after one side was offline for 10 s", after_offline)
    for each in (one, other):
        each.complaints.clear()
