"""What a page and what open times cost, inside one process: the server's own time, and its queries."""

from collections.abc import Callable
from datetime import timedelta

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from appointments.models import Appointment
from appointments.open_times import slots_of
from doctors.models import Doctor
from scheduling.models import Calendar
from scheduling.slots import Interval
from tests.bench.figures import milliseconds, report, timed

SEARCHES = {
    "everybody": "",
    "a word": "?q=cardiology",
    "a symptom": "?q=chest+pain",
    "a typo": "?q=cardiolgy",
    "a name": "?q=rahman+812",
    "filters": "?specialty=cardiology&mode=video",
}


def queries_of(work: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as captured:
        work()
    return len(captured)


def results_page() -> None:
    client = Client(headers={"host": "localhost"})
    for name, query in SEARCHES.items():

        def work(path: str = f"/doctors/{query}") -> None:
            response = client.get(path)
            assert response.status_code == 200, (path, response.status_code)

        times = timed(work, 60)
        report(
            "results page",
            search=name,
            doctors=Doctor.objects.count(),
            queries=queries_of(work),
            **milliseconds(times),
        )


def open_times() -> None:
    history = Appointment.objects.count()
    doctors = Doctor.objects.order_by("pk")
    now = timezone.now()
    cases = {
        "one doctor, 14 days": (list(doctors.values_list("pk", flat=True)[:1]), 14),
        "20 doctors, 3 days": (list(doctors.values_list("pk", flat=True)[:20]), 3),
    }
    for name, (ids, days) in cases.items():

        def work(ids: list[int] = ids, days: int = days) -> None:
            calendars = list(Calendar.objects.filter(doctor__in=ids))
            slots_of(calendars, Interval(now, now + timedelta(days=days)), now)

        report(
            "open times",
            case=name,
            past_appointments=history,
            of_the_first_doctor=Appointment.objects.filter(doctor=ids[0]).count(),
            queries=queries_of(work),
            **milliseconds(timed(work, 200)),
        )
