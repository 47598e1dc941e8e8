"""What orders know of a patient: whether one is under way, and what was asked, which goes."""

from collections.abc import Iterable

from accounts.models import Notification
from patients.models import Guardianship, Patient
from prescriptions.models import Order


def is_ordered(patients: Iterable[Patient]) -> bool:
    """Whether something is ordered for one of them that has not come to its end."""
    return Order.objects.open().filter(patient__in=list(patients)).exists()


def blank_orders(patient: Patient) -> None:
    """When what was ordered of whom must be kept, and what was given; what was asked, and what others were told by
    name, goes. The caller holds the patient's lock.
    """
    orders = Order.objects.filter(patient=patient)
    doctors, orderers = (orders.values_list(who, flat=True) for who in ("doctor__user", "ordered_by"))
    told = {*doctors, *orderers, *Guardianship.objects.filter(patient=patient).values_list("guardian", flat=True)}
    paths = [order.get_absolute_url() for order in orders.only("pk")]
    Notification.objects.filter(user__in=told, facts__path__in=paths).delete()
    orders.exclude(question="", no_words="").update(question="", no_words="")
