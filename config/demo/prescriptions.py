"""What the demo's doctors wrote about visits, and prescribed after them, over the past year."""

from datetime import datetime, timedelta
from random import Random
from uuid import uuid4

from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment, Status
from doctors.models import Doctor
from patients.models import Patient
from prescriptions.models import Override, Prescription, Product, Template, TemplateItem, VisitNote
from prescriptions.services import amend_prescription, check_draft, save_draft, void_prescription
from prescriptions.services.signing import freeze

# Complaint, findings, assessment, plan, and what goes with it as (medicine, dose, food, days).
STORIES = (
    (
        ("Fever and cough for four days", "Throat red, chest clear, 38.4 °C", "Viral infection of the upper airways"),
        "Rest, plenty to drink. Come back if the fever lasts longer than three days.",
        (("Napa 500 mg tablet", "1 as needed, max 4", "after", 5), ("Alatrol 10 mg tablet", "0+0+1", "", 7)),
    ),
    (
        ("Burning behind the breastbone, worse at night", "Belly soft, no pain on pressure", "Reflux"),
        "Small meals, nothing three hours before bed.",
        (("Seclo 20 mg capsule", "1+0+1", "before", 14), ("Motigut 10 mg tablet", "1+1+1", "before", 7)),
    ),
    (
        ("Follow-up of high blood pressure", "142/88, pulse 76", "High blood pressure, not yet where it should be"),
        "Less salt, a walk every day. Measure at home and bring the figures.",
        (("Amdocal 5 mg tablet", "0+0+1", "after", 30), ("Osartil 50 mg tablet", "1+0+0", "after", 30)),
    ),
    (
        ("Sugar goes up in the morning", "HbA1c 8.1 %", "Type 2 diabetes"),
        "Diet as discussed. Blood test in three months.",
        (("Comet 500 mg tablet", "1+0+1", "after", 30),),
    ),
)
# What is newer was checked as it would be on a page, with reasons for what is severe.
RECENT = timedelta(days=25)
# So many visits of the demo's doctor have a note: the latest.
OF_THE_DOCTOR = 25
# Of so many visits one ends without a prescription.
WITHOUT = 4


def write_prescriptions(random: Random, doctor: Doctor, account: User) -> int:
    """Notes and prescriptions of the completed visits of these two, as they were written then; one is amended, and one
    void. How many were signed."""
    products = {str(each): each for each in Product.objects.select_related("generic").exclude(brand="")}
    visits = Appointment.objects.filter(status=Status.COMPLETED).select_related("doctor__user", "patient__user")
    latest = list(visits.filter(doctor=doctor).order_by("-period").values_list("pk", flat=True)[:OF_THE_DOCTOR])
    own = visits.filter(patient__in=Patient.objects.acted_for_by(account)) | visits.filter(pk__in=latest)
    signed: list[Prescription] = []
    for visit in own.order_by("period"):
        (complaint, findings, assessment), plan, medicines = random.choice(STORIES)
        VisitNote.objects.create(
            appointment=visit,
            tab=uuid4(),
            saved_at=visit.end,
            saved_by=visit.doctor.user,
            complaint=complaint,
            findings=findings,
            assessment=assessment,
            plan=plan,
        )
        if random.randrange(WITHOUT):
            rows = [
                {"product": products[name].pk, "written": name, "dose": dose, "food": food, "days": days, "note": ""}
                for name, dose, food, days in medicines
            ]
            facts = {"language": random.choice(("en", "bn")), "advice": plan}
            save_draft(visit, facts, rows, seen=0, tab=uuid4(), by=visit.doctor.user)
            signed.append(sign(visit, at=visit.end - timedelta(minutes=2)))
    amend(signed[-3])
    void_prescription(signed[-5], reason="Written for another patient", by=signed[-5].appointment.doctor.user)
    template = Template.objects.create(doctor=doctor, name="Cold and fever", advice=STORIES[0][1])
    for position, (name, dose, food, days) in enumerate(STORIES[0][2]):
        facts = {"product": products[name], "dose": dose, "food": food, "days": days}
        TemplateItem.objects.create(template=template, position=position, **facts)
    return len(signed) + 1


def sign(visit: Appointment, *, at: datetime) -> Prescription:
    """Signed as its doctor did, with a reason for what is severe."""
    draft = Prescription.objects.drafts().for_composer().get(appointment=visit)
    is_recent = timezone.now() - at < RECENT
    for finding in check_draft(draft, by=visit.doctor.user).severe if is_recent else ():
        Override.objects.create(
            prescription=draft,
            key=finding.key,
            code=finding.code,
            severity=finding.severity,
            reason="Taken before without trouble, as the patient says",
        )
    now = Prescription.objects.select_related("appointment__doctor__user").get(pk=draft.pk)
    replaced = Prescription.objects.select_related("signed").filter(pk=draft.replaces_id).first()
    freeze(draft, now, replaced, by=visit.doctor.user, at=at)
    Prescription.objects.filter(pk=draft.pk).update(saved_at=at)
    return now


def amend(old: Prescription) -> None:
    """By the next day, for fewer days."""
    visit, doctor = old.appointment, old.appointment.doctor.user
    draft = amend_prescription(old, by=doctor)
    draft.items.update(days=5)
    sign(visit, at=min(visit.end + timedelta(hours=20), timezone.now()))
