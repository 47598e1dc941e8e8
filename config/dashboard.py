"""The admin's home: how the portal goes, in tiles, charts and tables, over any range of days.

Whoever may see figures sees them above the lists of the admin; sums of money only who may see payments.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Max, Sum
from django.db.models.functions import TruncMonth
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.charts import Chart, bar_chart, stacked_chart
from config.days import days, first_of, months, today
from config.models import CountedDay, DailyFigure, Name
from config.spreadsheet import csv_response
from config.templatetags.portal import digits, grouped, money, month_short
from doctors.figures import Decided, decided_by_month
from doctors.models import Step
from specialties.models import Specialty

SEES_FIGURES, SEES_MONEY = "config.view_dailyfigure", "payments.view_charge"
# A chart has room for so many months.
MOST_MONTHS = 60
MONTHS_SHOWN = 12
SPECIALTIES_SHOWN = 10
NONE = Decimal(0)

OUTCOMES = {
    "completed": gettext_lazy("Took place"),
    "ahead": gettext_lazy("To come"),
    "no_show": gettext_lazy("Missed"),
    "cancelled": gettext_lazy("Called off"),
    "let_go": gettext_lazy("Held and let go"),
}
FUNNEL = {
    Step.SEARCH.value: gettext_lazy("Results opened"),
    Step.PROFILE.value: gettext_lazy("Doctor's page opened"),
    "held": gettext_lazy("Time held"),
    "booked": gettext_lazy("Booked"),
}


class RangeForm(forms.Form):
    """From which day to which; a year of months up to today where nothing is asked for."""

    first = forms.DateField(
        label=gettext_lazy("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    last = forms.DateField(
        label=gettext_lazy("Until"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, asked: Any) -> None:
        usual = dict(zip(("first", "last"), usual_range(), strict=True))
        # An address may name one of the two, and leave the other as it usually is.
        super().__init__({name: asked.get(name) or f"{day:%Y-%m-%d}" for name, day in usual.items()})

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        first, last = found.get("first"), found.get("last")
        if first and last:
            if last > today():
                self.add_error("last", _("This day is still to come. Figures end today at the latest."))
            elif first > last:
                self.add_error("first", _("This day is after the last one."))
            elif len(list(months(first, last))) > MOST_MONTHS:
                self.add_error("first", _("At most five years fit on the page. Please choose a later day."))
        return found


def usual_range() -> tuple[date, date]:
    last = today()
    return first_of(last, later=1 - MONTHS_SHOWN), last


class Sums:
    """What the figures of a range come to, in all and by month."""

    def __init__(self, first: date, last: date) -> None:
        self.first, self.last = first, last
        self.months = list(months(first, last))
        self._sums: defaultdict[tuple[str, str, date | None], Decimal] = defaultdict(Decimal)
        # What is of a whole month stands on its first day, even where the range begins later.
        rows = DailyFigure.objects.filter(day__range=(self.months[0], last)).order_by()
        within = rows.exclude(day__lt=first, name__in=[name for name in Name if name != Name.ACTIVE])
        for month, name, of, value in within.values_list(TruncMonth("day"), "name", "of").annotate(sum=Sum("value")):
            self._sums[name, of, month] = value
            self._sums[name, of, None] += value

    def of(self, name: Name, of: str = "", month: date | None = None) -> Decimal:
        """In that month, or in all of the range."""
        return self._sums.get((name, of, month), NONE)

    def parts(self, name: Name) -> dict[str, Decimal]:
        """What there is of a figure in all of the range, the most first."""
        found = {of: value for (each, of, month), value in self._sums.items() if each == name and month is None}
        return dict(sorted(found.items(), key=lambda part: (-part[1], part[0])))

    # What follows from several

    def bookings(self, month: date | None = None) -> Decimal:
        return sum((self.of(Name.VISITS, of, month) for of in OUTCOMES if of != "let_go"), NONE)

    def taken(self, month: date | None = None) -> Decimal:
        """Times that were used, or kept for somebody."""
        return sum((self.of(Name.VISITS, of, month) for of in ("completed", "ahead", "no_show")), NONE)

    def offered(self, month: date | None = None) -> Decimal:
        return self.of(Name.OFFERED, month=month)

    def missed(self, month: date | None = None) -> Decimal | None:
        gone, held = (self.of(Name.VISITS, of, month) for of in ("no_show", "completed"))
        return share(gone, gone + held)

    def failed(self, month: date | None = None) -> Decimal | None:
        return share(self.of(Name.CALLS, "failed", month), self.of(Name.CALLS, "calls", month))

    def used(self, month: date | None = None) -> Decimal | None:
        return share(self.taken(month), self.offered(month))

    def gross(self, month: date | None = None) -> Decimal:
        return self.of(Name.MONEY, "online", month) + self.of(Name.MONEY, "cash", month)


def share(part: Decimal, whole: Decimal) -> Decimal | None:
    """In hundredths; None where there is nothing to be a part of."""
    return 100 * part / whole if whole else None


# What is shown ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tile:
    label: str
    value: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A chart above its table, `top` in words what its highest bar comes to; where there is none, `bars` has the length
    of a bar beside each row, in hundredths."""

    key: str
    title: str
    about: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    chart: Chart | None = None
    top: str = ""
    legend: Sequence[str] = ()
    bars: Sequence[float] = ()

    @property
    def lines(self) -> Iterator[tuple[Sequence[str], float | None]]:
        """Each row with its bar."""
        yield from zip(self.rows, self.bars or [None] * len(self.rows), strict=True)


def number(value: Decimal) -> str:
    return digits(grouped(f"{value:.0f}"))


def percent(value: Decimal | None) -> str:
    return "–" if value is None else digits(f"{value:.1f} %")


def waited(decided: Decided) -> str:
    return "–" if decided.waited is None else in_time(decided.waited)


def in_time(length: timedelta) -> str:
    """In days from two days on and in hours before."""
    hours = length / timedelta(hours=1)
    if hours < 48:
        return digits(ngettext("%(count)s hour", "%(count)s hours", round(hours)) % {"count": round(hours)})
    found = round(hours / 24)
    return digits(ngettext("%(count)s day", "%(count)s days", found) % {"count": found})


class Home:
    """All that the page shows of a range, to somebody who sees money or not: five queries."""

    def __init__(self, first: date, last: date, *, sees_money: bool) -> None:
        self.sums, self.sees_money = Sums(first, last), sees_money
        self.decided, self.decided_by_month = decided_by_month(first, last)
        within = CountedDay.objects.filter(day__range=(first, last))
        counted = within.aggregate(latest=Max("counted_at"), days=Count("pk"))
        self.counted_at: datetime | None = counted["latest"]
        self.is_empty = self.counted_at is None
        self.lacks_days = counted["days"] <= (last - first).days

    @property
    def every(self) -> int:
        """So many months have one label."""
        return 1 + len(self.sums.months) // 7

    def tiles(self) -> Iterator[Tile]:
        sums = self.sums
        yield Tile(_("Bookings"), number(sums.bookings()))
        yield Tile(_("Took place"), number(sums.of(Name.VISITS, "completed")))
        yield Tile(_("Missed"), percent(sums.missed()), _("of the visits that were due"))
        yield Tile(_("Failed calls"), percent(sums.failed()), _("of the calls to which both came"))
        if self.sees_money:
            yield Tile(_("Taken"), money(sums.gross()))
            yield Tile(_("Given back"), money(sums.of(Name.MONEY, "back")))
        month = sums.months[-1]
        named = digits(date_format(month, "F Y"))
        yield Tile(_("Active doctors"), number(sums.of(Name.ACTIVE, "doctors", month)), named)
        yield Tile(_("Active patients"), number(sums.of(Name.ACTIVE, "patients", month)), named)
        yield Tile(_("Time to verify"), waited(self.decided), _("half of the doctors waited less"))
        yield Tile(_("Times used"), percent(sums.used()), _("of the times that were offered"))

    def sections(self) -> Iterator[Section]:
        yield self._bookings()
        if self.sees_money:
            yield self._money()
        yield self._funnel()
        yield self._specialties()
        yield self._active()
        yield self._times()
        yield self._rates()
        yield self._verified()

    def _by_month(self, *columns: Any) -> list[list[str]]:
        """A row for each month, newest first; each column says what it has of a month."""
        return [
            [
                digits(date_format(month, "M Y")).replace(" ", "\N{NO-BREAK SPACE}"),
                *(column(month) for column in columns),
            ]
            for month in reversed(self.sums.months)
        ]

    def _chart(self, value: Any, say: Any) -> dict[str, Any]:
        """Of a section: a bar for each month, on a scale of its own, and the highest of them in words."""
        values = [value(month) or NONE for month in self.sums.months]
        labelled = zip(map(month_short, self.sums.months), values, strict=True)
        return {"chart": bar_chart(list(labelled), every=self.every), "top": say(max(values))}

    def _bookings(self) -> Section:
        sums = self.sums
        shown = [of for of in OUTCOMES if of != "let_go"]
        stacks = [(month_short(month), [int(sums.of(Name.VISITS, of, month)) for of in shown]) for month in sums.months]
        return Section(
            "bookings",
            _("Bookings by status"),
            _("On the day of the visit, as they stand now. A time that was held and let go is no booking."),
            [_("Month"), *(str(label) for label in OUTCOMES.values())],
            self._by_month(*(lambda month, of=of: number(sums.of(Name.VISITS, of, month)) for of in OUTCOMES)),
            chart=stacked_chart(stacks, every=self.every),
            top=number(Decimal(max(sum(values) for _label, values in stacks))),
            legend=[str(OUTCOMES[of]) for of in shown],
        )

    def _money(self) -> Section:
        sums = self.sums
        return Section(
            "money",
            _("Taken and given back"),
            _(
                "From the ledger: a payment on the day on which it arrived, "
                "a refund on the day on which it reached the payer."
            ),
            [_("Month"), _("Taken"), _("In cash"), _("Kept by the gateway"), _("Given back")],
            self._by_month(
                lambda month: money(sums.gross(month)),
                *(lambda month, of=of: money(sums.of(Name.MONEY, of, month)) for of in ("cash", "fee", "back")),
            ),
            **self._chart(sums.gross, money),
        )

    def _funnel(self) -> Section:
        found = [self.sums.of(Name.FUNNEL, of) for of in FUNNEL]
        most = max(found) or Decimal(1)
        before = [None, *found[:-1]]
        return Section(
            "funnel",
            _("From search to booking"),
            _(
                "Counted without knowing who it was. A hold counts on the day on which it was taken, "
                "and as booked whenever it was paid."
            ),
            [_("Step"), _("How many"), _("Of the step before")],
            [
                [str(label), number(count), percent(share(count, last)) if last is not None else ""]
                for label, count, last in zip(FUNNEL.values(), found, before, strict=True)
            ],
            bars=[float(100 * count / most) for count in found],
        )

    def _specialties(self) -> Section:
        parts = list(self.sums.parts(Name.SPECIALTY).items())
        shown, whole = parts[:SPECIALTIES_SHOWN], sum((visits for _of, visits in parts), NONE)
        names = {str(each.pk): each.name for each in Specialty.objects.filter(pk__in=[of for of, _visits in shown])}
        return Section(
            "specialties",
            _("Top specialties"),
            _("Visits that were booked and not called off, by the first specialty of the doctor as it is now."),
            [_("Specialty"), _("Visits"), _("Share")],
            [[names.get(of, "–"), number(visits), percent(share(visits, whole))] for of, visits in shown],
            bars=[float(100 * visits / shown[0][1]) for _of, visits in shown],
        )

    def _active(self) -> Section:
        sums = self.sums
        return Section(
            "active",
            _("Active doctors and patients"),
            _("Who had at least one visit that took place, by whole months."),
            [_("Month"), _("Doctors"), _("Patients")],
            self._by_month(
                lambda month: number(sums.of(Name.ACTIVE, "doctors", month)),
                lambda month: number(sums.of(Name.ACTIVE, "patients", month)),
            ),
            **self._chart(lambda month: sums.of(Name.ACTIVE, "patients", month), number),
            legend=[_("Patients")],
        )

    def _times(self) -> Section:
        sums = self.sums
        return Section(
            "times",
            _("Times offered and used"),
            _(
                "Times of the usual visit in the hours of doctors who could be found; "
                "used are those with a visit that was not called off."
            ),
            [_("Month"), _("Offered"), _("Used"), _("Share")],
            self._by_month(
                lambda month: number(sums.offered(month)),
                lambda month: number(sums.taken(month)),
                lambda month: percent(sums.used(month)),
            ),
            # Beside all that was offered a portal's first years would be a line on the ground.
            **self._chart(sums.used, percent),
            legend=[_("Used, of the times that were offered")],
        )

    def _rates(self) -> Section:
        sums = self.sums
        return Section(
            "rates",
            _("Missed visits and failed calls"),
            _(
                "On the day of the visit. A call failed where both sides came and nobody was let in, "
                "or a lost connection did not come back."
            ),
            [_("Month"), _("Missed"), _("Share"), _("Failed calls"), _("Share")],
            self._by_month(
                lambda month: number(sums.of(Name.VISITS, "no_show", month)),
                lambda month: percent(sums.missed(month)),
                lambda month: number(sums.of(Name.CALLS, "failed", month)),
                lambda month: percent(sums.failed(month)),
            ),
            **self._chart(sums.missed, percent),
            legend=[_("Missed, of the visits that were due")],
        )

    def _verified(self) -> Section:
        def of(month: date) -> Decided:
            return self.decided_by_month.get(month, Decided())

        def hours(month: date) -> Decimal:
            return Decimal((of(month).waited or timedelta()) / timedelta(hours=1))

        return Section(
            "verified",
            _("Time to verify"),
            _(
                "Applications that were approved or rejected in the month, and the time since they were last sent: "
                "half of them waited less."
            ),
            [_("Month"), _("Decided"), _("Time")],
            self._by_month(lambda month: number(Decimal(of(month).count)), lambda month: waited(of(month))),
            **self._chart(hours, lambda hours: in_time(timedelta(hours=float(hours)))),
        )


def add_figures(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What unfold asks for when it draws the admin's first page."""
    if not request.user.has_perm(SEES_FIGURES):
        return context
    form = RangeForm(request.GET)
    context |= {"range_form": form, "sheet": f"{reverse('figures_csv')}?{request.GET.urlencode()}"}
    if not form.is_valid():
        return context
    first, last = form.cleaned_data["first"], form.cleaned_data["last"]
    return context | {"home": Home(first, last, sees_money=request.user.has_perm(SEES_MONEY))}


# For a spreadsheet -------------------------------------------------------------------------------------------------

COLUMNS: dict[str, tuple[Name, str]] = (
    {f"visits_{of}": (Name.VISITS, of) for of in OUTCOMES}
    | {f"funnel_{of}": (Name.FUNNEL, of) for of in FUNNEL}
    | {"times_offered": (Name.OFFERED, ""), "calls": (Name.CALLS, "calls"), "calls_failed": (Name.CALLS, "failed")}
)
OF_MONEY = {f"money_{of}": (Name.MONEY, of) for of in ("online", "cash", "fee", "back")}


def sheet(first: date, last: date, *, sees_money: bool) -> tuple[list[str], list[list[object]]]:
    """Head and rows of a file with a row for each day, and a column for each specialty at the end. Two queries."""
    figures: dict[tuple[date, str, str], Decimal] = {
        (day, name, of): value
        for day, name, of, value in DailyFigure.objects.filter(day__range=(first, last)).values_list(
            "day", "name", "of", "value"
        )
    }
    columns = COLUMNS | (OF_MONEY if sees_money else {})
    keys = sorted({of for _day, name, of in figures if name == Name.SPECIALTY}, key=int)
    named = {str(each.pk): each.slug for each in Specialty.objects.filter(pk__in=keys)}
    columns = columns | {f"specialty_{named.get(of, of)}": (Name.SPECIALTY, of) for of in keys}
    rows = [
        [day, *(figures.get((day, *column), NONE).normalize() + 0 for column in columns.values())]
        for day in days(first, last)
    ]
    return ["day", *columns], rows


@never_cache
@require_safe
@login_required
def figures_csv(request: HttpRequest) -> HttpResponseBase:
    """The days of the page, for a spreadsheet; back to the page where it has no such days."""
    if not (request.user.is_staff and request.user.has_perm(SEES_FIGURES)):
        raise PermissionDenied
    form = RangeForm(request.GET)
    if not form.is_valid():
        return redirect(f"{reverse('admin:index')}?{request.GET.urlencode()}")
    first, last = form.cleaned_data["first"], form.cleaned_data["last"]
    head, rows = sheet(first, last, sees_money=request.user.has_perm(SEES_MONEY))
    return csv_response(f"figures-{first}-{last}", head, rows)
