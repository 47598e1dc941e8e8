"""Prescriptions as doctors make them, through the services that the pages call."""

from typing import Any
from uuid import uuid4

from appointments.models import Appointment
from prescriptions.models import Prescription, Product, SignedPrescription, SigningKey
from prescriptions.services import make_key, save_draft, sign_prescription
from tests.factories.medicines import product


def row(medicine: Product | str, dose: str = "1+0+1", **more: Any) -> dict[str, Any]:
    """What was typed in one row, for five days unless given."""
    key = medicine.pk if isinstance(medicine, Product) else None
    return {"product": key, "written": str(medicine), "dose": dose, "food": "", "days": 5, "note": ""} | more


def drafted(visit: Appointment, *rows: dict[str, Any], **facts: Any) -> Prescription:
    """The visit's draft with these rows, or with one medicine."""
    visit = Appointment.objects.select_related("doctor__user", "patient__user").get(pk=visit.pk)
    chosen = list(rows) or [row(product("paracetamol", brand="Napa"))]
    seen = Prescription.objects.drafts().filter(appointment=visit).values_list("version", flat=True).first() or 0
    by = visit.doctor.user
    save_draft(visit, {"language": "en"} | facts, chosen, seen=seen, tab=uuid4(), by=by)
    return Prescription.objects.drafts().for_composer().get(appointment=visit)


def signed_for(visit: Appointment, *rows: dict[str, Any], **facts: Any) -> SignedPrescription:
    """Composed and signed by the doctor of the visit; with a key, if there was none."""
    if not SigningKey.objects.in_use().exists():
        make_key()
    draft = drafted(visit, *rows, **facts)
    return sign_prescription(draft, by=draft.appointment.doctor.user)
