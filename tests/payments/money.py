"""Money that has come, as the gateway vouches for it."""

from collections.abc import Callable
from decimal import Decimal
from secrets import token_hex

from payments.gateways.base import Validation
from payments.models import Charge
from payments.services import settle
from tests.factories.payments import PaymentAttemptFactory


def money_for_charge(charge: Charge, *, risky: bool = False) -> Callable[[], None]:
    """The payer has paid all of it; what is to be called is the gateway's word for it."""
    attempt = PaymentAttemptFactory(charge=charge)
    vouched = Validation(
        val_id=token_hex(8),
        tran_id=attempt.tran_id,
        amount=charge.amount,
        currency=charge.currency,
        settled_amount=charge.amount,
        store_amount=charge.amount * Decimal("0.975"),
        bank_tran_id=token_hex(8),
        card_type="BKASH",
        is_risky=risky,
    )
    return lambda: settle(attempt, vouched)
