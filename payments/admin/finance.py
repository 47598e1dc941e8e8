"""The finance page: what came today, what waits for whom, where each taka stands."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from config.days import zone
from config.spreadsheet import csv_response
from payments import figures
from payments.models import Account

SHOWN, MOST_DAYS = 14, 366


def today() -> date:
    return timezone.localdate(timezone=zone())


def finance_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Takes what the admin's own frame needs; whoever calls it has looked at the rights."""
    days, accounts = figures.by_day(today(), days=SHOWN), figures.balances()
    return TemplateResponse(
        request,
        "admin/payments/finance.html",
        context
        | {
            "today": days[0],
            "days": days,
            "waiting": figures.waiting(),
            "held": -accounts[Account.DEPOSIT],
            "refunds_due": -accounts[Account.REFUNDS_DUE],
            "accounts": [(account.label, total) for account, total in accounts.items()],
            "ledger_sum": sum(accounts.values(), Decimal(0)),
        },
    )


@require_safe
def finance_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The days of the page, or as many as `days` says, for a spreadsheet; oldest first."""
    asked = request.GET.get("days", "")
    days = min(max(int(asked), 1), MOST_DAYS) if asked.isdecimal() and len(asked) < 5 else SHOWN
    head = ["day", "payments", "online", "gateway_fee", "cash_payments", "cash", "refunds", "refunded"]
    rows = (
        (
            each.day,
            each.online.count,
            each.online.total,
            each.fee,
            each.cash.count,
            each.cash.total,
            each.back.count,
            each.back.total,
        )
        for each in reversed(figures.by_day(today(), days=days))
    )
    return csv_response(f"finance-{today() - timedelta(days=days - 1)}-{today()}", head, rows)
