"""The homes of patients and doctors: what is to be done now, and the figures, of every room."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import User
from appointments.day import day_of
from appointments.follow_ups import follow_ups_for
from appointments.models import Appointment, Offer, Status
from appointments.practice_figures import VisitFigures, visit_figures
from appointments.views.practice import calendar_of, own_doctor
from appointments.views.times import other_zone
from config.charts import Chart, bar_chart, stacked_chart
from config.days import zone
from config.periods import By, Stretch, periods
from config.templatetags.portal import day_short, digits, money, month_short
from doctors.models import Doctor
from doctors.views.finding import public_home
from patients.models import Guardianship, MedicalRecord, Patient
from payments.models import Dispute
from payments.statements import earned
from prescriptions.models import Order, OrderStatus, SignedPrescription
from prescriptions.views.lists import taken_now
from reviews.figures import review_figures
from reviews.views.own import to_review
from scheduling.week import weekdays
from telehealth.models import Consultation

# So many of each kind a home shows; the pages behind it have them all.
COMING_SHOWN = 5
TO_REVIEW_SHOWN = 2
FOLLOW_UPS_SHOWN = 2
TAKEN_SHOWN = 4
PAPERS_SHOWN = 3
# What was done for an order is news for so long.
NEWS_FOR = timedelta(days=30)


# A patient's ------------------------------------------------------------------------------------------------------


def patient_home(request: HttpRequest) -> HttpResponse:
    """The next visit, what waits for the patient's side, the family, medicines, papers, and a search."""
    user, now = request.user, timezone.now()
    people = list(Patient.objects.acted_for_by(user))
    coming = list(Appointment.objects.held_by(user).coming().for_list()[: COMING_SHOWN + 1])
    visits = [booking for booking in coming if booking.status != Status.HELD]
    orders = Order.objects.ordered_for(user).for_list()
    return public_home(
        request,
        template="home/patient.html",
        holds=[booking for booking in coming if booking.is_live_hold],
        visits=visits,
        room=Consultation(appointment=visits[0]) if visits else None,
        offers=list(Offer.objects.open().for_patients(people)),
        to_pay=list(orders.filter(status=OrderStatus.PLACED, due_at__gt=now).order_by("due_at")),
        to_review=list(to_review(user)[:TO_REVIEW_SHOWN]),
        follow_ups=follow_ups_for(user)[:FOLLOW_UPS_SHOWN],
        family=list(Guardianship.objects.family_of(user)),
        taken=taken_now(people)[:TAKEN_SHOWN],
        prescribed=SignedPrescription.objects.filter(patient__in=people).count(),
        records=MedicalRecord.objects.filter(patient__in=people).aggregate(many=Count("pk"), latest=Max("created_at")),
        done=list(
            orders.filter(status=OrderStatus.FULFILLED, closed_at__gt=now - NEWS_FOR).order_by("-closed_at")[
                :PAPERS_SHOWN
            ]
        ),
        by_name=len(people) > 1,
    )


# A doctor's -------------------------------------------------------------------------------------------------------


@never_cache
@login_required
@require_safe
def practice_home(request: HttpRequest) -> HttpResponse:
    """Who is next and who waits, what is to be done, and below it how the practice goes, by week or by month."""
    doctor = own_doctor(request)
    calendar = calendar_of(doctor)
    by = By.MONTH if request.GET.get("by") == By.MONTH else By.WEEK
    day = day_of(doctor, calendar.zone)
    reviews = review_figures(doctor, _two_months(day.now))
    context = {
        "doctor": doctor,
        "day": day,
        "other_zone": other_zone(doctor),
        "rooms": list(Consultation.objects.open().of_doctor(doctor.pk).for_queue()),
        "to_do": Work.of(request.user, reviews.waiting),
        "reviews": reviews,
        "figures": practice_figures(doctor, by, day.now),
    }
    return render(request, "home/doctor.html", context)


def _two_months(now: datetime) -> Stretch:
    """The last month and this one."""
    return periods(By.MONTH, now=now, zone=zone(), count=2).up_to_now


@dataclass(frozen=True, slots=True)
class Work:
    """What waits for a doctor, beside the day's visits: how many of each."""

    orders: int
    complaints: int
    reviews: int

    @classmethod
    def of(cls, user: User, reviews: int) -> "Work":
        """Two queries."""
        orders = Order.objects.of_practice(user).waiting().count()
        complaints = Dispute.objects.for_doctor(user).filter(status=Dispute.Status.OPEN).count()
        return cls(orders, complaints, reviews)

    def __bool__(self) -> bool:
        return bool(self.orders or self.complaints or self.reviews)


@dataclass(frozen=True, slots=True)
class Change:
    """How a figure stands to the one before: in words, which way it went, and whether that is for the better."""

    words: str
    trend: str = "flat"
    good: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """One week or month: the day on which it begins, what came of its visits, and what they brought in."""

    day: date
    visits: VisitFigures
    income: Decimal

    @property
    def missed(self) -> int:
        """By either side."""
        return self.visits.missed + self.visits.not_held


@dataclass(frozen=True, slots=True)
class PracticeFigures:
    """How a practice goes: the week or month that runs, held against as much of the one before; and the last twelve."""

    by: By
    rows: list[Row]
    changes: dict[str, Change]
    visits_chart: Chart
    patients_chart: Chart
    income_chart: Chart

    @property
    def now(self) -> Row:
        return self.rows[-1]

    @property
    def newest_first(self) -> list[Row]:
        return self.rows[::-1]

    @property
    def is_empty(self) -> bool:
        return not any(row.visits.decided or row.visits.open or row.income for row in self.rows)


def practice_figures(doctor: Doctor, by: By, now: datetime) -> PracticeFigures:
    """By the days of the portal, as the books are. Six queries, whatever the length of the history."""
    spans = periods(by, now=now, zone=zone(), first_weekday=weekdays()[0].value)
    (visits_before,), (income_before,) = visit_figures(doctor, spans.before), earned(doctor, spans.before)
    sums = zip(spans.days, visit_figures(doctor, spans.up_to_now), earned(doctor, spans.up_to_now), strict=True)
    rows = [Row(*each) for each in sums]
    label, every = (month_short, 2) if by == By.MONTH else (day_short, 3)
    outcomes = [(label(row.day), (row.visits.completed, row.missed, row.visits.cancelled)) for row in rows]
    patients = [(label(row.day), (row.visits.returning, row.visits.new)) for row in rows]
    return PracticeFigures(
        by=by,
        rows=rows,
        changes=_changes(rows[-1], Row(spans.days[-2], visits_before, income_before)),
        visits_chart=stacked_chart(outcomes, every=every),
        patients_chart=stacked_chart(patients, every=every),
        income_chart=bar_chart([(label(row.day), row.income) for row in rows], every=every),
    )


def _changes(now: Row, before: Row) -> dict[str, Change]:
    """Of each figure that is held against the one before. Where there was nothing before, that is said."""
    if not before.visits.decided:
        none = Change(_("no visits before"))
        found = dict.fromkeys(("visits", "completion", "missed", "patients"), none)
    else:
        found = {
            "visits": _change(now.visits.completed, before.visits.completed),
            "missed": _change(now.visits.missed, before.visits.missed, better="down"),
            "patients": _change(now.visits.patients, before.visits.patients),
            "completion": _change(now.visits.completion, before.visits.completion, say=_points),
        }
    if before.income:
        found["income"] = _change(now.income, before.income, say=money)
    else:
        found["income"] = Change(_("nothing before"))
    return found


def _change(now: Any, before: Any, *, say: Callable[[Any], str] = digits, better: str = "up") -> Change:
    if now is None or before is None:
        return Change("")
    if now == before:
        return Change(_("as before"))
    if now > before:
        return Change(_("%(number)s more") % {"number": say(now - before)}, "up", good=better == "up")
    return Change(_("%(number)s less") % {"number": say(before - now)}, "down", good=better == "down")


def _points(number: int) -> str:
    return ngettext("%(number)s point", "%(number)s points", number) % {"number": digits(number)}
