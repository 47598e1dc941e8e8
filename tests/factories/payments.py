"""What is owed, and how it was tried. What the gateway said is made by the sandbox, not here."""

from datetime import timedelta
from decimal import Decimal

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from payments.models import Charge, PaymentAttempt
from tests.factories.accounts import UserFactory


class ChargeFactory(DjangoModelFactory[Charge]):
    """৳500 for something of nobody's, to be paid within ten minutes."""

    class Meta:
        model = Charge

    payer = factory.SubFactory(UserFactory)
    payer_phone = "01711000000"
    seller = "kiosk"
    description = "A thing from the kiosk"
    done_path = "/"
    amount = Decimal("500.00")
    currency = "BDT"
    due_at = factory.LazyFunction(lambda: timezone.now() + timedelta(minutes=10))


class PaymentAttemptFactory(DjangoModelFactory[PaymentAttempt]):
    """At the gateway, which knows nothing of it."""

    class Meta:
        model = PaymentAttempt

    charge = factory.SubFactory(ChargeFactory)
    amount = factory.SelfAttribute("charge.amount")
    currency = factory.SelfAttribute("charge.currency")
    status = PaymentAttempt.Status.OPEN
    page_url = "https://epay-gw.sslcommerz.com/page"

    class Params:
        settled = factory.Trait(
            status=PaymentAttempt.Status.SETTLED,
            val_id=factory.Sequence(lambda n: f"VAL{n:06}"),
            bank_tran_id=factory.Sequence(lambda n: f"BANK{n:06}"),
            store_amount=factory.LazyAttribute(lambda attempt: attempt.amount * Decimal("0.975")),
            settled_at=factory.LazyFunction(timezone.now),
        )
