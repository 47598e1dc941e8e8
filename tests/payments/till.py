"""The portal and the gateway together: what a payer, a browser, the gateway and a worker do, one step at a time."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import requests
from django.db.models import Sum
from django.test import Client
from django.utils import timezone

from payments import services
from payments.models import Account, Charge, GatewayMessage, LedgerEntry, PaymentAttempt, Refund
from payments.signals import charge_refunded, charge_settled
from tests.factories.payments import ChargeFactory
from tests.payments.sandbox_process import Sandbox

type Json = dict[str, Any]


@dataclass
class Seller:
    """The room that sold: it hears both calls, and may answer with `on_settled`."""

    settled: list[str] = field(default_factory=list)
    refunded: list[Charge] = field(default_factory=list)
    on_settled: Any = None

    def connect(self) -> None:
        charge_settled.connect(self.hear_settled)
        charge_refunded.connect(self.hear_refunded)

    def disconnect(self) -> None:
        charge_settled.disconnect(self.hear_settled)
        charge_refunded.disconnect(self.hear_refunded)

    def hear_settled(self, charge: Charge, **kwargs: object) -> None:
        self.settled.append(charge.status)
        if self.on_settled:
            self.on_settled(charge)

    def hear_refunded(self, charge: Charge, **kwargs: object) -> None:
        self.refunded.append(charge)


class Till:
    """`origin` is where the portal answers over HTTP; what a worker would do is done by `work()`."""

    def __init__(self, origin: str, sandbox: Sandbox, seller: Seller) -> None:
        self.origin = origin
        self.sandbox = sandbox
        self.seller = seller

    # The payer

    def charge(self, **fields: Any) -> Charge:
        return ChargeFactory(**fields)

    def browser(self, charge: Charge) -> Client:
        client = Client()
        client.force_login(charge.payer)
        return client

    def start(self, charge: Charge) -> PaymentAttempt:
        """Press Pay; the attempt is at the gateway afterwards."""
        response = self.browser(charge).post(f"/payments/{charge.pk}/start/")
        assert response.status_code == 303
        attempt = charge.attempts.latest("pk")
        assert response.url == f"/payments/{charge.pk}/leave/{attempt.tran_id}/"
        return attempt

    def pay(self, attempt: PaymentAttempt, outcome: str = "VALID") -> Json:
        """What the payer does on the gateway's page; the gateway tells of it as its switches say."""
        return self.sandbox.pay(attempt.tran_id, outcome)

    def come_back(self, paid: Json) -> requests.Response:
        """The browser's cross-site form: no cookies of ours go along."""
        carried = paid["return"]
        assert carried["url"].startswith(self.origin)
        return requests.post(carried["url"], data=carried["fields"], allow_redirects=False, timeout=30)

    def paid(self, charge: Charge) -> PaymentAttempt:
        """Start, pay, be told, deal with it."""
        attempt = self.start(charge)
        self.pay(attempt)
        self.work()
        attempt.refresh_from_db()
        return attempt

    # The gateway

    def send_ipn(self, fields: Json) -> requests.Response:
        return requests.post(f"{self.origin}/payments/ipn/", data=fields, timeout=30)

    # The worker

    def work(self) -> None:
        """Deal with all messages now, whether or not they are due."""
        new = GatewayMessage.objects.filter(status=GatewayMessage.Status.NEW)
        new.update(due_at=timezone.now())
        for pk in list(new.values_list("pk", flat=True)):
            services.process_message(pk)

    def reconcile(self, attempt: PaymentAttempt) -> PaymentAttempt:
        """The attempt's turn has come."""
        PaymentAttempt.objects.filter(pk=attempt.pk).update(ask_at=timezone.now())
        services.reconcile_attempt(attempt.pk)
        attempt.refresh_from_db()
        return attempt

    def send(self, refund: Refund) -> Refund:
        """The refund's turn has come."""
        Refund.objects.filter(pk=refund.pk).update(due_at=timezone.now())
        services.send_refund(refund.pk)
        refund.refresh_from_db()
        return refund


def balances() -> dict[str, Decimal]:
    """What stands on each account; zeros are left out."""
    sums = LedgerEntry.objects.values_list("account").annotate(total=Sum("amount")).order_by()
    return {account: total for account, total in sums if total}


# What a payment of ৳500 leaves: the sandbox keeps 2.5 %.
PAID = {Account.GATEWAY: Decimal("487.50"), Account.GATEWAY_FEE: Decimal("12.50"), Account.DEPOSIT: Decimal("-500.00")}
# After all of it went back, our books are short of the fee.
GIVEN_BACK = {Account.GATEWAY: Decimal("-12.50"), Account.GATEWAY_FEE: Decimal("12.50")}
