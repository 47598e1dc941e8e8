"""The lists of a day that a merchant's panel gives out: all that was decided, and all that went back, as CSV.

The real panel is behind a sign-in, and public material does not name its columns; these have the API's names. Days are
those of Dhaka's clock.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date, datetime

from payments.sandbox.gateway import Gateway
from payments.sandbox.messages import query_element
from payments.sandbox.protocol import DHAKA, stamp, two_places
from payments.sandbox.store import now
from payments.sandbox.web import Request, Response

PAYMENTS = (
    *("tran_id", "val_id", "bank_tran_id", "tran_date", "status", "amount", "store_amount", "card_type"),
    *("currency_type", "currency_amount"),
)
REFUNDS = ("refund_ref_id", "tran_id", "bank_tran_id", "refund_amount", "status", "initiated_on", "refunded_on")


class Reports:
    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def payments(self, request: Request) -> Response:
        """What was decided on `day` (today unless it says so), whatever became of it, oldest first."""
        day = _day(request)
        decided = [each for each in self._gateway.find_sessions() if _is_of(day, each.decided_at)]
        rows = [query_element(session) for session in reversed(decided)]
        return _csv(f"payments-{day}", PAYMENTS, rows)

    def refunds(self, request: Request) -> Response:
        """What was asked for or ended on `day`, oldest first; a refund that takes days is in two lists."""
        day = _day(request)
        rows = [
            {
                "refund_ref_id": refund.refund_ref_id,
                "tran_id": session.tran_id,
                "bank_tran_id": session.bank_tran_id or "",
                "refund_amount": two_places(refund.amount),
                "status": refund.status,
                "initiated_on": stamp(refund.initiated_at),
                "refunded_on": stamp(refund.settled_at) if refund.settled_at else "",
            }
            for session in reversed(self._gateway.find_sessions())
            for refund in self._gateway.find_refunds(session)
            if _is_of(day, refund.settled_at or refund.initiated_at)
        ]
        return _csv(f"refunds-{day}", REFUNDS, rows)


def _day(request: Request) -> date:
    try:
        return date.fromisoformat(request.query.get("day", ""))
    except ValueError:
        return now().astimezone(DHAKA).date()


def _is_of(day: date, moment: datetime | None) -> bool:
    return moment is not None and moment.astimezone(DHAKA).date() == day


def _csv(name: str, columns: Iterable[str], rows: Iterable[Mapping[str, str]]) -> Response:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"}
    return Response(text.getvalue().encode(), "text/csv; charset=utf-8", headers=headers)
