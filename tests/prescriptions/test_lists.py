"""Lists of what was prescribed: a doctor's own, and what a doctor who treats somebody may know of the others'."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Action, Ground, TrailEntry, User
from appointments.models import Appointment, Status
from patients.models import CareRelationship, PatientGrant
from patients.services import revoke_share
from prescriptions.models import SignedPrescription, VisitNote
from prescriptions.search import find_signed
from prescriptions.services import amend_prescription, check_draft, void_prescription
from prescriptions.signing import spaced
from tests.appointments.visits import at, confirmed
from tests.factories.accounts import UserFactory
from tests.factories.medicines import product
from tests.factories.patients import CareRelationshipFactory, MedicationStatementFactory, PatientFactory
from tests.factories.records import PatientGrantFactory
from tests.page import HTMX, read
from tests.plans import steps_of
from tests.prescriptions.papers import drafted, row, signed_for

type ClientOf = Callable[[User], Client]

PRACTICE = "/practice/prescriptions/"
MEDICINES = "prescriptions.medicines"


def looks(about: str) -> list[tuple[int | None, str, str]]:
    return list(TrailEntry.objects.filter(about=about).order_by("pk").values_list("by", "ground", "ground_id"))


# A doctor's own ------------------------------------------------------------------------------------------------------


@pytest.fixture
def three(doctor: User, other_doctor: User) -> dict[str, Appointment]:
    """Visits of three people with one doctor, and of the first with another; each with a prescription."""
    people = [PatientFactory(user__name=name, name=name).user for name in ("Karim Uddin", "Rahima Begum", "শাহনাজ")]
    medicines = [product("paracetamol", brand="Napa"), product("omeprazole", brand="Seclo"), product("metformin")]
    visits = {}
    for number, (person, medicine) in enumerate(zip(people, medicines, strict=True)):
        visits[person.name] = confirmed(doctor, person, at(10 + number))
        signed_for(visits[person.name], row(medicine))
    signed_for(confirmed(other_doctor, people[0], at(15)), row(medicines[2]))
    return visits


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("", ["শাহনাজ", "Rahima Begum", "Karim Uddin"]),
        ("karim", ["Karim Uddin"]),
        ("uddin KARIM", ["Karim Uddin"]),
        ("শাহনাজ", ["শাহনাজ"]),
        ("napa", ["Karim Uddin"]),
        ("নাপা", ["Karim Uddin"]),
        ("omepra", ["Rahima Begum"]),
        ("seclo 500", ["Rahima Begum"]),
        ("karim napa", ["Karim Uddin"]),
        ("karim seclo", []),
        ("pa", ["Karim Uddin"]),
        ("%", []),
        ("_", []),
        ("metformin", ["শাহনাজ"]),
        ("x' OR 1=1 --", []),
    ],
)
def test_doctor_finds_the_own_by_patient_and_medicine(
    three: dict[str, Appointment], doctor: User, client_of: ClientOf, typed: str, names: list[str]
) -> None:
    piece = client_of(doctor).get(PRACTICE, {"q": typed}, headers=HTMX).content.decode()
    shown = [name for name in three if f">{name}</a>" in piece]
    assert sorted(shown) == sorted(names)
    assert ("None was found" in piece) is (not names)
    subjects = TrailEntry.objects.filter(action=Action.READ, about=MEDICINES, by=doctor, ground=Ground.CARE)
    assert {(each.subject, each.ground_id) for each in subjects} == {
        (three[name].patient_id, str(three[name].pk)) for name in names
    }


def test_doctor_finds_one_by_its_code_however_it_is_typed(
    three: dict[str, Appointment], doctor: User, other_doctor: User, client_of: ClientOf
) -> None:
    signed = three["Karim Uddin"].prescriptions.get().signed
    for typed in (signed.code, spaced(signed.code), signed.code.lower()):
        page = read(client_of(doctor), f"{PRACTICE}?q={typed}")
        assert page.html.count('class="visit-link"') == 1
        assert f"/prescriptions/{signed.prescription_id}/" in page.html
    # It is another doctor's, who has signed one as well.
    assert "None was found" in read(client_of(other_doctor), f"{PRACTICE}?q={signed.code}").html


def test_list_has_pages_and_says_when_there_is_nothing(
    doctor: User, patient: User, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(doctor)
    assert "No prescriptions yet" in read(client, PRACTICE).html
    for number in range(3):
        signed_for(confirmed(doctor, patient, at(10 + number)))
    monkeypatch.setattr("prescriptions.views.lists.PAGE_SIZE", 2)
    pages = [read(client, f"{PRACTICE}?q=napa&page={number}") for number in (1, 2)]
    assert [page.html.count('class="visit-link"') for page in pages] == [2, 1]
    assert "?q=napa&amp;page=2" in pages[0].html


@pytest.mark.parametrize("rows", [1, 3])
def test_list_of_a_practice_takes_as_many_queries_for_one_as_for_three(
    doctor: User, client_of: ClientOf, django_assert_num_queries: DjangoAssertNumQueries, rows: int
) -> None:
    for number in range(rows):
        signed_for(confirmed(doctor, PatientFactory().user, at(10 + number)))
    client = client_of(doctor)
    client.get(PRACTICE)
    for address in (PRACTICE, f"{PRACTICE}?q=napa"):
        with django_assert_num_queries(6):
            assert client.get(address).content.decode().count('class="visit-link"') == rows


def test_list_is_read_by_an_index_of_the_doctor(three: dict[str, Appointment], doctor: User) -> None:
    for typed in ("", "napa"):
        rows = find_signed(SignedPrescription.objects.of_practice(doctor), typed).for_list()[:20]
        steps = steps_of(lambda rows=rows: list(rows), "prescriptions_signedprescription")
        assert steps
        assert all("signed_of_a_doctor" in step for step in steps), steps


def test_doctor_who_is_suspended_sees_none_and_no_patient_is_told_of_others(
    three: dict[str, Appointment], doctor: User, patient: User, client_of: ClientOf
) -> None:
    assert client_of(patient).get(PRACTICE).status_code == 403
    doctor.doctor.suspended_at, doctor.doctor.suspension_reason = timezone.now(), "Complaints"
    doctor.doctor.save()
    assert 'class="visit-link"' not in read(client_of(doctor), PRACTICE).html


def test_markup_in_every_field_is_text_on_every_page(doctor: User, patient: User, client_of: ClientOf) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>{{ 7|add:7 }}"
    visit = confirmed(doctor, patient)
    signed = signed_for(visit, row(evil, note=evil), advice=evil, tests=evil)
    pages = [
        (patient, "/prescriptions/"),
        (patient, f"/prescriptions/{signed.prescription_id}/"),
        (doctor, PRACTICE),
        (doctor, f"{PRACTICE}?q={quote(evil)}"),
        (doctor, f"/practice/patients/{patient.patient.pk}/medicines/"),
        (doctor, f"/rx/{signed.code}/"),
        (doctor, f"/rx/?code={quote(evil)}"),
    ]
    for user, address in pages:
        html = client_of(user).get(address).content.decode()
        assert "&lt;script&gt;alert(1)" in html, address
        assert "<script>alert" not in html
        assert "<img src=x" not in html


# What a doctor who treats somebody knows of the others --------------------------------------------------------------


@pytest.fixture
def written(doctor: User, patient: User) -> Appointment:
    """A visit that is over, with a note and a prescription; another doctor treats the patient as well."""
    visit = confirmed(doctor, patient)
    advice = {"advice": "Talk to the psychologist", "tests": "HIV test"}
    signed_for(visit, row(product("sertraline", brand="Zosert"), days=30, note="For the dark days"), **advice)
    Appointment.objects.filter(pk=visit.pk).update(status=Status.COMPLETED)
    words = {"complaint": "Cannot sleep", "findings": "Tearful", "assessment": "Depression", "plan": "Therapy"}
    facts = {"tab": visit.pk, "saved_at": timezone.now(), "saved_by": doctor}
    VisitNote.objects.create(appointment=visit, **facts, **words)
    return visit


def history_of(patient: User) -> str:
    return f"/practice/patients/{patient.patient.pk}/medicines/"


def test_treating_opens_the_medicines_and_nothing_else_of_another_doctor(
    written: Appointment, doctor: User, other_doctor: User, patient: User, client_of: ClientOf
) -> None:
    client = client_of(other_doctor)
    signed = written.prescriptions.get()
    others = (f"/prescriptions/{signed.pk}/", f"/prescriptions/{signed.pk}/prescription.pdf")
    others += (f"/appointments/{written.pk}/note/",)
    assert [client.get(address).status_code for address in (history_of(patient), *others)] == [404] * 4
    assert looks(MEDICINES) == []
    care = CareRelationshipFactory(patient=patient.patient, doctor=other_doctor.doctor)
    page = read(client, history_of(patient))
    for words in ("Zosert 500 mg tablet", "sertraline", "for 30 days", "Taken now", "by another doctor"):
        assert words in page.html
    secrets = ["psychologist", "HIV", "dark days", "Depression", "Therapy", "Tearful", "Cannot sleep"]
    assert not [
        words for words in [*secrets, str(doctor.doctor), str(signed.pk), str(written.pk)] if words in page.html
    ]
    assert looks(MEDICINES) == [(other_doctor.pk, Ground.CARE, str(care.source))]
    assert [client.get(address).status_code for address in others] == [404] * 3
    # The way there, and what the patient is told.
    assert history_of(patient) in read(client, f"/practice/patients/{patient.patient.pk}/").links.values()
    assert "prescribed medicines" in read(client_of(patient), "/account/trail/").html
    CareRelationship.objects.all().update(valid=(timezone.now() - timedelta(days=9), timezone.now()))
    assert client.get(history_of(patient)).status_code == 404


@pytest.mark.parametrize(("kind", "opens_note"), [("", True), ("prescription", False), ("lab_report", None)])
def test_what_the_patient_shares_opens_it_until_it_is_taken_back(
    written: Appointment,
    other_doctor: User,
    patient: User,
    client_of: ClientOf,
    kind: str,
    opens_note: bool | None,
) -> None:
    """All records open the note as far as the patient reads it; prescriptions the prescription; lab reports neither."""
    care = CareRelationshipFactory(patient=patient.patient, doctor=other_doctor.doctor)
    grant = PatientGrantFactory(content_object=patient.patient, doctor=other_doctor.doctor, kind=kind)
    client, signed = client_of(other_doctor), written.prescriptions.get()
    addresses = (f"/prescriptions/{signed.pk}/", f"/prescriptions/{signed.pk}/prescription.pdf")
    note = f"/appointments/{written.pk}/note/"
    status = 404 if opens_note is None else 200
    assert [client.get(address).status_code for address in addresses] == [status] * 2
    assert client.get(note).status_code == (200 if opens_note else 404)
    listed = read(client, history_of(patient)).links.values()
    assert (addresses[0] in listed, note in listed) == (opens_note is not None, bool(opens_note))
    if opens_note is not None:
        page = read(client, addresses[0])
        assert "psychologist" in page.html
        assert history_of(patient) in page.links.values()
        assert "Make it void" not in page.html
        reads = looks("prescriptions.prescription")
        assert set(reads[-3:]) == {(other_doctor.pk, Ground.SHARE, str(grant.pk))}
    if opens_note:
        page = read(client, note)
        assert "Depression" in page.html
        assert "Tearful" not in page.html
        assert history_of(patient) in page.links.values()
        assert set(looks("prescriptions.visitnote")) == {(other_doctor.pk, Ground.SHARE, str(grant.pk))}
    # Without care, what was shared is shared, and which medicines there are is not said.
    care.delete()
    assert client.get(history_of(patient)).status_code == 404
    assert client.get(addresses[0]).status_code == status
    revoke_share(PatientGrant.objects.for_list().get(), by=patient)
    assert [client.get(address).status_code for address in (*addresses, note)] == [404] * 3


def test_history_tells_what_runs_from_what_is_over_void_or_replaced(
    doctor: User, other_doctor: User, patient: User, client_of: ClientOf
) -> None:
    short, long = product("cetirizine"), product("losartan")
    signed_for(confirmed(doctor, patient), row(short, days=2), row(long, days=60))
    void = signed_for(confirmed(doctor, patient, at(12)), row(product("warfarin")))
    void_prescription(void.prescription, reason="A slip", by=doctor)
    old = signed_for(confirmed(doctor, patient, at(13)), row(product("digoxin")))
    amend_prescription(old.prescription, by=doctor)
    signed_for(old.prescription.appointment, row(product("digoxin", strength="250 mcg"), days=3))
    CareRelationshipFactory(patient=patient.patient, doctor=other_doctor.doctor)

    def running() -> list[str]:
        html = read(client_of(other_doctor), history_of(patient)).html
        now = html[html.index("Taken now, as prescribed") : html.index("All that was prescribed")]
        return [name for name in ("cetirizine", "losartan", "warfarin", "digoxin 500", "digoxin 250") if name in now]

    assert running() == ["cetirizine", "losartan", "digoxin 250"]
    with time_machine.travel(timezone.now() + timedelta(days=5)):
        assert running() == ["losartan"]
    page = read(client_of(other_doctor), history_of(patient)).html
    assert "warfarin" in page
    assert ("Void" in page, "Replaced" in page) == (True, True)


@pytest.mark.parametrize("rows", [1, 3])
def test_history_takes_as_many_queries_for_one_as_for_three(
    doctor: User, patient: User, client_of: ClientOf, django_assert_num_queries: DjangoAssertNumQueries, rows: int
) -> None:
    for number in range(rows):
        signed_for(confirmed(doctor, patient, at(10 + number)))
    client = client_of(doctor)
    client.get(history_of(patient))
    with django_assert_num_queries(12):
        page = client.get(history_of(patient)).content.decode()
    assert page.count("<article") == rows


def test_history_is_for_doctors(patient: User, client_of: ClientOf) -> None:
    assert client_of(patient).get(history_of(patient)).status_code == 403
    assert client_of(UserFactory(as_admin=True)).get(history_of(patient)).status_code == 403


# Safety --------------------------------------------------------------------------------------------------------------


def test_what_another_doctor_prescribed_and_still_runs_is_looked_at(
    doctor: User, other_doctor: User, patient: User
) -> None:
    napa = product("paracetamol", brand="Napa")
    MedicationStatementFactory(patient=patient.patient, name="Something")
    signed = signed_for(confirmed(other_doctor, patient), row(napa, days=7), row("Herbal drops", "1 once"))
    draft = drafted(confirmed(doctor, patient, at(14)), row(product("paracetamol", brand="Ace")))

    def said() -> tuple[list[str], list[str]]:
        report = check_draft(draft, by=doctor)
        return [each.names[1] for each in report.findings], [each.about for each in report.unchecked]

    found, unknown = said()
    assert found == ["Napa 500 mg tablet"]
    assert "Herbal drops" in unknown
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        assert said()[0] == []
    void_prescription(signed.prescription, reason="A slip", by=other_doctor)
    found, unknown = said()
    assert (found, "Herbal drops" in unknown) == ([], False)


def test_what_is_amended_is_not_held_against_itself(doctor: User, patient: User) -> None:
    signed = signed_for(confirmed(doctor, patient))
    draft = amend_prescription(signed.prescription, by=doctor)
    draft = type(draft).objects.for_composer().get(pk=draft.pk)
    assert check_draft(draft, by=doctor).findings == ()
