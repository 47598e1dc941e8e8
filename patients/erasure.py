"""What is known of a patient, gone for good: the row stays, empty, for what the law keeps hangs on it."""

from django.db import connection
from django.db.models import Q

from accounts.models import Notification, User
from patients.models import (
    FACTS,
    PERSONAL,
    CareRelationship,
    EmergencyAccess,
    FileToRemove,
    Guardianship,
    Invitation,
    MedicalRecord,
    NoneKnown,
    Patient,
)


def patients_that_end_with(user: User) -> list[Patient]:
    """The user's own, and those who have neither an account of their own nor anybody else who acts for them today."""
    guarded = Guardianship.objects.current().filter(guardian=user).values("patient")
    others = Guardianship.objects.current().exclude(guardian=user).values("patient")
    alone = Q(pk__in=guarded, user=None) & ~Q(pk__in=others)
    return list(Patient.objects.filter(Q(user=user) | alone).order_by("pk"))


def blank_patient(patient: Patient, *, by: User) -> None:
    """Erase facts, records with their files, consents and what the history of the rows still knows.

    Files go within minutes of the commit (FileToRemove). The last step is a function of the database that alone may
    touch the history, and that writes the trail. The caller holds the patient's lock.
    """
    for fact in FACTS.values():
        fact.objects.filter(patient=patient).delete()
    NoneKnown.objects.filter(patient=patient).delete()
    records = MedicalRecord.objects.filter(patient=patient)
    for name in records.values_list("file", flat=True):
        FileToRemove.objects.get_or_create(name=name)
    records.delete()
    patient.grants.all().delete()
    CareRelationship.objects.filter(patient=patient).delete()
    told = list(Guardianship.objects.filter(patient=patient).values_list("guardian", flat=True))
    Notification.objects.filter(user__in=told, facts__patient=patient.name).delete()
    Guardianship.objects.filter(patient=patient).delete()
    Invitation.objects.filter(patient=patient).delete()
    EmergencyAccess.objects.filter(patient=patient).update(words="", review_words="")
    for name in PERSONAL:
        field = patient._meta.get_field(name)
        setattr(patient, name, None if field.null else "")
    patient.user = None
    patient.save()
    with connection.cursor() as cursor:
        cursor.execute("SELECT erase_patient_history(%s, %s)", [patient.pk, by.pk])


def end_guardianships_of(user: User) -> None:
    """The user acts for nobody any more, and no invitation keeps the address."""
    Guardianship.objects.filter(guardian=user).delete()
    Invitation.objects.filter(Q(invited_by=user) | Q(accepted_by=user) | Q(email=user.email)).delete()
