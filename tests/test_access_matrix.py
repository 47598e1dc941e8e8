"""Every address of the portal tried by everybody, as tests/access.py has it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from html import unescape
from typing import Any, cast
from uuid import UUID

import pytest
from django.contrib.admin import site
from django.core import signing
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange, DateTimeTZRange
from django.db.models import Model, UUIDField
from django.http import HttpResponse, HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from django.utils.http import urlencode

from accounts.models import Kind, PushDevice, User
from accounts.samples import FACTS as FACTS_TO_TELL
from accounts.services import notify
from accounts.services.mail import unsubscribe_token
from accounts.services.texting import callback_token
from accounts.topics import Topic
from appointments.feeds import make_feed
from appointments.models import Appointment, AppointmentEvent, CalendarFeed, Wait
from appointments.services import mark_no_show, reschedule, start_payment
from config.files import private_storage, private_url
from patients.models import (
    FACTS,
    EmergencyAccess,
    Guardianship,
    Invitation,
    MedicalRecord,
    NoneKnown,
    Patient,
    PatientGrant,
    RecordGrant,
    Relation,
    today,
)
from patients.services import attach_record, invite_guardian
from patients.views.records import SALT
from payments.models import Charge, Dispute, Document, DocumentKind, PaymentAttempt, Refund
from payments.services import open_dispute
from payments.services.ledger import post_settlement
from prescriptions.models import Item, Prescription, ServiceKind, SignedPrescription, Template, VisitNote
from prescriptions.services import Statement, certify_order
from reviews.models import DoctorRating, Report, Review, ReviewEvent
from scheduling.models import Calendar, ExtraHours, TimeOff, VisitType, WeeklyHours
from tests.access import ADMIN_PAGES, ALSO_TAKEN, GROUPS, INSIDER, MATRIX, METHODS, NOBODY, ROLES
from tests.appointments.visits import at, confirmed, days_from_now, hold, shifted
from tests.doctors.verifications import change_asked
from tests.factories.accounts import UserFactory
from tests.factories.doctors import DoctorFactory, PracticePlaceFactory
from tests.factories.patients import (
    AllergyFactory,
    ConditionFactory,
    GuardianshipFactory,
    MedicationStatementFactory,
)
from tests.factories.payments import ChargeFactory, PaymentAttemptFactory
from tests.factories.records import RecordGrantFactory
from tests.factories.scheduling import ExtraHoursFactory
from tests.patients.papers import handed_in
from tests.prescriptions.orders import accepted, offered, paid, placed, seen
from tests.prescriptions.papers import signed_for
from tests.reviews.visits import reviewed


@pytest.fixture
def things(doctor: User, patient: User, admin: User) -> dict[str, str]:
    """What the addresses are about."""
    visit, held = confirmed(doctor, patient, at(10)), hold(doctor, patient, at(11))
    charge = start_payment(held, by=patient)
    assert charge is not None
    attempt = PaymentAttemptFactory(charge=charge)
    child = GuardianshipFactory(guardian=patient).patient
    grant = RecordGrantFactory(doctor=doctor.doctor, content_object=handed_in(patient.patient))
    record = grant.content_object
    attached = attach_record(record, source=visit.pk, by=patient)
    offer = invite_guardian(child, email=admin.email, relation=Relation.CHILD, by=patient)
    verification = change_asked(doctor.doctor, name="Another Name")
    open_room = shifted(confirmed(doctor, patient, at(13)), timezone.now() + timedelta(minutes=5))
    Prescription.objects.create(appointment=open_room, tab=UUID(int=1), saved_at=timezone.now(), language="en")
    signed = signed_for(visit)
    template = Template.objects.create(doctor=doctor.doctor, name="Cold")
    seen_visit = seen(doctor, patient, start=at(16))
    order, unpaid = paid(doctor, patient), placed(doctor, patient, ServiceKind.REPEAT)
    certified = accepted(doctor, patient, ServiceKind.CERTIFICATE)
    certify_order(certified, Statement("fit", today(), today(), "", "en"), by=doctor)
    moved = confirmed(doctor, patient, at(14))
    reschedule(moved, start=at(14, 30), sequence=0, by=doctor, side="doctor")
    missed = shifted(confirmed(doctor, patient, at(14)), timezone.now() - timedelta(hours=1))
    mark_no_show(missed, side="patient", by=doctor)
    time_off = TimeOff.objects.create(doctor=doctor.doctor, period=DateTimeTZRange(at(15), at(16)))
    receipt = Document.objects.create(
        kind=DocumentKind.RECEIPT, number="R-2026-000001", charge=charge, amount=charge.amount, currency="BDT"
    )
    bought, disputed = (
        ChargeFactory(payer=patient, doctor=doctor.doctor, status=Charge.Status.PAID, paid_at=timezone.now())
        for _ in range(2)
    )
    for each in (bought, disputed):
        post_settlement(each, PaymentAttemptFactory(charge=each, settled=True))
    dispute = open_dispute(disputed, reason=Dispute.Reason.OTHER, words="It was otherwise.", by=patient)
    told = notify(patient, Kind.REFUND_DONE, facts=FACTS_TO_TELL)
    device = PushDevice.objects.create(user=patient, endpoint="https://fcm.googleapis.com/x", name="Phone")
    return {
        "seen_visit": str(seen_visit.pk),
        "review": str(reviewed(doctor, patient, 4).pk),
        "told": str(told.pk),
        "device": str(device.pk),
        "unsubscribe": unsubscribe_token(patient, Topic.VISITS),
        "report": callback_token(told.deliveries.get()),
        "paid": str(bought.pk),
        "disputed": str(disputed.pk),
        "dispute": str(dispute.pk),
        "slug": doctor.doctor.slug,
        "hidden": DoctorFactory(hidden=True, with_hours=True).slug,
        "doctor": str(doctor.doctor.pk),
        "patient": str(patient.patient.pk),
        "child": str(child.pk),
        "mother": str(GuardianshipFactory(guardian=patient, patient__birth_date=date(1950, 1, 1)).patient.pk),
        "bond": str(child.guardianships.get().pk),
        "offer": str(offer.pk),
        "token": offer.token,
        "allergy": str(AllergyFactory(patient=child).pk),
        "open": urlencode({"start": at(12).isoformat(), "mode": "video"}),
        "visit": str(visit.pk),
        "held": str(held.pk),
        "moved": str(moved.pk),
        "missed": str(missed.pk),
        "later": at(12, 30).isoformat(),
        "open_room": str(open_room.pk),
        "template": str(template.pk),
        "signed": str(signed.prescription_id),
        "code": signed.code,
        "key": signed.key.kid,
        "service": str(offered(doctor, ServiceKind.REVIEW).pk),
        "order": str(order.pk),
        "unpaid": str(unpaid.pk),
        "certified": str(certified.pk),
        "certificate_code": certified.certificate.code,
        "time_off": str(time_off.pk),
        "extra_hours": str(ExtraHoursFactory(doctor=doctor.doctor, period=DateTimeTZRange(at(18), at(19))).pk),
        "wait": str(
            Wait.objects.create(
                doctor=doctor.doctor,
                patient=child,
                asked_by=patient,
                days=DateRange(days_from_now(0), days_from_now(7)),
            ).pk
        ),
        "feed": make_feed(patient, CalendarFeed.Side.PATIENT),
        "record": str(record.pk),
        "attached": str(attached.pk),
        "seen": signing.dumps([str(record.pk), patient.pk], salt=SALT),
        "grant": str(grant.pk),
        "verification": str(verification.pk),
        "certificate": str(verification.certificate_id),
        "closed_place": str(PracticePlaceFactory(doctor=doctor.doctor, is_active=False).pk),
        "charge": str(charge.pk),
        "document": str(receipt.pk),
        "document_code": receipt.code,
        "tran_id": attempt.tran_id,
        "emergency": str(
            EmergencyAccess.objects.create(
                by=UserFactory(as_admin=True),
                patient=patient.patient,
                reason="order",
                words="An order by a court.",
                expires_at=timezone.now() + timedelta(minutes=30),
            ).pk
        ),
        "file": private_url(
            private_storage().save("matrix.pdf", ContentFile(b"%PDF-1.7")), filename="a.pdf", reader=patient
        ),
    }


@pytest.fixture
def browsers(stranger: User, patient: User, doctor: User, other_doctor: User, admin: User) -> dict[str, Client]:
    users = {"stranger": stranger, "patient": patient, "doctor": doctor, "other_doctor": other_doctor, "admin": admin}
    users |= {name: UserFactory(in_group=name) for name in GROUPS}
    clients = {"anonymous": Client()}
    for role, user in users.items():
        clients[role] = Client()
        clients[role].force_login(user)
    return clients


@contextmanager
def undone() -> Iterator[None]:
    """What a request changed is as before when the block ends. No atomic block: some services insist on their own."""
    before = transaction.savepoint_create()
    yield
    transaction.savepoint_rollback(before)


def send(client: Client, method: str, path: str, data: dict[str, str]) -> HttpResponse:
    with undone():
        cookies = client.cookies.copy()
        body = {"data": urlencode(data), "content_type": "application/x-www-form-urlencoded"}
        response = getattr(client, method)(path, **({} if method == "get" else body))
        client.cookies = cookies
        read_through(response)
    return cast(HttpResponse, response)


def read_through(response: HttpResponseBase) -> None:
    """A file is open until it was read."""
    if response.streaming:
        b"".join(response)


def outcome(response: HttpResponse) -> str:
    where = response.headers.get("Location", "")
    return "login" if where.startswith(("/accounts/login/", "/admin/login/")) else str(response.status_code)


def routes() -> dict[str, str]:
    """Every route of the portal by its name, with its pattern."""

    def walk(patterns: list[URLPattern | URLResolver], prefix: str, space: str) -> Iterator[tuple[str, str]]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
                yield from walk(pattern.url_patterns, f"{prefix}{pattern.pattern}", inner)
            else:
                yield f"{space}{pattern.name}", f"{prefix}{pattern.pattern}"

    return dict(walk(get_resolver().url_patterns, "/", ""))


MAY_ASK_FOR_THE_CAMERA = {"telehealth:device", "telehealth:room", "telehealth:agree", "telehealth:write"}


def test_every_route_is_in_the_matrix() -> None:
    there = {name for name in routes() if not name.startswith("admin:")}
    written = {row.route for row in MATRIX}
    assert there - written == set(), "say in MATRIX who may go there"
    assert written - there == set(), "there is no such route any more"


@pytest.mark.parametrize("role", [*ROLES, *GROUPS])
def test_everybody_gets_where_they_may_and_nowhere_else(
    things: dict[str, str], browsers: dict[str, Client], role: str
) -> None:
    wrong = []
    for row in MATRIX:
        expected = row.word(role)
        data = {name: value.format(**things) for name, value in row.data.items()}
        response = send(browsers[role], row.method, row.path.format(**things), data)
        found = outcome(response)
        if found != expected:
            wrong.append(f"{row}: {expected} expected, {found} found")
        policy = response.headers["Permissions-Policy"]
        if row.route not in MAY_ASK_FOR_THE_CAMERA and not ("camera=()" in policy and "microphone=()" in policy):
            wrong.append(f"{row}: opens camera or microphone")
    assert wrong == []


def test_every_route_refuses_the_methods_that_it_does_not_know(
    things: dict[str, str], browsers: dict[str, Client]
) -> None:
    wrong = []
    for route in {row.route: row for row in MATRIX}.values():
        known = {row.method for row in MATRIX if row.route == route.route} | ALSO_TAKEN.get(route.route, set())
        if route.route == "appointments:book":
            known |= {"post"}
        client = browsers[INSIDER.get(route.route, "patient")]
        for method in set(METHODS) - known:
            found = send(client, method, route.path.format(**things), {}).status_code
            fine = {405}
            if route.route.startswith(("account_", "mfa_")):
                # allauth leads on who is signed in before it looks at the method, and takes a PUT for a POST.
                fine = {405, 302, 200, 404}
            elif route.route == "mailbox":
                fine = {405, 404}
            if found not in fine:
                wrong.append(f"{method.upper()} {route.path}: {found}")
    assert wrong == []


def test_nothing_changes_by_being_looked_at(things: dict[str, str], browsers: dict[str, Client]) -> None:
    """A GET writes nothing of visits, money, hours, health or family, though its sender may see them."""
    models: tuple[Any, ...] = (Appointment, AppointmentEvent, Charge, Dispute, PaymentAttempt, Refund)
    models += (Review, Report, ReviewEvent, DoctorRating)
    models += (MedicalRecord, RecordGrant, PatientGrant, VisitNote, Prescription, Item, Template, SignedPrescription)
    models += (
        Calendar,
        WeeklyHours,
        ExtraHours,
        TimeOff,
        VisitType,
        Patient,
        Guardianship,
        Invitation,
        NoneKnown,
        *FACTS.values(),
    )

    def state() -> list[list[dict[str, Any]]]:
        return [list(model.objects.order_by("pk").values()) for model in models]

    before = state()
    for role in ("patient", "doctor"):
        for path in {row.path for row in MATRIX}:
            read_through(browsers[role].get(path.format(**things)))
    assert state() == before


# The admin -------------------------------------------------------------------------------------------------------


def admin_paths() -> dict[str, str]:
    """Every page of the admin by its name, with an id of nothing where it wants one."""
    with_uuids = [f"{model._meta.label_lower.replace('.', '_')}_" for model in site._registry if is_uuid(model)]
    found = {}
    for name, pattern in routes().items():
        if name.startswith("admin:") and not name.endswith((":None", ":login", ":logout", ":app_list")):
            name = name.removeprefix("admin:")
            nothing = str(UUID(int=0)) if name.startswith(tuple(with_uuids)) else "1"
            path = re.sub(r"<path:(content_type|object)_id>", nothing, pattern)
            found[name] = re.sub(r"<int:\w+>", "1", path)
    return found


def searched_lists() -> set[str]:
    """The lists of the admin in which one can search."""
    models = [model._meta for model, admin in site._registry.items() if admin.search_fields]
    return {admin_paths()[f"{meta.app_label}_{meta.model_name}_changelist"] for meta in models}


def is_uuid(model: type[Model]) -> bool:
    return isinstance(model._meta.pk, UUIDField)


@pytest.mark.parametrize(("role", "method"), [("anonymous", "get"), ("patient", "get"), ("doctor", "post")])
def test_admin_is_closed_to_all_but_administrators(browsers: dict[str, Client], role: str, method: str) -> None:
    paths = admin_paths()
    assert len(paths) > 40
    found = {path: outcome(send(browsers[role], method, path, {})) for path in paths.values()}
    assert {path: each for path, each in found.items() if each not in ("login", "403")} == {}


def test_admin_opens_its_lists_to_administrators(things: dict[str, str], browsers: dict[str, Client]) -> None:
    lists = {name: path for name, path in admin_paths().items() if name.endswith("_changelist") or name == "index"}
    found = {name: outcome(send(browsers["admin"], "get", path, {})) for name, path in lists.items()}
    assert {name: each for name, each in found.items() if each != "200"} == {}


def test_every_page_of_the_admin_is_in_its_table() -> None:
    assert admin_paths().keys() - ADMIN_PAGES.keys() == set(), "say in ADMIN_PAGES which groups may go there"
    assert ADMIN_PAGES.keys() - admin_paths().keys() == set(), "there is no such page any more"


@pytest.mark.parametrize("role", ["admin", *GROUPS])
@pytest.mark.parametrize("method", ["get", "post"])
def test_every_group_opens_its_pages_of_the_admin_and_no_others(
    browsers: dict[str, Client], role: str, method: str
) -> None:
    """What an administrator may not see is a 403; of what is not there one who may see it learns that."""
    wrong = []
    for name, path in admin_paths().items():
        written = ADMIN_PAGES[name]
        may = written != NOBODY and (role == "admin" or role in written.split())
        if method == "post" and may:
            # What those may write who may see it is for the rooms' own tests.
            continue
        found = outcome(send(browsers[role], method, path, {}))
        refused = {"403"} if method == "get" else {"403", "405"}
        if (found not in refused) != may:
            wrong.append(f"{method.upper()} {name}: {found}, though it is for {written or 'superusers'}")
    assert wrong == []


def test_admin_shows_no_reason_of_a_visit(
    things: dict[str, str], browsers: dict[str, Client], doctor: User, patient: User
) -> None:
    Appointment.objects.update(reason="Pain in the knee for three weeks")
    about = [path for name, path in admin_paths().items() if "appointment" in name]
    assert about
    for path in [*about, f"/admin/appointments/appointment/{things['visit']}/change/"]:
        client = browsers["admin"]
        for address in (path, f"{path}?q=knee"):
            page = client.get(address, follow=True).content.decode()
            assert "Pain in the knee" not in page


def test_admin_shows_nobodys_health_facts(things: dict[str, str], browsers: dict[str, Client], patient: User) -> None:
    """Neither does any page to which links of the admin lead, nor finds a search anybody by them."""
    own, client = patient.patient, browsers["admin"]
    AllergyFactory(patient=own, substance="Zymurgin", reaction="Purple spots")
    ConditionFactory(patient=own, name="Gallowitis")
    MedicationStatementFactory(patient=own, name="Quibblane", dose="seven spoons")
    aunt = {"emergency_name": "Aunt Fernandel", "emergency_phone": "+8801912345678"}
    Patient.objects.filter(pk=own.pk).update(blood_group="AB-", **aunt)
    facts = (
        "Zymurgin",
        "Purple spots",
        "Gallowitis",
        "Quibblane",
        "seven spoons",
        "Fernandel",
        "19123456",
    )
    # The blood group, by itself: codes and references may hold its letters.
    told = re.compile("|".join(facts) + r"|(?<![\w-])AB[-−](?!\w)")
    browsers["patient"].get("/account/health/me/")

    lists = {path for name, path in admin_paths().items() if name.endswith("_changelist") or name == "index"}
    seen, to_see = set[str](), set(lists)
    while to_see:
        address = to_see.pop()
        seen.add(address)
        answer = client.get(address, follow=True)
        read_through(answer)
        page = answer.content.decode() if "html" in answer.headers.get("Content-Type", "") else ""
        assert [page[found.start() - 60 : found.end() + 20] for found in told.finditer(page)] == [], address
        # What a list is sorted and narrowed by shows nothing new.
        links = {unescape(link) for link in re.findall(r'href="(/admin/[^"#]*)"', page)}
        to_see |= {link for link in links if "logout" not in link and "?" not in link} - seen
    assert f"/admin/patients/patient/{own.pk}/change/" in seen
    assert len(seen) > 30

    for address in searched_lists():
        for word in ("Zymurgin", "Gallowitis", "AB-", "Fernandel"):
            assert patient.name not in client.get(address, {"q": word}).content.decode(), address
