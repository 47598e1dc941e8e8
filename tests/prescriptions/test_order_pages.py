"""Services on pages: the patient's side orders, pays, reads; the doctor takes, fulfils, declines; anybody verifies."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Action, Delivery, Ground, TrailEntry, User
from accounts.tasks import deliver
from patients.models import AttachedRecord, EmergencyAccess, today
from patients.services import attach_record
from payments.models import Charge
from prescriptions import services
from prescriptions.export import order_section
from prescriptions.models import Certificate, OfferedService, Order, OrderStatus, Service, ServiceKind
from prescriptions.services import Statement
from prescriptions.tasks import sweep_orders
from tests.factories.accounts import UserFactory
from tests.factories.medicines import product
from tests.factories.patients import GuardianshipFactory, PatientFactory
from tests.factories.records import MedicalRecordFactory
from tests.prescriptions.orders import (
    accepted,
    offered,
    overdue,
    paid,
    pay,
    placed,
    price_list,
    reasoned,
    seen,
    suspended,
)
from tests.prescriptions.papers import row, signed_for
from tests.prescriptions.test_paper import text_of

type ClientOf = Callable[[User], Client]

QUESTION = "Is my cholesterol too high?"


def ordering(offer: OfferedService, user: User) -> str:
    return f"/services/{offer.pk}/order/?patient={user.patient.pk}"


# The patient's side --------------------------------------------------------------------------------------------------


def test_patient_orders_and_goes_on_to_pay(doctor: User, patient: User, client_of: ClientOf) -> None:
    seen(doctor, patient)
    offer, client = offered(doctor, ServiceKind.REVIEW), client_of(patient)
    record = MedicalRecordFactory(patient=patient.patient)
    assert ordering(offer, patient) in client.get("/services/").content.decode()
    assert client.get(ordering(offer, patient)).status_code == 200
    response = client.post(ordering(offer, patient), {"question": QUESTION, "records": [record.pk]})
    order = Order.objects.get()
    charge = Charge.objects.get(seller="prescriptions")
    assert response.headers["Location"] == charge.get_absolute_url()
    assert (order.charge, order.question, order.price, charge.amount) == (charge, QUESTION, 500, 500)
    assert QUESTION not in charge.description + charge.detail
    assert AttachedRecord.objects.get().source == order.pk
    page = client.get(charge.get_absolute_url())
    assert page.status_code == 200
    assert "data-hold=" not in page.content.decode()


def test_form_posted_twice_is_one_order(doctor: User, patient: User, client_of: ClientOf) -> None:
    seen(doctor, patient)
    offer, client = offered(doctor, ServiceKind.REVIEW), client_of(patient)
    for _twice in range(2):
        response = client.post(ordering(offer, patient), {"question": QUESTION})
    order = Order.objects.get()
    assert response.headers["Location"] == order.get_absolute_url()
    assert "is ordered already" in client.get(order.get_absolute_url()).content.decode()


@pytest.mark.parametrize(("typed", "said"), [("", "write something"), ("x" * 2001, "too long")])
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(
    doctor: User, patient: User, client_of: ClientOf, typed: str, said: str
) -> None:
    seen(doctor, patient)
    response = client_of(patient).post(ordering(offered(doctor, ServiceKind.REVIEW), patient), {"question": typed})
    assert response.status_code == 422
    assert said in response.content.decode()
    assert typed in response.content.decode()
    assert not Order.objects.exists()


def test_another_patients_record_and_prescription_cannot_be_put_to_an_order(
    doctor: User, patient: User, stranger: User, client_of: ClientOf
) -> None:
    theirs = signed_for(seen(doctor, stranger)).prescription
    visit = seen(doctor, patient)
    own = signed_for(visit).prescription
    offer, record = offered(doctor, ServiceKind.REPEAT), MedicalRecordFactory(patient=stranger.patient)
    MedicalRecordFactory(patient=patient.patient)
    client = client_of(patient)
    for data in ({"repeats": theirs.pk}, {"repeats": own.pk, "records": [record.pk]}, {}):
        assert client.post(ordering(offer, patient), data).status_code == 422
    assert not Order.objects.exists()
    assert client.post(ordering(offer, patient), {"repeats": own.pk}).status_code == 302
    assert Order.objects.get().repeats == own


def test_repeat_says_that_there_is_nothing_to_repeat(doctor: User, patient: User, client_of: ClientOf) -> None:
    seen(doctor, patient)
    page = client_of(patient).get(ordering(offered(doctor, ServiceKind.REPEAT), patient))
    assert "There is nothing to repeat" in page.content.decode()


def test_page_of_a_prescription_leads_to_ordering_it_once_more(
    doctor: User, patient: User, client_of: ClientOf
) -> None:
    signed = signed_for(seen(doctor, patient))
    client, page = client_of(patient), f"/prescriptions/{signed.prescription_id}/"
    assert "Order it once more" not in client.get(page).content.decode()
    offer = offered(doctor, ServiceKind.REPEAT)
    assert f"/services/{offer.pk}/order/" in client.get(page).content.decode()
    assert "Order it once more" not in client_of(doctor).get(page).content.decode()
    form = client.get(f"{ordering(offer, patient)}&repeats={signed.prescription_id}").content.decode()
    assert re.search(rf'value="{signed.prescription_id}"[^>]*checked', form)
    services.void_prescription(signed.prescription, reason="A slip", by=doctor)
    assert "Order it once more" not in client.get(page).content.decode()


def test_only_who_ordered_pays(doctor: User, patient: User, stranger: User, client_of: ClientOf) -> None:
    order = placed(doctor, patient)
    GuardianshipFactory(guardian=stranger, patient=patient.patient)
    client = client_of(stranger)
    assert "/pay/" not in client.get(order.get_absolute_url()).content.decode()
    assert client.post(f"/orders/{order.pk}/pay/").status_code == 403
    assert client.post(f"/orders/{order.pk}/cancel/").status_code == 302


def test_guardian_orders_for_a_child_and_former_guardians_see_nothing(
    doctor: User, patient: User, client_of: ClientOf
) -> None:
    bond = GuardianshipFactory(guardian=patient)
    order = placed(doctor, patient, patient=bond.patient)
    client = client_of(patient)
    assert client.get(order.get_absolute_url()).status_code == 200
    bond.delete()
    assert client.get(order.get_absolute_url()).status_code == 404
    assert client.post(f"/orders/{order.pk}/cancel/").status_code == 404


def test_free_order_goes_to_the_doctor_at_once(doctor: User, patient: User, client_of: ClientOf) -> None:
    seen(doctor, patient)
    offer = offered(doctor, ServiceKind.REVIEW, Decimal(0))
    client_of(patient).post(ordering(offer, patient), {"question": QUESTION})
    assert Order.objects.get().status == OrderStatus.PAID
    assert not Charge.objects.filter(seller="prescriptions").exists()


def test_order_that_is_dropped_can_not_be_paid(doctor: User, patient: User, client_of: ClientOf) -> None:
    order, client = placed(doctor, patient), client_of(patient)
    assert client.post(f"/orders/{order.pk}/pay/").status_code == 302
    overdue(order)
    sweep_orders()
    assert client.post(f"/orders/{order.pk}/pay/").status_code == 409
    assert "never paid" in client.get(order.get_absolute_url()).content.decode()


@pytest.mark.parametrize("whom", ["", "nobody", "01a21b22-8a0a-7be3-ba36-99e6d8af5ec1"])
def test_who_is_no_patient_of_ones_own_is_ordered_for_by_nobody(
    doctor: User, patient: User, client_of: ClientOf, whom: str
) -> None:
    offer = offered(doctor, ServiceKind.REVIEW)
    assert client_of(patient).get(f"/services/{offer.pk}/order/?patient={whom}").status_code == 404


def test_more_files_than_five_are_not_put_to_an_order(doctor: User, patient: User, client_of: ClientOf) -> None:
    seen(doctor, patient)
    records = [MedicalRecordFactory(patient=patient.patient).pk for _each in range(6)]
    data = {"question": QUESTION, "records": records}
    response = client_of(patient).post(ordering(offered(doctor, ServiceKind.REVIEW), patient), data)
    assert response.status_code == 422
    assert "Five files can be put to one order." in response.content.decode()
    assert not Order.objects.exists()


def test_patient_cancels_and_is_told_so_when_it_is_too_late(doctor: User, patient: User, client_of: ClientOf) -> None:
    order, client = paid(doctor, patient), client_of(patient)
    assert client.post(f"/orders/{order.pk}/cancel/").status_code == 302
    page = client.get(order.get_absolute_url()).content.decode()
    assert "The order was cancelled" in page
    assert "What goes back to you" in page
    later = accepted(doctor, patient)
    assert client.post(f"/orders/{later.pk}/cancel/").status_code == 409


# The doctor's side ---------------------------------------------------------------------------------------------------


def test_doctor_accepts_and_answers_and_the_patient_reads_it(doctor: User, patient: User, client_of: ClientOf) -> None:
    order = paid(doctor, patient, question=QUESTION)
    doctors, patients = client_of(doctor), client_of(patient)
    queue = doctors.get("/practice/orders/").content.decode()
    assert order.get_absolute_url() in queue
    assert QUESTION in doctors.get(order.get_absolute_url()).content.decode()
    assert doctors.post(f"/orders/{order.pk}/answer/", {"words": "Too early."}).status_code == 409
    for _twice in range(2):
        assert doctors.post(f"/orders/{order.pk}/accept/").status_code == 302
    wrong = doctors.post(f"/orders/{order.pk}/answer/", {"words": " "})
    assert wrong.status_code == 422
    assert "write your answer" in wrong.content.decode()
    for words in ("No, it is not.", "Another."):
        assert doctors.post(f"/orders/{order.pk}/answer/", {"words": words}).status_code == 302
    page = patients.get(order.get_absolute_url()).content.decode()
    assert "No, it is not." in page
    assert "Another." not in page
    closed = doctors.get("/practice/orders/?state=closed").content.decode()
    assert order.get_absolute_url() in closed


def test_each_look_is_on_the_trail(doctor: User, patient: User, client_of: ClientOf) -> None:
    order = paid(doctor, patient)
    client_of(doctor).get("/practice/orders/")
    for user in (doctor, patient):
        client_of(user).get(order.get_absolute_url())
    looks = TrailEntry.objects.filter(action=Action.READ, subject=patient.patient.pk, about__contains="order")
    assert list(looks.order_by("pk").values_list("by", "about", "ground", "ground_id")) == [
        (doctor.pk, "prescriptions.orders", Ground.CARE, str(order.pk)),
        (doctor.pk, "prescriptions.order", Ground.CARE, str(order.pk)),
        (patient.pk, "prescriptions.order", Ground.SELF, ""),
    ]


def actions(page: str) -> set[str]:
    """What the page of an order offers to do."""
    return set(re.findall(r'action="/orders/[^/]+/(\w+)/"', page))


def test_page_offers_each_side_what_it_can_do_and_nothing_else(
    doctor: User, patient: User, client_of: ClientOf
) -> None:
    services.make_key()
    order = placed(doctor, patient, ServiceKind.CERTIFICATE)
    doctors, patients = client_of(doctor), client_of(patient)

    def offered_now() -> list[set[str]]:
        return [actions(client.get(order.get_absolute_url()).content.decode()) for client in (patients, doctors)]

    assert offered_now() == [{"pay", "cancel"}, set()]
    pay(order)
    assert offered_now() == [{"cancel"}, {"accept", "decline"}]
    services.accept_order(order, by=doctor)
    assert offered_now() == [set(), {"certify", "decline"}]
    services.certify_order(order, Statement("fit", today(), today(), "", "en"), by=doctor)
    assert offered_now() == [set(), {"withdraw"}]
    services.withdraw_certificate(order, words="A slip", by=doctor)
    assert offered_now() == [set(), set()]


def test_doctor_reads_what_was_put_to_an_order_until_it_is_closed(
    doctor: User, patient: User, client_of: ClientOf
) -> None:
    order = accepted(doctor, patient)
    record = MedicalRecordFactory(patient=patient.patient, title="Lipids of March")
    attach_record(record, source=order.pk, by=patient)
    address = order.get_absolute_url()
    assert record.title in client_of(doctor).get(address).content.decode()
    services.answer_order(order, "Fine.", by=doctor)
    assert record.title not in client_of(doctor).get(address).content.decode()
    assert record.title in client_of(patient).get(address).content.decode()


def test_emergency_access_opens_an_order_and_is_on_the_trail(
    doctor: User, patient: User, admin: User, client_of: ClientOf
) -> None:
    order, client = paid(doctor, patient, question=QUESTION), client_of(admin)
    assert client.get(order.get_absolute_url()).status_code == 404
    opened = EmergencyAccess.objects.create(
        by=admin,
        patient=patient.patient,
        reason="order",
        words="An order by a court.",
        expires_at=timezone.now() + timedelta(hours=1),
    )
    page = client.get(order.get_absolute_url()).content.decode()
    assert QUESTION in page
    assert actions(page) == set()
    look = TrailEntry.objects.get(by=admin.pk, about="prescriptions.order", subject=patient.patient.pk)
    assert (look.ground, look.ground_id) == (Ground.BREAK_GLASS, str(opened.pk))


def test_queue_is_a_doctors_own(doctor: User, other_doctor: User, patient: User, client_of: ClientOf) -> None:
    order = paid(other_doctor, patient)
    assert order.get_absolute_url() not in client_of(doctor).get("/practice/orders/").content.decode()
    assert order.get_absolute_url() in client_of(other_doctor).get("/practice/orders/").content.decode()


def test_doctor_declines_with_a_reason(doctor: User, patient: User, client_of: ClientOf) -> None:
    order, client = paid(doctor, patient), client_of(doctor)
    assert client.post(f"/orders/{order.pk}/decline/", {"words": "So"}).status_code == 422
    data = {"reason": "see_first", "words": "I must listen to your chest."}
    assert client.post(f"/orders/{order.pk}/decline/", data).status_code == 302
    page = client_of(patient).get(order.get_absolute_url()).content.decode()
    assert data["words"] in page
    assert "A visit is needed first" in page
    assert client.post(f"/orders/{order.pk}/accept/").status_code == 409


def test_suspended_doctor_and_one_whose_order_is_not_paid_see_nothing(
    doctor: User, patient: User, client_of: ClientOf
) -> None:
    order, client = placed(doctor, patient), client_of(doctor)
    assert client.get(order.get_absolute_url()).status_code == 404
    pay(order)
    assert client.get(order.get_absolute_url()).status_code == 200
    suspended(doctor)
    assert client.get(order.get_absolute_url()).status_code == 404
    assert client.post(f"/orders/{order.pk}/accept/").status_code == 404


def test_repeat_is_composed_signed_and_with_the_patient(doctor: User, patient: User, client_of: ClientOf) -> None:
    first = signed_for(seen(doctor, patient), row(product("metformin"))).prescription
    order = accepted(doctor, patient, ServiceKind.REPEAT, repeats=first)
    client = client_of(doctor)
    response = client.post(f"/orders/{order.pk}/repeat/")
    assert response.headers["Location"] == f"/appointments/{first.appointment_id}/prescription/"
    reasoned(doctor)
    assert client.post(f"/appointments/{first.appointment_id}/prescription/sign/").status_code == 302
    order.refresh_from_db()
    assert order.status == OrderStatus.FULFILLED
    page = client_of(patient).get(order.get_absolute_url()).content.decode()
    assert f"/prescriptions/{order.prescription_id}/" in page


@pytest.mark.parametrize("rows", [1, 3])
def test_lists_take_as_many_queries_for_three_as_for_one(
    doctor: User, client_of: ClientOf, django_assert_num_queries: DjangoAssertNumQueries, rows: int
) -> None:
    people = [PatientFactory().user for _each in range(rows)]
    for person in people:
        paid(doctor, person)
    client = client_of(doctor)
    with django_assert_num_queries(8):
        client.get("/practice/orders/")
    for kind in list(ServiceKind)[:rows]:
        if kind != ServiceKind.REVIEW:
            placed(doctor, people[0], kind)
    own = client_of(people[0])
    with django_assert_num_queries(8):
        own.get("/services/")


# What a doctor offers ------------------------------------------------------------------------------------------------


def test_doctor_says_what_is_offered_and_for_how_much(doctor: User, client_of: ClientOf) -> None:
    price_list()
    client = client_of(doctor)
    assert client.get("/practice/services/").status_code == 200
    wrong = client.post("/practice/services/", {"review-is_offered": "on", "review-own_price": "5"})
    assert wrong.status_code == 422
    assert not OfferedService.objects.exists()
    data = {"review-is_offered": "on", "review-own_price": "৬৫০", "repeat-is_offered": "on", "repeat-own_price": ""}
    for _twice in range(2):
        assert client.post("/practice/services/", data).status_code == 302
    offers = {each.service_id: each.price for each in OfferedService.objects.for_list()}
    assert offers == {"review": Decimal(650), "repeat": Decimal(200)}
    client.post("/practice/services/", {"review-is_offered": "on", "review-own_price": ""})
    assert {each.service_id: each.price for each in OfferedService.objects.for_list()} == {"review": Decimal(500)}


def test_finance_keeps_the_price_list_in_the_admin(db: None, client_of: ClientOf) -> None:
    price_list()
    client = client_of(UserFactory(in_group="finance"))
    address = "/admin/prescriptions/service/review/change/"
    data = {"price": "650", "accept_hours": "12", "fulfil_hours": "24", "is_offered": "on"}
    assert client.get("/admin/prescriptions/service/").status_code == 200
    assert client.post(address, data).status_code == 302
    assert client.post(address, data | {"price": "5"}).status_code == 200
    assert Service.objects.get(kind="review").price == 650


def test_administrators_see_how_far_an_order_is_and_not_what_was_asked(
    doctor: User, patient: User, client_of: ClientOf
) -> None:
    order = accepted(doctor, patient, question=QUESTION)
    services.decline_order(order, reason="see_first", words="Your chest", by=doctor)
    client = client_of(UserFactory(in_group="support"))
    for address in ("/admin/prescriptions/order/", f"/admin/prescriptions/order/{order.pk}/change/"):
        response = client.get(address)
        assert response.status_code == 200
        page = response.content.decode()
        assert str(order.pk) in page
        assert QUESTION not in page
        assert "Your chest" not in page


# Certificates --------------------------------------------------------------------------------------------------------


def certified(doctor: User, patient: User) -> Certificate:
    services.make_key()
    order = accepted(doctor, patient, ServiceKind.CERTIFICATE)
    said = Statement("unfit", today(), today() + timedelta(days=2), "Migraine", "en")
    return services.certify_order(order, said, by=doctor).certificate


def test_certificate_that_makes_no_sense_is_not_signed(doctor: User, patient: User, client_of: ClientOf) -> None:
    services.make_key()
    order, client = accepted(doctor, patient, ServiceKind.CERTIFICATE), client_of(doctor)
    address = f"/orders/{order.pk}/certify/"
    data = {"attests": "fit", "first": str(today()), "last": str(today()), "words": "Kept", "language": "en"}
    wrong: dict[str, dict[str, str]] = {
        "choose what you certify": {"attests": ""},
        "required": {"first": ""},
        "fourteen days ago": {"first": str(today() - timedelta(days=15))},
        "before the first": {"last": str(today() - timedelta(days=1))},
        "ninety days": {"last": str(today() + timedelta(days=90))},
    }
    for said, changes in wrong.items():
        response = client.post(address, data | changes)
        assert response.status_code == 422
        assert said in response.content.decode()
        assert "Kept" in response.content.decode()
    assert not Certificate.objects.exists()
    assert client.post(address, data).status_code == 302
    assert Certificate.objects.exists()


def test_anybody_verifies_a_certificate_and_reads_no_name_and_no_remark(
    doctor: User, patient: User, client: Client
) -> None:
    found = certified(doctor, patient)
    typed = client.get("/certificates/", {"code": found.code.lower()})
    assert typed.headers["Location"] == f"/certificates/{found.code}/"
    page = client.get(f"/certificates/{found.code}/").content.decode()
    assert "Signed, and unchanged" in page
    assert "Not fit for work or school" in page
    assert "Migraine" not in page
    assert patient.patient.name not in page


def test_certificate_on_paper_says_it_all_until_it_is_taken_back(
    doctor: User, patient: User, client_of: ClientOf
) -> None:
    found = certified(doctor, patient)
    address = f"/orders/{found.order_id}/certificate.pdf"
    paper = client_of(patient).get(address)
    assert paper.headers["Content-Type"] == "application/pdf"
    assert {"Migraine", *patient.patient.name.split()} <= set(text_of(paper.content).replace(",", " ").split())
    doctors = client_of(doctor)
    assert doctors.post(f"/orders/{found.order_id}/withdraw/", {"words": ""}).status_code == 422
    assert doctors.post(f"/orders/{found.order_id}/withdraw/", {"words": "A slip"}).status_code == 302
    assert client_of(patient).get(address).status_code == 404
    page = doctors.get(f"/certificates/{found.code}/").content.decode()
    assert "taken this certificate back" in page
    assert "Not fit for work" not in page


def test_certificate_that_is_not_what_was_signed_is_said_to_be_none(
    doctor: User, patient: User, client_of: ClientOf
) -> None:
    found = certified(doctor, patient)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE prescriptions_certificate DISABLE TRIGGER USER")
    Certificate.objects.filter(pk=found.pk).update(document=found.document.replace("unfit", "fit"))
    client = client_of(patient)
    for address in (f"/certificates/{found.code}/", f"/orders/{found.order_id}/"):
        page = client.get(address).content.decode()
        assert "Not genuine" in page
        assert "for work or school" not in page
    assert client.get(f"/orders/{found.order_id}/certificate.pdf").status_code == 404


def test_codes_are_asked_for_only_so_often(client: Client, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "VERIFICATIONS_A_MINUTE", 2)
    seen_ = [client.get("/certificates/000000000001/").status_code for _each in range(3)]
    assert seen_ == [404, 404, 429]


# What is said, taken along and erased --------------------------------------------------------------------------------


def test_mails_say_nothing_of_what_was_asked_or_given(doctor: User, patient: User) -> None:
    order = accepted(doctor, patient, question="Is it HIV?")
    services.answer_order(order, "Sertraline again.", by=doctor)
    declined = paid(doctor, patient, question="Is it HIV?")
    services.decline_order(declined, reason="see_first", words="Depression", by=doctor)
    mail.outbox.clear()
    for delivery in Delivery.objects.filter(notification__kind__startswith="order_").order_by("pk"):
        deliver(delivery.pk)
    assert len(mail.outbox) == 5
    for sent in mail.outbox:
        text = sent.subject + sent.body
        assert not [word for word in ("HIV", "Sertraline", "Depression", "report", "certificate") if word in text]
        assert f"/orders/{order.pk}/" in sent.body or f"/orders/{declined.pk}/" in sent.body


def test_copy_of_ones_data_has_what_was_asked_answered_and_certified(doctor: User, patient: User) -> None:
    certified(doctor, patient)
    order = accepted(doctor, patient, question=QUESTION)
    services.answer_order(order, "Fine.", by=doctor)
    section = order_section(patient.patient)
    rows = {record[2]: record for record in section.rows}
    assert {QUESTION, "Fine."} <= set(map(str, rows[ServiceKind.REVIEW]))
    assert "Migraine" in str(rows[ServiceKind.CERTIFICATE][-1])
