"""What both sides, or two pages of one, say of a visit at one moment, on real connections."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test import Client

from accounts.models import User
from appointments.models import Status
from telehealth.models import Consultation, Side
from telehealth.services import Arrival, admit, enter, room_of
from tests.appointments.races import wait_for_a_blocked_backend
from tests.telehealth.rooms import agreed, visit_now

pytestmark = pytest.mark.django_db(transaction=True)


def test_patient_who_is_let_in_at_that_moment_did_not_miss_the_visit(
    doctor: User, patient: User, client_of: Callable[[User], Client]
) -> None:
    visit = agreed(visit_now(doctor, patient, begins=-timedelta(minutes=11)), patient)
    room = room_of(visit)
    enter(room, Arrival(patient, Side.PATIENT, uuid4(), uuid4(), uuid4()))
    client = client_of(doctor)

    def say_missed() -> int:
        try:
            return client.post(f"/consultations/{visit.pk}/close/", {"outcome": "no_show"}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            admit(room, by=doctor)
            said = threads.submit(say_missed)
            wait_for_a_blocked_backend()
        assert said.result() == 409
    visit.refresh_from_db()
    assert visit.status == Status.IN_PROGRESS
    assert Consultation.objects.get().closed_at is None
