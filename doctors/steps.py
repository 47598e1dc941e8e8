"""Counting how many look for a doctor, and at one.

A page adds one to a sum in Valkey, and a task writes the sums into the day's row: no page writes to the database, no
row is hot, and nothing is known of who looked. What was not written yet may be lost with Valkey; a minute's worth.
"""

import re
from datetime import date

import structlog
from django.core.cache import cache
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest

from config.cache import CacheDown
from config.days import today
from doctors.models import DailySteps, Doctor, Step
from doctors.search import SearchResult

log = structlog.get_logger()

SUMS = "steps"
# Every browser calls itself so; what does not, or says what it is, is a program. Cubot makes phones.
BROWSER = "Mozilla/"
ROBOT = re.compile(r"(?<!cu)bot|crawl|spider|slurp|preview|fetch|monitor|headless|lighthouse|python|curl|wget", re.I)


def count_search(request: HttpRequest, result: SearchResult) -> None:
    """Results were opened. Turning their pages, or narrowing them down within the page, is the same search."""
    if result.page == 1 and not request.headers.get("HX-Request"):
        _count(request, Step.SEARCH)


def count_profile(request: HttpRequest, doctor: Doctor) -> None:
    """A doctor's page was opened, by somebody else than that doctor."""
    if is_person(request) and request.user.pk != doctor.user_id:
        _count(request, Step.PROFILE)


def is_person(request: HttpRequest) -> bool:
    """Whether somebody reads it, as far as the request tells: no robot, and no browser that fetches ahead."""
    agent = request.headers.get("User-Agent", "")
    ahead = request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", "")
    return request.method == "GET" and agent.startswith(BROWSER) and not ROBOT.search(agent) and "prefetch" not in ahead


def _count(request: HttpRequest, step: Step) -> None:
    if not is_person(request):
        return
    try:
        cache.add_up(SUMS, f"{today()} {step.value}")
    except CacheDown:
        # The page matters more than its number.
        log.warning("step_not_counted", step=step.value)


def write_steps() -> int:
    """Write what was counted since the last time into the rows of its days; how much that was.

    May run twice at once: each takes what the other has not. What cannot be written is put back.
    """
    sums = cache.take_sums(SUMS)
    try:
        with transaction.atomic():
            for name, count in sorted(sums.items()):
                day, _, step = name.partition(" ")
                _add(date.fromisoformat(day), step, count)
    except Exception:
        for name, count in sums.items():
            cache.add_up(SUMS, name, count)
        raise
    return sum(sums.values())


def _add(day: date, step: str, count: int) -> None:
    DailySteps.objects.bulk_create([DailySteps(day=day, step=step, count=0)], ignore_conflicts=True)
    DailySteps.objects.filter(day=day, step=step).update(count=F("count") + count)
