"""The trail: who, what, when, why and from where; and the history of a row, with who changed it."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client

from accounts.middleware import AccountabilityMiddleware
from accounts.models import Action, Ground, TrailEntry, User
from accounts.trail import coming_from, write_trail
from tests.factories.accounts import UserFactory

type ClientOf = Callable[[User], Client]


def test_an_entry_says_who_what_why_and_from_where(doctor: User) -> None:
    subject, visit = uuid4(), uuid4()
    with coming_from("203.0.113.9"):
        write_trail(Action.READ, by=doctor, about=doctor.doctor, subject=subject, ground=Ground.CARE, ground_id=visit)
    entry = TrailEntry.objects.get()
    assert (entry.by, entry.action, entry.about, entry.about_id) == (
        doctor,
        Action.READ,
        "doctors.doctor",
        str(doctor.doctor.pk),
    )
    assert (entry.subject, entry.ground, entry.ground_id, entry.address) == (
        subject,
        Ground.CARE,
        str(visit),
        "203.0.113.9",
    )


def test_an_entry_that_cannot_be_written_says_so(patient: User) -> None:
    """Whoever calls it before a page is shown shows nothing then."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_trailentry RENAME TO elsewhere")
        with pytest.raises(DatabaseError), transaction.atomic():
            write_trail(Action.READ, by=patient, about="patients.facts")
        transaction.set_rollback(True)


def test_patients_are_told_of_what_concerns_them_the_latest_first(patient: User) -> None:
    mine, other = uuid4(), uuid4()
    for subject, code in ((mine, "first"), (other, "elsewhere"), (mine, "second")):
        write_trail(Action.READ, by=patient, about="patients.facts", subject=subject, code=code)
    assert [entry.code for entry in TrailEntry.objects.about_patients([mine])] == ["second", "first"]


def test_a_request_leaves_its_address_to_the_trail_and_not_to_the_next(client: Client, patient: User) -> None:
    """What a client claims about itself does not count: the proxy's word does."""

    def read(request: HttpRequest) -> HttpResponse:
        write_trail(Action.READ, by=patient, about="patients.facts")
        return HttpResponse()

    request = client.get("/", headers={"X-Forwarded-For": "192.0.2.1, 203.0.113.9"}).wsgi_request
    AccountabilityMiddleware(read)(request)
    read(request)
    assert list(TrailEntry.objects.order_by("at", "pk").values_list("address", flat=True)) == ["203.0.113.9", None]


@pytest.mark.parametrize("text", ["patient@example.com", "not a key", "0199d1a0-0000-7000-8000-000000000000"])
def test_admins_search_the_trail_by_whatever_they_type(client_of: ClientOf, admin: User, text: str) -> None:
    somebody = UserFactory(email="patient@example.com")
    write_trail(Action.SHARED, by=somebody, about="patients.record", subject=uuid4(), code="found_it")
    page = client_of(admin).get("/admin/accounts/trailentry/", {"q": text})
    assert page.status_code == 200
    assert ("found_it" in page.content.decode()) == (text == "patient@example.com")


def test_nobody_changes_the_trail_in_the_admin(client_of: ClientOf, admin: User) -> None:
    entry = write_trail(Action.READ, by=admin, about="patients.facts")
    client = client_of(admin)
    assert client.post(f"/admin/accounts/trailentry/{entry.pk}/change/", {"code": "x"}).status_code == 403
    assert client.get("/admin/accounts/trailentry/add/").status_code == 403
    assert client.post(f"/admin/accounts/trailentry/{entry.pk}/delete/").status_code == 403
