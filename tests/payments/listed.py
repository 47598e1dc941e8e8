"""Lists of the gateway, of payments and refunds that the ledger has."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from payments import services
from payments.gateways.lists import ZONE
from payments.models import GatewayList, ListKind, PaymentAttempt, Refund
from payments.services.ledger import post_refund_due, post_refund_paid, post_settlement
from tests.factories.accounts import UserFactory
from tests.factories.payments import PaymentAttemptFactory

HEAD = "tran_id,bank_tran_id,tran_date,status,amount,store_amount,currency_type\n"
REFUNDS = "refund_ref_id,refund_amount,status,refunded_on\n"
DAY = date(2026, 3, 10)
NOON = datetime(2026, 3, 10, 12, tzinfo=ZONE)


def paid(at: datetime = NOON, **fields: Any) -> PaymentAttempt:
    """A payment of ৳500 that the ledger has."""
    attempt = PaymentAttemptFactory(settled=True, settled_at=at, **fields)
    post_settlement(attempt.charge, attempt, at=at)
    return attempt


def given_back(at: datetime = NOON, **fields: Any) -> Refund:
    """A refund that the ledger has, all of it."""
    attempt = paid(at)
    facts = {"amount": attempt.amount, "reason": Refund.Reason.ADMIN, "refund_ref_id": f"REF{attempt.pk}"} | fields
    refund = Refund.objects.create(
        charge=attempt.charge, attempt=attempt, status=Refund.Status.DONE, done_at=at, **facts
    )
    post_refund_due(attempt.charge, refund, at=at)
    post_refund_paid(attempt.charge, refund, at=at)
    return refund


def line(attempt: PaymentAttempt, **changes: str) -> str:
    """The payment as the gateway writes it, but for what is said otherwise."""
    row = {
        "tran_id": attempt.tran_id,
        "bank_tran_id": attempt.bank_tran_id,
        "tran_date": "2026-03-10 12:00:00",
        "status": "VALID",
        "amount": "500.00",
        "store_amount": "487.50",
        "currency_type": "BDT",
    }
    return ",".join((row | changes).values()) + "\n"


def refund_line(refund: Refund, amount: str = "500.00", status: str = "refunded") -> str:
    return f"{refund.refund_ref_id},{amount},{status},2026-03-10 12:00:00\n"


def taken(text: str | bytes, *, kind: ListKind = ListKind.PAYMENTS, day: date = DAY, by: User | None = None) -> Any:
    upload = SimpleUploadedFile("list.csv", text.encode() if isinstance(text, str) else text)
    made, _is_new = services.take_list(upload, kind=kind, first=day, last=day, by=by or UserFactory(as_admin=True))
    return made


def compared(text: str | bytes, **facts: Any) -> GatewayList:
    """Compared to the end, as a worker does it."""
    made = taken(text, **facts)
    assert services.compare_list(made.pk) is False
    made.refresh_from_db()
    return made


def found(made: GatewayList) -> list[tuple[str, int, Decimal | None, Decimal | None]]:
    return list(made.differences.open().order_by("pk").values_list("kind", "line", "there", "here"))
