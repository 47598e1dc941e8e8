"""What treatment left behind goes after its time, by one door that opens for nothing younger."""

from datetime import datetime, timedelta
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.utils import timezone
from psycopg.errors import CheckViolation, InsufficientPrivilege

from accounts.models import User
from appointments.models import Appointment
from config import retention
from config.embedded.postgres import APP_ROLE
from patients.models import today
from prescriptions.models import (
    Answer,
    Certificate,
    Item,
    NoteVersion,
    Order,
    Override,
    Prescription,
    PrescriptionEvent,
    ServiceKind,
    SignedPrescription,
    VisitNote,
)
from prescriptions.retention import remove_past_treatment
from prescriptions.services import (
    Statement,
    amend_prescription,
    answer_order,
    certify_order,
    make_key,
    save_note,
)
from tests.appointments.visits import at, confirmed, shifted
from tests.prescriptions.orders import accepted, paid
from tests.prescriptions.papers import drafted, signed_for

ALL = (SignedPrescription, PrescriptionEvent, Override, Item, Prescription, NoteVersion, VisitNote)


def treated(doctor: User, patient: User, at_: datetime) -> Appointment:
    """A visit with all that there can be: a note with a version, a prescription, its amendment, and a draft."""
    visit = confirmed(doctor, patient, at_)
    words = dict.fromkeys(("complaint", "findings", "assessment"), "")
    for seen, plan in enumerate(("Rest", "Rest and water")):
        save_note(visit, words | {"plan": plan}, seen=seen, tab=uuid4(), by=doctor)
    old = signed_for(visit)
    amend_prescription(old.prescription, by=doctor)
    new = signed_for(visit)
    Override.objects.create(prescription=new.prescription, key="k", code="dose", severity="severe", reason="So")
    drafted(visit)
    return visit


def counts() -> list[int]:
    return [model.objects.count() for model in ALL]


def test_it_goes_on_the_day_after_its_last_and_what_is_younger_stays(doctor: User, patient: User) -> None:
    visit = treated(doctor, patient, at(10))
    kept = counts()
    assert all(kept)
    # The database's own clock decides what is too young to go; so the rows are moved, and not the time.
    aged(visit, timedelta(days=settings.KEEP_TREATMENT_DAYS))
    assert retention.keep_to_retention()["treatment"] == 0
    assert counts() == kept
    younger = signed_for(confirmed(doctor, patient, at(12)))
    aged(visit, timedelta(days=2))
    assert retention.keep_to_retention()["treatment"] == 1
    assert SignedPrescription.objects.get().pk == younger.pk
    assert not VisitNote.objects.exists()
    assert not NoteVersion.objects.exists()
    assert Appointment.objects.filter(pk=visit.pk).exists()
    assert retention.keep_to_retention()["treatment"] == 0


def test_one_that_was_signed_late_keeps_all_of_its_visit(doctor: User, patient: User) -> None:
    visit = treated(doctor, patient, at(10))
    aged(visit, timedelta(days=6 * 366))
    before = timezone.now() - timedelta(days=5 * 366)
    signed_for(visit)
    # Its draft was last written long ago: the signature alone is young.
    Prescription.objects.filter(appointment=visit).update(saved_at=before - timedelta(days=1))
    kept = counts()
    assert remove_past_treatment(before) == 0
    assert counts() == kept


def test_many_go_in_batches(doctor: User, patient: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        visit = confirmed(doctor, patient, at(10 + number))
        signed_for(visit)
        aged(visit, timedelta(days=6 * 366))
    monkeypatch.setattr("prescriptions.retention.BATCH", 2)
    assert remove_past_treatment(timezone.now() - timedelta(days=5 * 366)) == 3
    assert counts() == [0] * len(ALL)


@pytest.mark.django_db(transaction=True)
def test_the_processes_role_removes_what_is_old_and_nothing_else(doctor: User, patient: User) -> None:
    """By the function, and only by it; asked for yesterday's, it refuses, and what was signed is as it was."""
    old, young = confirmed(doctor, patient, at(10)), confirmed(doctor, patient, at(12))
    signed_for(old)
    signed_for(young)
    aged(old, timedelta(days=6 * 366))
    call_command("grant_app_role", verbosity=0)
    database = connection.settings_dict
    where = {"host": database["HOST"], "port": database["PORT"], "dbname": database["NAME"]}
    with psycopg.connect(user=APP_ROLE, autocommit=True, **where) as app:
        for before in ("now()", "now() + interval '1 year'", "now() - interval '4 years'", "'infinity'"):
            with pytest.raises(CheckViolation):
                app.execute(f"SELECT remove_past_treatment({before}, 100)")
        app.execute("SELECT set_config('pgtrigger.ignore', '{pgtrigger_signed_not_rewritten_x}', false)")
        with pytest.raises(InsufficientPrivilege):
            app.execute("DELETE FROM prescriptions_signedprescription")
        assert app.execute("SELECT remove_past_treatment(now() - interval '5 years', 100)").fetchone() == (1,)
    assert SignedPrescription.objects.get().prescription.appointment_id == young.pk


def test_after_a_removal_a_signed_row_is_as_frozen_as_before(doctor: User, patient: User) -> None:
    old, young = confirmed(doctor, patient, at(10)), confirmed(doctor, patient, at(12))
    signed_for(old)
    signed_for(young)
    aged(old, timedelta(days=6 * 366))
    with transaction.atomic():
        remove_past_treatment(timezone.now() - timedelta(days=5 * 366))
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM prescriptions_signedprescription")
    assert SignedPrescription.objects.count() == 1


def test_what_was_asked_and_given_by_old_orders_goes_and_the_order_stays(doctor: User, patient: User) -> None:
    make_key()
    answered = answer_order(accepted(doctor, patient), "Fine.", by=doctor)
    certified = accepted(doctor, patient, ServiceKind.CERTIFICATE)
    certify_order(certified, Statement("fit", today(), today(), "", "en"), by=doctor)
    Order.objects.filter(pk=answered.pk).update(closed_at=F("closed_at") - timedelta(days=6 * 366))
    before = timezone.now() - timedelta(days=5 * 366)
    assert remove_past_treatment(before) == 1
    assert remove_past_treatment(before) == 0
    answered.refresh_from_db()
    assert (answered.question, Answer.objects.count(), Certificate.objects.count()) == ("", 0, 1)
    for row in (Certificate.objects.get(),):
        with pytest.raises(DatabaseError), transaction.atomic():
            row.delete()


def test_old_prescription_goes_from_a_younger_order(doctor: User, patient: User) -> None:
    order = paid(doctor, patient, ServiceKind.REPEAT)
    assert order.repeats is not None
    aged(order.repeats.appointment, timedelta(days=6 * 366))
    assert remove_past_treatment(timezone.now() - timedelta(days=5 * 366)) == 1
    order.refresh_from_db()
    assert (order.repeats, order.question) == (None, "What does it mean?")


def aged(visit: Appointment, by: timedelta) -> None:
    """All of the visit so much earlier, past the trigger that nobody but a test gets past."""
    shifted(visit, visit.start - by)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE prescriptions_signedprescription DISABLE TRIGGER USER")
        rows = SignedPrescription.objects.filter(prescription__appointment=visit)
        rows.update(signed_at=F("signed_at") - by)
        Prescription.objects.filter(appointment=visit).update(saved_at=F("saved_at") - by)
        VisitNote.objects.filter(appointment=visit).update(saved_at=F("saved_at") - by)
        cursor.execute("ALTER TABLE prescriptions_signedprescription ENABLE TRIGGER USER")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
