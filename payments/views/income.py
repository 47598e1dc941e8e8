"""A doctor's income: what was earned, what the portal kept, what was paid out, and where to."""

from datetime import date
from typing import Any

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from config.charts import bar_chart
from config.days import first_of, today, zone
from config.spreadsheet import csv_response
from config.templatetags.portal import digits, month_short
from doctors.models import Doctor
from payments import statements
from payments.forms import PayoutAccountForm
from payments.models import Dispute, Journal, Payout, PayoutMethod
from payments.papers import statement_paper
from payments.services import set_payout_account

PAGE_SIZE = 50
PAYOUTS_SHOWN = 12


def own_doctor(request: HttpRequest) -> Doctor:
    """The signed-in doctor's profile with its payout account; a 403 for everybody else."""
    doctor = Doctor.objects.select_related("payout_account").filter(user=request.user).first()
    if doctor is None:
        raise PermissionDenied
    return doctor


def this_month() -> date:
    return first_of(today())


@never_cache
@login_required
@require_safe
def income(request: HttpRequest) -> HttpResponse:
    """The balance, this month by day, the year by month, and the payouts."""
    doctor = own_doctor(request)
    month = this_month()
    days, months = statements.by_day(doctor, month), statements.by_month(doctor, month)
    payouts = list(doctor.payouts.for_list()[:PAYOUTS_SHOWN])
    return render(
        request,
        "payments/income.html",
        {
            "doctor": doctor,
            "account": getattr(doctor, "payout_account", None),
            "balance": statements.balance(doctor),
            "month": months[-1],
            "before": months[-2],
            "days": [each for each in days if each.earned or each.back or each.paid_out],
            "day_chart": bar_chart([(digits(each.day.day), each.net) for each in days], every=7),
            "months": months[::-1],
            "month_chart": bar_chart([(month_short(each.day), each.net) for each in months]),
            "next_payout": next((each for each in payouts if each.status == Payout.Status.DUE), None),
            "payouts": payouts,
            "disputes": doctor.disputes.filter(status=Dispute.Status.OPEN).count(),
        },
    )


def month_of(year: int, month: int) -> date:
    """The first day of a month that has begun; a 404 for any other."""
    if not (2000 <= year <= 9000 and 1 <= month <= 12) or date(year, month, 1) > this_month():
        raise Http404
    return date(year, month, 1)


def _sums(doctor: Doctor, month: date) -> dict[str, Any]:
    opening, sums = statements.balance(doctor, before=month), statements.of_month(doctor, month)
    return {"month": month, "opening": opening, "closing": opening + sums.net - sums.paid_out, "sums": sums}


@never_cache
@login_required
@require_safe
def statement(request: HttpRequest, year: int, month: int) -> HttpResponse:
    """Every line of a month, between the balance before it and after it."""
    doctor, first = own_doctor(request), month_of(year, month)
    page = Paginator(statements.statement_lines(doctor, first), PAGE_SIZE).get_page(request.GET.get("page"))
    later = first_of(first, later=1)
    context = _sums(doctor, first) | {
        "page": page,
        "earlier": first_of(first, later=-1),
        "later": later if later <= this_month() else None,
    }
    return render(request, "payments/statement.html", context)


@never_cache
@login_required
@require_safe
def statement_csv(request: HttpRequest, year: int, month: int) -> StreamingHttpResponse:
    """The lines of a month for a spreadsheet, streamed."""
    doctor, first = own_doctor(request), month_of(year, month)
    head = (_("Date"), _("What"), _("Reference"), _("In all"), _("Commission"), _("Yours"))
    # Read while it is sent, when the request's language is gone.
    kinds = {kind.value: str(kind.label) for kind in Journal.Kind}
    rows = (
        (
            timezone.localtime(line.journal.at, zone()).date(),
            kinds[line.journal.kind],
            line.journal.charge_id or line.journal.cause,
            line.gross,
            line.commission,
            line.net,
        )
        for line in statements.statement_lines(doctor, first).iterator(chunk_size=500)
    )
    return csv_response(f"statement-{first:%Y-%m}", head, rows)


@never_cache
@login_required
@require_safe
def statement_pdf(request: HttpRequest, year: int, month: int) -> HttpResponse:
    """The month's sums by day, on paper."""
    doctor, first = own_doctor(request), month_of(year, month)
    content = statement_paper(doctor, statements.by_day(doctor, first), **_sums(doctor, first))
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="statement-{first:%Y-%m}.pdf"'
    return answer


@never_cache
@require_http_methods(["GET", "POST"])
@login_required
@reauthentication_required
def payout_account(request: HttpRequest) -> HttpResponse:
    """Where the doctor is paid; after a fresh sign-in, for money follows it. The number that is kept is not shown."""
    doctor = own_doctor(request)
    known = getattr(doctor, "payout_account", None)
    names = ("method", "holder", "bank", "branch", "routing")
    initial = {name: getattr(known, name) for name in names} if known else {"method": PayoutMethod.BANK}
    form = PayoutAccountForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        set_payout_account(doctor, **form.cleaned_data, by=request.user)
        messages.success(request, _("You are paid there from now on."))
        return redirect("payments:income")
    status = 422 if form.errors else 200
    return render(request, "payments/payout_account.html", {"form": form, "account": known}, status=status)
