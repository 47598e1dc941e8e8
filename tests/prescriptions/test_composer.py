"""Composing: saved as typed, checked at every save, begun from templates and from last time."""

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Action, TrailEntry, User
from appointments.models import Appointment
from appointments.services import cancel_appointment
from prescriptions.errors import DraftChanged
from prescriptions.models import Interaction, Item, Override, Prescription, PrescriptionStatus, Product, Template
from prescriptions.services import check_draft, give_reasons
from tests.appointments.visits import at, confirmed
from tests.factories.medicines import product
from tests.factories.patients import AllergyFactory
from tests.page import HTMX, read

type ClientOf = Callable[[User], Client]

VERSION_OF = re.compile(r'name="version" value="(\d+)"')


@pytest.fixture
def visit(doctor: User, patient: User) -> Appointment:
    return confirmed(doctor, patient)


@pytest.fixture
def napa(db: None) -> Product:
    return product("paracetamol", brand="Napa")


def path(visit: Appointment, what: str = "") -> str:
    return f"/appointments/{visit.pk}/prescription/{what}"


def typed(*rows: dict[str, Any], seen: int = 0, tab: Any = None, **facts: str) -> dict[str, str]:
    """The composer's form with these rows."""
    data = {"version": str(seen), "tab": str(tab or uuid4()), "language": "en"} | facts
    data |= {"item-TOTAL_FORMS": str(len(rows)), "item-INITIAL_FORMS": "0"}
    for number, row in enumerate(rows):
        data |= {f"item-{number}-{name}": str(value) for name, value in row.items()}
    return data


def row(medicine: Product | str, dose: str = "1+0+1", **more: Any) -> dict[str, Any]:
    key = medicine.pk if isinstance(medicine, Product) else ""
    return {"product": key, "written": str(medicine), "dose": dose} | more


def items() -> list[tuple[str, str, str]]:
    return [
        (str(item.product or ""), item.written, item.dose) for item in Item.objects.select_related("product__generic")
    ]


# Saving ----------------------------------------------------------------------------------------------------------


def test_doctor_composes_without_javascript(
    visit: Appointment, napa: Product, doctor: User, client_of: ClientOf
) -> None:
    client = client_of(doctor)
    assert read(client, path(visit)).title == "Prescription"
    data = typed(
        row(napa, "১+০+১", food="after", days="7", note="With water"),
        advice="Rest",
        tests="Blood count",
        follow_up_days="7",
        weight_kg="61.5",
        is_pregnant="no",
    )
    assert client.post(path(visit), data)["Location"] == path(visit)
    page = read(client, path(visit)).html
    for words in ("Napa 500 mg tablet", "morning: 1 tablet, night: 1 tablet", "after food", "for 7 days", "14 tablets"):
        assert words in page
    draft = Prescription.objects.get()
    assert (draft.status, draft.version, draft.weight_kg, draft.is_pregnant, draft.is_breastfeeding) == (
        PrescriptionStatus.DRAFT,
        1,
        61.5,
        False,
        None,
    )
    assert items() == [("Napa 500 mg tablet", "", "1+0+1")]


def test_htmx_takes_what_is_known_and_leaves_what_is_typed(
    visit: Appointment, napa: Product, doctor: User, client_of: ClientOf
) -> None:
    client = client_of(doctor)
    piece = client.post(path(visit), typed(row(napa)), headers=HTMX).content.decode()
    assert 'id="rx-checked"' in piece
    assert 'value="1"' in piece
    assert 'hx-swap-oob="true"' in piece
    assert "item-0-written" not in piece
    assert "Not checked" in piece


def test_half_a_row_is_kept_and_what_is_missing_is_said(
    visit: Appointment, napa: Product, doctor: User, client_of: ClientOf
) -> None:
    client = client_of(doctor)
    piece = client.post(path(visit), typed(row(napa, ""), row("Napa", "thrice")), headers=HTMX).content.decode()
    assert "A dose is missing" in piece
    assert "The dose is not understood" in piece
    assert items() == [("Napa 500 mg tablet", "", ""), ("", "Napa", "thrice")]


def test_what_is_typed_just_so_is_the_medicine_and_what_is_not_is_offered(
    visit: Appointment, napa: Product, doctor: User, client_of: ClientOf
) -> None:
    client = client_of(doctor)
    client.post(path(visit), typed(row("napa 500 MG tablet"), row("Nappa")))
    assert items() == [("Napa 500 mg tablet", "", "1+0+1"), ("", "Nappa", "1+0+1")]
    page = read(client, path(visit))
    assert "Did you mean" in page.html
    assert "nothing of it was checked" in page.html
    data = typed(row("Napa 500 mg tablet"), row("Nappa"), seen=1, take=f"1:{napa.pk}")
    client.post(path(visit), data)
    assert items() == [("Napa 500 mg tablet", "", "1+0+1")] * 2
    assert "paracetamol stands here twice" in read(client, path(visit)).html


def test_what_is_known_against_a_medicine_stands_in_its_row(
    visit: Appointment, napa: Product, doctor: User, patient: User, client_of: ClientOf
) -> None:
    """On the page, and after every save in place of what stood there; a row that was taken away counts for none."""
    AllergyFactory(patient=patient.patient, substance="Amoxicillin")
    client, moxacil = client_of(doctor), product("amoxicillin", brand="Moxacil")

    def said(html: str) -> dict[str, str]:
        pieces = re.findall(r'id="(item-\w+)-said"[^>]*>(.*?)</div>', html, re.DOTALL)
        return {prefix: " ".join(re.sub("<[^>]+>", " ", words).split()) for prefix, words in pieces}

    rows = (row(napa) | {"DELETE": "on"}, row(napa), row(""), row(moxacil))
    piece = client.post(path(visit), typed(*rows), headers=HTMX).content.decode()
    severe = "Severe: Allergy: amoxicillin"
    assert said(piece) == {"item-0": "", "item-1": "", "item-2": "", "item-3": severe}
    assert piece.count('hx-swap-oob="true"') == 5
    page = read(client, path(visit)).html
    assert said(page) == {"item-0": "", "item-1": severe, "item-2": "", "item-__prefix__": ""}
    piece = client.post(path(visit), typed(row(napa), seen=1), headers=HTMX).content.decode()
    assert said(piece) == {"item-0": ""}


def test_what_was_meant_is_taken_in_the_page_and_in_the_call(
    visit: Appointment, napa: Product, doctor: User, client_of: ClientOf
) -> None:
    """htmx gets the rows anew, for one of them was changed here; what is typed next is saved on top of it."""
    client = client_of(doctor)
    data = typed(row("Nappa"), row("Nappo"))
    client.post(path(visit), data)
    assert read(client, path(visit)).html.count("Did you mean") == 2
    answer = client.post(path(visit), data | {"version": "1", "take": f"1:{napa.pk}"}, headers=HTMX)
    assert (answer["HX-Retarget"], answer["HX-Reswap"]) == ("#rx", "outerHTML")
    html = answer.content.decode()
    assert 'value="Napa 500 mg tablet"' in html
    assert html.count("Did you mean") == 1
    assert 'name="version" value="2"' in html
    assert items() == [("", "Nappa", "1+0+1"), ("Napa 500 mg tablet", "", "1+0+1")]


def test_no_link_of_the_composer_leads_out_of_a_call(
    visit: Appointment, napa: Product, doctor: User, client_of: ClientOf
) -> None:
    client = client_of(doctor)
    for here, leads_out in ((path(visit), True), (f"/consultations/{visit.pk}/", False)):
        headers = HTMX | {"HX-Current-URL": f"http://testserver{here}"}
        seen = VERSION_OF.search(client.get(path(visit)).content.decode())
        data = typed(row(napa), seen=int(seen[1]) if seen else 0)
        for piece in (client.post(path(visit), data, headers=headers), client.get(path(visit), headers=headers)):
            (link,) = re.findall(r"<a [^>]*prescription/review/[^>]*>", piece.content.decode())
            assert ('target="_blank"' not in link) is leads_out


def test_a_key_that_is_not_what_is_written_counts_for_nothing(
    visit: Appointment, napa: Product, doctor: User, client_of: ClientOf
) -> None:
    other = product("warfarin", strength="5 mg")
    data = typed(
        {"product": other.pk, "written": "Something else", "dose": "1+0+1"}, {"product": 10**30, "written": "X"}
    )
    client_of(doctor).post(path(visit), data)
    assert items() == [("", "Something else", "1+0+1"), ("", "X", "")]


def test_a_second_tab_is_refused_and_keeps_what_was_typed(
    visit: Appointment, napa: Product, doctor: User, client_of: ClientOf
) -> None:
    client = client_of(doctor)
    client.post(path(visit), typed(row(napa)))
    answer = client.post(path(visit), typed(row(napa, "1+1+1"), advice="From the second tab"))
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "saved elsewhere" in page
    assert "From the second tab" in page
    assert items() == [("Napa 500 mg tablet", "", "1+0+1")]
    piece = client.post(path(visit), typed(row(napa, "1+1+1")), headers=HTMX)
    assert piece.status_code == 422
    assert "saved elsewhere" in piece.content.decode()


def test_a_tab_whose_answer_was_lost_goes_on(
    visit: Appointment, napa: Product, doctor: User, client_of: ClientOf
) -> None:
    client, tab = client_of(doctor), uuid4()
    for dose in ("1+0+1", "1+1+1"):
        assert client.post(path(visit), typed(row(napa, dose), tab=tab)).status_code == 302
    assert items() == [("Napa 500 mg tablet", "", "1+1+1")]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"days": "soon"}, "Enter a number of days"),
        ({"days": "0"}, "Enter one day at least"),
        ({"days": "400"}, "A year is the longest"),
        ({"food": "beside"}, "Select a valid choice"),
        ({"note": "x" * 201}, "at most 200 characters"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost(
    visit: Appointment, napa: Product, doctor: User, client_of: ClientOf, wrong: dict[str, str], words: str
) -> None:
    client = client_of(doctor)
    for headers in ({}, HTMX):
        answer = client.post(path(visit), typed(row(napa, **wrong), advice="Rest well"), headers=headers)
        assert answer.status_code == 422
        assert words in answer.content.decode()
    assert not Prescription.objects.exists()


def test_thirteen_medicines_are_too_many(visit: Appointment, napa: Product, doctor: User, client_of: ClientOf) -> None:
    answer = client_of(doctor).post(path(visit), typed(*[row(napa)] * 13))
    assert answer.status_code == 422
    assert not Prescription.objects.exists()


def test_markup_in_every_field_is_text(visit: Appointment, doctor: User, client_of: ClientOf) -> None:
    evil = '<script>alert(1)</script>#read("/etc/passwd")'
    client = client_of(doctor)
    client.post(path(visit), typed(row(evil, evil[:60], note=evil), tests=evil, advice=evil))
    page = read(client, path(visit)).html
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(1)") >= 6


def test_nothing_is_prescribed_for_a_visit_that_was_called_off(
    visit: Appointment, napa: Product, doctor: User, client_of: ClientOf
) -> None:
    cancel_appointment(visit, by=doctor, side="doctor")
    client = client_of(doctor)
    assert "did not take place" in read(client, path(visit)).html
    assert client.post(path(visit), typed(row(napa))).status_code == 409
    assert not Prescription.objects.exists()


def test_first_save_and_the_look_at_the_facts_stand_in_the_trail(
    visit: Appointment, napa: Product, doctor: User, client_of: ClientOf
) -> None:
    client = client_of(doctor)
    client.post(path(visit), typed(row(napa)), headers=HTMX)
    client.post(path(visit), typed(row(napa), seen=1), headers=HTMX)
    entries = TrailEntry.objects.filter(by=doctor).order_by("pk").values_list("action", "about", "ground_id")
    assert list(entries) == [
        (Action.ADDED, "prescriptions.prescription", str(visit.pk)),
        (Action.READ, "patients.facts", str(visit.pk)),
    ]


# Warnings --------------------------------------------------------------------------------------------------------


def test_warnings_stand_beside_what_is_typed(
    visit: Appointment, doctor: User, patient: User, client_of: ClientOf
) -> None:
    amoxicillin, warfarin, ibuprofen = product("amoxicillin"), product("warfarin"), product("ibuprofen")
    AllergyFactory(patient=patient.patient, substance="Amoxicillin")
    low, high = sorted(each.generic.ingredients.get().pk for each in (warfarin, ibuprofen))
    Interaction.objects.create(low_id=low, high_id=high, severity="severe", effect="Bleeding", source="BNF")
    data = typed(row(amoxicillin), row(warfarin), row(ibuprofen))
    piece = client_of(doctor).post(path(visit), data, headers=HTMX).content.decode()
    for words in ("Allergy: amoxicillin", "warfarin with ibuprofen", "Bleeding", "BNF", "Severe"):
        assert words in piece
    for words in ("nobody has said", "no table is loaded", "not looked for when the table was made"):
        assert words in piece
    assert "Nothing was found" not in piece


def test_a_severe_warning_asks_for_a_reason_that_stays_with_the_prescription(
    visit: Appointment, doctor: User, patient: User, client_of: ClientOf
) -> None:
    client, amoxicillin = client_of(doctor), product("amoxicillin")
    assert client.get(path(visit, "review/"))["Location"] == path(visit)
    AllergyFactory(patient=patient.patient, substance="Amoxicillin")
    client.post(path(visit), typed(row(amoxicillin)))
    page = read(client, path(visit, "review/")).html
    (field,) = re.findall(r'name="(reason-[^"]+)"', page)
    for nothing in ({}, {field: " "}, {"reason-0000000000000000-reason": "For another warning"}):
        assert client.post(path(visit, "review/"), nothing).status_code == 422
    answer = client.post(path(visit, "review/"), {field: " "})
    assert answer.status_code == 422
    assert "Please say why you go on" in answer.content.decode()
    assert not Override.objects.exists()
    for _again in range(2):
        client.post(path(visit, "review/"), {field: "Tested, and tolerated since"})
    given = Override.objects.get()
    assert (given.code, given.severity, given.reason) == ("allergy", "severe", "Tested, and tolerated since")
    entry = TrailEntry.objects.get(action=Action.OVERRODE)
    assert (entry.by, entry.subject, entry.code, entry.ground_id) == (
        doctor,
        patient.patient.pk,
        "allergy",
        str(visit.pk),
    )
    assert "Tested, and tolerated since" in read(client, path(visit)).html
    # Another prescription is another decision; what is no warning any more needs no reason.
    client.post(path(visit), typed(row(product("omeprazole")), seen=1))
    client.post(path(visit, "review/"))
    assert not Override.objects.exists()


def test_reasons_for_a_draft_that_changed_meanwhile_are_not_kept(
    visit: Appointment, doctor: User, patient: User, client_of: ClientOf
) -> None:
    AllergyFactory(patient=patient.patient, substance="Amoxicillin")
    client_of(doctor).post(path(visit), typed(row(product("amoxicillin"))))
    draft = Prescription.objects.for_composer().get()
    findings = check_draft(draft, by=doctor).severe
    Prescription.objects.update(version=2)
    with pytest.raises(DraftChanged):
        give_reasons(draft, findings, {findings[0].key: "Because"}, by=doctor)
    assert not Override.objects.exists()


# Templates and last time -----------------------------------------------------------------------------------------


def test_a_draft_is_kept_as_a_template_without_the_patient_and_begins_another(
    visit: Appointment, napa: Product, doctor: User, patient: User, client_of: ClientOf
) -> None:
    client = client_of(doctor)
    client.post(path(visit), typed(row(napa, days="5"), advice="Rest", weight_kg="61.5", is_pregnant="yes"))
    assert client.post(path(visit, "template/"), {"name": "Fever"}).status_code == 302
    template = Template.objects.get()
    assert (template.name, template.advice, template.items.get().days) == ("Fever", "Rest", 5)
    answer = client.post(path(visit, "template/"), {"name": "fever"})
    assert answer.status_code == 422
    assert "template of this name already" in answer.content.decode()
    other = confirmed(doctor, patient, at(12))
    client.post(path(other), typed(row("Something")))
    client.post(path(other, "begin/"), {"from": str(template.pk)})
    draft = Prescription.objects.get(appointment=other)
    assert (draft.version, draft.advice, draft.weight_kg, draft.is_pregnant) == (2, "Rest", None, None)
    assert [str(item.product or item.written) for item in draft.items.select_related("product__generic")] == [
        "Something",
        "Napa 500 mg tablet",
    ]
    assert "Fever" in read(client, "/practice/templates/").html
    assert client.post(f"/practice/templates/{template.pk}/remove/").status_code == 302
    assert not Template.objects.exists()


def test_templates_of_another_doctor_are_nobody_elses(
    visit: Appointment, doctor: User, other_doctor: User, client_of: ClientOf
) -> None:
    theirs = Template.objects.create(doctor=other_doctor.doctor, name="Theirs")
    client = client_of(doctor)
    assert "Theirs" not in read(client, "/practice/templates/").html
    assert client.post(path(visit, "begin/"), {"from": str(theirs.pk)}).status_code == 404
    assert client.post(f"/practice/templates/{theirs.pk}/remove/").status_code == 404
    assert Template.objects.exists()


def test_as_last_time_takes_what_was_signed_for_this_patient_by_this_doctor(
    visit: Appointment, napa: Product, doctor: User, patient: User, client_of: ClientOf
) -> None:
    client = client_of(doctor)
    page = client.post(path(visit, "begin/"), {"from": "last"}, follow=True).content.decode()
    assert "not prescribed anything to this patient before" in page
    earlier = confirmed(doctor, patient, at(12))
    client.post(path(earlier), typed(row(napa)))
    Prescription.objects.update(status=PrescriptionStatus.SIGNED)
    client.post(path(visit, "begin/"), {"from": "last"})
    assert Prescription.objects.get(appointment=visit).items.get().product == napa


@pytest.mark.parametrize("rows", [1, 3])
def test_list_of_templates_takes_as_many_queries_for_one_as_for_three(
    doctor: User, napa: Product, client_of: ClientOf, django_assert_num_queries: DjangoAssertNumQueries, rows: int
) -> None:
    for number in range(rows):
        template = Template.objects.create(doctor=doctor.doctor, name=f"Template {number}")
        template.items.create(position=0, product=napa)
    client = client_of(doctor)
    client.get("/practice/templates/")
    with django_assert_num_queries(7):
        client.get("/practice/templates/")


def test_a_draft_is_discarded(visit: Appointment, napa: Product, doctor: User, client_of: ClientOf) -> None:
    client = client_of(doctor)
    client.post(path(visit), typed(row(napa)))
    client.post(path(visit, "discard/"))
    client.post(path(visit, "discard/"))
    assert not Prescription.objects.exists()


# Search for the combobox -------------------------------------------------------------------------------------------


def test_combobox_is_answered_with_keys(napa: Product, doctor: User, client_of: ClientOf) -> None:
    found = client_of(doctor).get("/practice/medicines/", {"q": "nap"}).json()["found"]
    assert found == [{"key": napa.pk, "value": "Napa 500 mg tablet", "hint": "paracetamol"}]
    assert client_of(doctor).get("/practice/medicines/").json() == {"found": []}


# What the database forbids ---------------------------------------------------------------------------------------


def test_a_visit_has_one_draft(visit: Appointment) -> None:
    facts = {"appointment": visit, "saved_at": timezone.now(), "language": "en"}
    Prescription.objects.create(tab=uuid4(), **facts)
    with pytest.raises(IntegrityError, match="draft_not_twice_for_a_visit"), transaction.atomic():
        Prescription.objects.create(tab=uuid4(), **facts)


def test_an_item_is_of_a_medicine_and_for_a_while(visit: Appointment) -> None:
    draft = Prescription.objects.create(appointment=visit, tab=uuid4(), saved_at=timezone.now(), language="en")
    for wrong in ({"written": ""}, {"written": "X", "days": 0}, {"written": "X", "days": 400}):
        with pytest.raises(IntegrityError), transaction.atomic():
            draft.items.create(position=0, **wrong)
