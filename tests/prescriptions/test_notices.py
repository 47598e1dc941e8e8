"""The patient's side hears of a prescription, and never by mail what is in it."""

from collections.abc import Callable

import pytest
from django.core import mail
from django.db import transaction
from django.test import Client

from accounts.models import Delivery, Notification, User
from accounts.tasks import deliver
from appointments.models import Appointment
from prescriptions.services import amend_prescription, sign_prescription, void_prescription
from tests.appointments.visits import confirmed
from tests.factories.accounts import UserFactory
from tests.factories.medicines import product
from tests.factories.patients import GuardianshipFactory
from tests.prescriptions.papers import drafted, row, signed_for

type ClientOf = Callable[[User], Client]

KINDS = ("prescription_ready", "prescription_amended", "prescription_void")
ABOUT_HEALTH = ("Zosert", "sertraline", "1+0+1", "psychologist", "Depression", "wrong dose", "HIV")


@pytest.fixture
def visit(doctor: User, patient: User) -> Appointment:
    return confirmed(doctor, patient)


def told(user: User) -> list[str]:
    rows = Notification.objects.filter(user=user, kind__in=KINDS).order_by("pk")
    return list(rows.values_list("kind", flat=True))


def mails() -> list[str]:
    """What the mails of these notices say in all: subject, body, headers and whatever is attached."""
    mail.outbox.clear()
    queued = Delivery.objects.filter(notification__kind__in=KINDS, status=Delivery.Status.QUEUED)
    for delivery in queued.order_by("pk"):
        deliver(delivery.pk)
    return [each.message().as_string() + each.subject + each.body for each in mail.outbox]


@pytest.mark.parametrize("language", ["en", "bn"])
def test_patient_and_guardians_hear_of_each_of_the_three_and_of_nothing_in_it(
    visit: Appointment, doctor: User, patient: User, language: str
) -> None:
    guardian = UserFactory(language=language)
    GuardianshipFactory(guardian=guardian, patient=patient.patient)
    medicine = row(product("sertraline", brand="Zosert"), note="Depression")
    words = {"advice": "Talk to the psychologist", "tests": "HIV test"}
    first = signed_for(visit, medicine, **words)
    amend_prescription(first.prescription, by=doctor)
    second = signed_for(visit, medicine, **words)
    void_prescription(second.prescription, reason="The wrong dose", by=doctor)
    for user in (patient, guardian):
        assert told(user) == list(KINDS)
    assert told(doctor) == []
    sent = mails()
    assert len(sent) == 6
    for message in sent:
        assert not [each for each in ABOUT_HEALTH if each.lower() in message.lower()]
    paths = [each.facts["path"] for each in Notification.objects.filter(user=patient, kind__in=KINDS).order_by("pk")]
    assert [each.split("/")[2] for each in paths] == [
        str(key) for key in (first.prescription_id, second.prescription_id, second.prescription_id)
    ]


def test_the_way_in_the_mail_leads_to_it(visit: Appointment, patient: User, client_of: ClientOf) -> None:
    signed_for(visit)
    notice = Notification.objects.get(user=patient, kind="prescription_ready")
    assert notice.facts["path"] in mails()[0]
    assert "Napa" in client_of(patient).get(notice.facts["path"]).content.decode()


def test_nobody_is_told_of_what_is_not_durable(visit: Appointment, doctor: User, patient: User) -> None:
    signed_for(visit)
    draft = drafted(visit)
    with transaction.atomic():
        sign_prescription(draft, by=doctor)
        assert len(told(patient)) == 2
        transaction.set_rollback(True)
    assert told(patient) == ["prescription_ready"]
