"""Where appointments listens to payments: the only two calls that come up the house."""

from typing import Any

from django.dispatch import receiver

from appointments import services
from payments.models import Charge
from payments.signals import charge_refunded, charge_settled

SELLER = "appointments"


@receiver(charge_settled)
def settle(charge: Charge, **kwargs: Any) -> None:
    if charge.seller == SELLER:
        services.settle_booking(charge)


@receiver(charge_refunded)
def undo(charge: Charge, **kwargs: Any) -> None:
    if charge.seller == SELLER:
        services.undo_booking(charge)
