"""What this room keeps of a patient, for the copy that the patient may take away."""

from django.utils.translation import gettext_lazy as _

from appointments.models import Status
from config.export import Section
from patients.models import Patient
from prescriptions.models import (
    PARTS,
    NoReason,
    Order,
    OrderStatus,
    PrescriptionStatus,
    ServiceKind,
    SignedPrescription,
    VisitNote,
)


def prescription_sections(patient: Patient) -> list[Section]:
    """The notes of visits that are over, whole, and what was signed, with what it takes to verify it."""
    notes = VisitNote.objects.filter(appointment__patient=patient, appointment__status=Status.COMPLETED)
    signed = SignedPrescription.objects.filter(prescription__appointment__patient=patient)
    signed = signed.select_related("prescription", "key")
    return [
        Section(
            "visit_notes",
            _("What doctors wrote about visits"),
            [
                ("appointment", _("Visit")),
                ("at", _("When")),
                *((part, VisitNote._meta.get_field(part).verbose_name) for part in PARTS),
            ],
            [(str(each.pk), each.saved_at, *each.words.values()) for each in notes.order_by("pk") if not each.is_blank],
        ),
        Section(
            "prescriptions",
            _("Prescriptions"),
            [
                ("code", _("Code")),
                ("at", _("When")),
                ("status", _("State")),
                ("key", _("Key")),
                ("signature", _("Signature")),
                ("document", _("As it was signed")),
            ],
            [
                (
                    each.code,
                    each.signed_at,
                    PrescriptionStatus(each.prescription.status),
                    each.key.kid,
                    each.signature,
                    each.document,
                )
                for each in signed.order_by("signed_at", "pk")
            ],
        ),
    ]


def order_section(patient: Patient) -> Section:
    """What was ordered, with what was asked, answered and certified."""
    orders = Order.objects.filter(patient=patient).select_related("doctor", "answer", "certificate")
    return Section(
        "orders",
        _("Ordered services"),
        [
            ("id", _("Key")),
            ("at", _("When")),
            ("kind", _("Service")),
            ("doctor", _("Doctor")),
            ("status", _("State")),
            ("price", _("Price")),
            ("currency", _("Currency")),
            ("question", _("Question")),
            ("answer", _("Answer")),
            ("no_reason", _("Why not")),
            ("no_words", _("What the doctor wrote to it")),
            ("code", _("Code")),
            ("signature", _("Signature")),
            ("document", _("As it was signed")),
        ],
        [
            (
                str(each.pk),
                each.placed_at,
                ServiceKind(each.kind),
                str(each.doctor),
                OrderStatus(each.status),
                each.price,
                each.currency,
                each.question,
                each.answer.words if hasattr(each, "answer") else "",
                NoReason(each.no_reason) if each.no_reason else "",
                each.no_words,
                *_signed(each),
            )
            for each in orders.order_by("placed_at", "pk")
        ],
    )


def _signed(order: Order) -> tuple[str, str, str]:
    """The certificate, with what it takes to verify it."""
    if not hasattr(order, "certificate"):
        return "", "", ""
    return order.certificate.code, order.certificate.signature, order.certificate.document
