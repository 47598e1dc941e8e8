"""The two calls up the house. Both are sent inside payments' transaction, with the Charge's row locked: a receiver
that raises undoes what it was told of."""

from django.dispatch import Signal

# charge=Charge. The money of a charge is at the gateway. `charge.status` says whether the sale may go ahead (PAID), or
# must wait until an administrator has looked at a risky payment (REVIEW); after a good look it is sent again as PAID.
charge_settled = Signal()

# charge=Charge. An administrator gave all of a charge back: what was sold is off.
charge_refunded = Signal()
