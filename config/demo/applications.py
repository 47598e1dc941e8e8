"""The demo's queue: people who want to be verified as doctors, in every state, each with a certificate drawn for it."""

from datetime import datetime, timedelta
from random import Random

from django.utils import timezone
from django.utils.text import slugify
from PIL import Image, ImageDraw

from accounts.models import Role, User
from config.demo.names import COLLEGES
from config.demo.papers import font, saved
from config.demo.people import Person, make_user, new_names
from config.files import CheckedFile, store_private
from doctors.models import (
    Certificate,
    ChecklistItem,
    Doctor,
    DoctorSpecialty,
    Gender,
    Language,
    Purpose,
    Qualification,
    Verification,
    VerificationEvent,
    VerificationStatus,
    VerificationTick,
)
from doctors.services import write_documents
from specialties.models import Specialty

PENDING, MORE_ASKED, REJECTED, APPROVED = (
    VerificationStatus.PENDING,
    VerificationStatus.MORE_ASKED,
    VerificationStatus.REJECTED,
    VerificationStatus.APPROVED,
)
# So many doctors have the application with which they began, and half a day to four days that it took.
BEGAN, TOOK = 8, (12, 96)
# How many hours ago it was sent, where it stands, the kind of its paper, and what the administrator wrote.
STORIES = (
    (77, PENDING, "PDF", ""),
    (52, PENDING, "PNG", ""),
    (26, PENDING, "JPEG", ""),
    (5, PENDING, "PDF", ""),
    (1, PENDING, "JPEG", ""),
    (30, MORE_ASKED, "JPEG", "The stamp cannot be read. Please take the photo again in daylight, flat on a table."),
    (98, REJECTED, "PNG", "This number is registered to another person. Please apply with your own certificate."),
)


def make_applications(random: Random, password: str, taken: set[str], admin: User, doctors: list[Doctor]) -> int:
    """Seven applications, the first applicant being the demo's own sign-in, and a doctor's change of name."""
    specialties = list(Specialty.objects.active())
    people = new_names(random, len(STORIES), taken)
    applicants = []
    for number, (person, story) in enumerate(zip(people, STORIES, strict=True)):
        email = "applicant@example.com" if number == 0 else f"applicant-{number}@example.com"
        user = make_user(email, person.name.latin, Role.PATIENT, password)
        applicants.append(_applicant(random, user, person, random.choice(specialties), number))
        hours, status, kind, words = story
        _verification(applicants[-1], Purpose.APPLICATION, applicants[-1].name, hours, status, kind, words, admin)
    changed = doctors[1]
    _verification(changed, Purpose.CHANGE, f"{changed.name} Chowdhury", 9, PENDING, "JPEG", "", admin)
    write_documents([doctor.pk for doctor in applicants])
    for doctor in doctors[2 : 2 + BEGAN]:
        _approved(doctor, timedelta(hours=random.randint(*TOOK)), admin)
    return len(STORIES) + 1


def _approved(doctor: Doctor, took: timedelta, admin: User) -> None:
    """How this doctor was verified."""
    decided = doctor.verified_at
    assert decided is not None
    sent = decided - took
    verification = Verification.objects.create(
        doctor=doctor,
        purpose=Purpose.APPLICATION,
        status=APPROVED,
        name=doctor.name,
        name_bn=doctor.name_bn,
        registration_number=doctor.registration_number,
        certificate=_certificate(doctor, doctor.name, "JPEG", sent),
        sent_at=sent,
        decided_at=decided,
    )
    for old, new, by, at in (("", PENDING, doctor.user, sent), (PENDING, APPROVED, admin, decided)):
        VerificationEvent.objects.create(verification=verification, by=by, at=at, revision=1, old=old, new=new)


def _applicant(random: Random, user: User, person: Person, specialty: Specialty, number: int) -> Doctor:
    since = timezone.localdate().year - random.randint(2, 15)
    doctor = Doctor.objects.create(
        user=user,
        slug=slugify(person.name.latin),
        name=person.name.latin,
        name_bn=f"ডা. {person.name.bangla}",
        gender=Gender.FEMALE if person.is_woman else Gender.MALE,
        registration_number=f"A-{81000 + number * 211}",
        languages=[Language.BANGLA, Language.ENGLISH],
        practising_since=since,
    )
    DoctorSpecialty.objects.create(doctor=doctor, specialty=specialty)
    Qualification.objects.create(doctor=doctor, degree="MBBS", institution=COLLEGES["dhaka"], year=since - 1)
    return doctor


def _verification(
    doctor: Doctor,
    purpose: Purpose,
    name: str,
    hours: int,
    status: VerificationStatus,
    kind: str,
    words: str,
    admin: User,
) -> None:
    sent = timezone.now() - timedelta(hours=hours)
    decided = sent + timedelta(minutes=40 * min(hours, 20))
    verification = Verification.objects.create(
        doctor=doctor,
        purpose=purpose,
        status=status,
        name=name,
        name_bn=doctor.name_bn,
        registration_number=doctor.registration_number,
        certificate=_certificate(doctor, name, kind, sent),
        sent_at=sent,
        decided_at=decided if status == REJECTED else None,
    )
    steps = [("", PENDING, doctor.user, sent, "")]
    if status != PENDING:
        steps.append((PENDING, status, admin, decided, words))
        VerificationTick.objects.create(
            verification=verification, revision=1, item=ChecklistItem.REGISTER, is_ticked=True, by=admin, at=decided
        )
    for old, new, by, at, said in steps:
        VerificationEvent.objects.create(
            verification=verification, by=by, at=at, revision=1, old=old, new=new, words=said
        )


def _certificate(doctor: Doctor, name: str, kind: str, at: datetime) -> Certificate:
    checked = draw_certificate(name, doctor.registration_number, kind)
    with checked.content:
        stored = store_private(checked, "certificates")
    return Certificate.objects.create(
        user=doctor.user,
        file=stored,
        filename=f"bmdc-certificate{checked.extension}",
        content_type=checked.content_type,
        size=checked.size,
        pages=checked.pages,
        sha256=checked.sha256,
        uploaded_at=at,
    )


def draw_certificate(name: str, number: str, kind: str) -> CheckedFile:
    """A sheet that says plainly that it is the demo's, with the name and the number on it."""
    sheet = Image.new("RGB", (1240, 1754), "#fdfbf3")
    pen = ImageDraw.Draw(sheet)

    def write(height: int, text: str, size: int, *, bold: bool = False, ink: str = "#1c2b2a") -> None:
        pen.text((620, height), text, font=font(size, bold=bold), fill=ink, anchor="mm")

    pen.rectangle((50, 50, 1190, 1704), outline="#0b6b69", width=6)
    pen.rectangle((68, 68, 1172, 1686), outline="#0b6b69", width=2)
    pen.ellipse((530, 140, 710, 320), outline="#0b6b69", width=6)
    write(230, "BMDC", 46, bold=True, ink="#0b6b69")
    write(420, "Certificate of Registration", 58, bold=True)
    write(520, "Specimen of the demo. No council has issued it.", 32, ink="#85281e")
    write(700, "This is to certify that", 36)
    write(800, name, 62, bold=True)
    write(910, "is registered as a medical practitioner under the number", 36)
    write(1010, number, 62, bold=True)
    write(1150, "MBBS, Dhaka Medical College", 36)
    pen.line((780, 1450, 1060, 1450), fill="#1c2b2a", width=3)
    pen.line((800, 1440, 860, 1380, 900, 1440, 960, 1390, 1030, 1430), fill="#23407a", width=5, joint="curve")
    pen.text((920, 1485), "Registrar", font=font(28), fill="#1c2b2a", anchor="mm")
    return saved(sheet, kind)
