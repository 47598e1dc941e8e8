"""Reading what was signed: whoever is about to see it stands in the trail first, and what it follows from is held."""

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction

from accounts.models import Action, Ground, User
from accounts.trail import write_trail, write_trail_of_list
from patients.models import CareRelationship
from patients.services import held_grants
from prescriptions.models import Order, SignedPrescription
from prescriptions.rules import Reading, reading_of_order, reading_of_prescription

MEDICINES = "prescriptions.medicines"
ORDERS = "prescriptions.orders"


def read_signed(signed: SignedPrescription, *, by: User, action: Action = Action.READ) -> Reading | None:
    """Put it on the trail that `by` is about to see all of it; None where nothing allows it.

    A grant that it is read by is held until then. Takes the visit along.
    """
    visit = signed.prescription.appointment
    with held_grants(by, patient=visit.patient_id):
        reading = reading_of_prescription(by, visit)
        if reading is not None:
            write_trail(
                action,
                by=by,
                about=signed.prescription,
                subject=visit.patient_id,
                ground=reading.ground,
                ground_id=reading.ground_id,
            )
    return reading


@transaction.atomic
def read_medicines(patient_id: UUID, *, by: User) -> CareRelationship | None:
    """Put it on the trail that `by` is about to see which medicines were prescribed to a patient, by whomever; None for
    who does not treat the patient now. What it follows from is held until then, and comes with its patient."""
    current = CareRelationship.objects.current().of_user(by).filter(patient=patient_id).select_related("patient")
    care = current.order_by("-visit_at").select_for_update(no_key=True, of=("self",)).first()
    if care is not None:
        write_trail(Action.READ, by=by, about=MEDICINES, subject=patient_id, ground=Ground.CARE, ground_id=care.source)
    return care


def note_listed(signed: Iterable[SignedPrescription], *, by: User) -> None:
    """Put it on the trail, a line for each patient, that a doctor is about to see what was prescribed at own visits."""
    visits = {each.patient_id: each.prescription.appointment_id for each in signed}
    write_trail_of_list(visits, by=by, about=MEDICINES, ground=Ground.CARE)


def read_order(order: Order, *, by: User, action: Action = Action.READ) -> Reading | None:
    """Put it on the trail that `by` is about to see what was asked and what it was fulfilled with; None for strangers.

    Takes the doctor along.
    """
    reading = reading_of_order(by, order)
    if reading is not None:
        write_trail(
            action,
            by=by,
            about=order,
            subject=order.patient_id,
            ground=reading.ground,
            ground_id=reading.ground_id,
        )
    return reading


def note_orders_listed(orders: Iterable[Order], *, by: User) -> None:
    """Put it on the trail, a line for each patient, that a doctor is about to see who ordered what."""
    write_trail_of_list({each.patient_id: each.pk for each in orders}, by=by, about=ORDERS, ground=Ground.CARE)
