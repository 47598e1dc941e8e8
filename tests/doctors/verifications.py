"""Applications and changes as doctors send them, through the services that the pages call."""

from collections.abc import Sequence
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from config.files import checked_upload
from doctors.models import ChecklistItem, Doctor, Gender, Language, Qualification, Verification
from doctors.services import (
    Application,
    Claim,
    approve_verification,
    attach_certificate,
    send_application,
    send_change,
    tick_items,
)
from tests.documents import picture
from tests.factories.specialties import SpecialtyFactory

NUMBERS = iter(range(70000, 99999))


def paper(name: str = "certificate.jpg", content: bytes = b"") -> SimpleUploadedFile:
    """A certificate as somebody chooses it."""
    return SimpleUploadedFile(name, content or picture())


def certificate_of(user: User, upload: SimpleUploadedFile | None = None) -> None:
    upload = upload or paper()
    attach_certificate(user, checked_upload(upload), filename=upload.name or "")


def application(**changes: Any) -> Application:
    """What an application says, of a new number unless given."""
    claim = {"name": "Farhana Rahman", "name_bn": "ডা. ফারহানা রহমান", "registration_number": f"A-{next(NUMBERS)}"}
    claim |= {name: changes.pop(name) for name in tuple(changes) if name in claim}
    facts: dict[str, Any] = {
        "title": "Dr.",
        "gender": Gender.FEMALE,
        "practising_since": 2012,
        "languages": [Language.BANGLA],
        "specialties": [SpecialtyFactory()],
        "degrees": [Qualification(degree="MBBS", institution="Dhaka Medical College", year=2011)],
    }
    return Application(claim=Claim(**claim), **facts | changes)


def applied(user: User, **changes: Any) -> Verification:
    """The user has applied, certificate and all."""
    certificate_of(user)
    return send_application(user, application(**changes))


def change_asked(doctor: Doctor, **changes: str) -> Verification:
    """The doctor wants another name or number."""
    claim = {name: getattr(doctor, name) for name in ("name", "name_bn", "registration_number")}
    certificate_of(doctor.user)
    return send_change(doctor, Claim(**claim | changes), by=doctor.user)


def approved(verification: Verification, *, by: User, items: Sequence[ChecklistItem] = tuple(ChecklistItem)) -> Doctor:
    """Every item ticked, and approved."""
    tick_items(verification, items, by=by)
    approve_verification(verification, by=by)
    return Doctor.objects.get(pk=verification.doctor_id)
