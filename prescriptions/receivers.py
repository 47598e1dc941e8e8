"""Where this room listens to payments: to what becomes of the money for orders."""

from typing import Any

from django.dispatch import receiver

from payments.models import Charge
from payments.signals import charge_refunded, charge_settled
from prescriptions import services

SELLER = "prescriptions"


@receiver(charge_settled)
def settle(charge: Charge, **kwargs: Any) -> None:
    if charge.seller == SELLER:
        services.settle_order(charge)


@receiver(charge_refunded)
def undo(charge: Charge, **kwargs: Any) -> None:
    if charge.seller == SELLER:
        services.undo_order(charge)
