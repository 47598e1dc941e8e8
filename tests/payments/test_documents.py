"""Receipts and refund notes: owed with the money, numbered without gaps, and verified by anybody who has one."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import pairwise

import pypdfium2
import pytest
from django.conf import settings
from django.core import mail
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import Notification, User
from accounts.tasks import sweep_deliveries
from payments import services, tasks
from payments.models import Charge, Document, DocumentKind, DueDocument, Refund
from payments.views.documents import read_code
from tests.factories.accounts import UserFactory
from tests.factories.payments import ChargeFactory, PaymentAttemptFactory
from tests.payments.till import Till

type ClientOf = Callable[[User], Client]


def paid(payer: User, **fields: object) -> Charge:
    """A charge that was paid, and its receipt."""
    charge = ChargeFactory(payer=payer, status=Charge.Status.PAID, paid_at="2026-03-01T10:00:00Z", **fields)
    PaymentAttemptFactory(charge=charge, settled=True, card_type="BKASH-BKash")
    services.owe_document(charge)
    tasks.sweep_documents()
    return charge


def refunded(charge: Charge, amount: str) -> Refund:
    """A part of it came back, and its note."""
    refund = Refund.objects.create(
        charge=charge,
        attempt=charge.attempts.get(),
        amount=Decimal(amount),
        reason=Refund.Reason.CANCELLED,
        status=Refund.Status.DONE,
        done_at="2026-03-02T10:00:00Z",
    )
    services.owe_document(charge, refund)
    tasks.sweep_documents()
    return refund


def text_of(content: bytes) -> str:
    with pypdfium2.PdfDocument(content) as pdf:
        return "\n".join(page.get_textpage().get_text_range() for page in pdf)


def test_payment_and_refund_each_leave_one_paper(till: Till) -> None:
    charge = till.charge()
    till.paid(charge)
    [due] = DueDocument.objects.all()
    receipt = services.issue_document(due.pk)
    assert receipt is not None
    assert (receipt.kind, receipt.charge, receipt.amount) == (DocumentKind.RECEIPT, charge, Decimal("500.00"))
    assert receipt.number.startswith("R-20")
    # Asked twice it is the same.
    assert services.issue_document(due.pk) is None

    refund = services.refund_by_admin(charge, amount=Decimal("120.50"), by=UserFactory(as_admin=True))
    assert refund
    assert not DueDocument.objects.exists(), "nothing came back yet"
    till.send(refund)
    tasks.sweep_documents()
    note = Document.objects.get(kind=DocumentKind.REFUND_NOTE)
    assert (note.refund, note.amount, note.number[0]) == (refund, Decimal("120.50"), "N")
    told = Notification.objects.filter(user=charge.payer, kind__in=["receipt_issued", "refund_noted"]).order_by("pk")
    assert [each.facts["number"] for each in told] == [receipt.number, note.number]


def test_numbers_follow_one_another_though_many_are_issued_at_once(transactional_db: None) -> None:
    charges = [ChargeFactory() for _ in range(8)]
    for charge in charges:
        services.owe_document(charge)

    def issue(pk: int) -> None:
        try:
            services.issue_document(pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(issue, DueDocument.objects.values_list("pk", flat=True)))
    numbers = sorted(int(number.rpartition("-")[2]) for number in Document.objects.values_list("number", flat=True))
    assert len(numbers) == len(charges)
    assert all(after - before == 1 for before, after in pairwise(numbers))


@pytest.mark.parametrize(("language", "title"), [("en", "Receipt"), ("bn", None)])
def test_payer_gets_the_receipt_as_a_pdf(db: None, client_of: ClientOf, language: str, title: str | None) -> None:
    payer = UserFactory(name="Rahima Begum", language=language)
    charge = paid(payer, description="Consultation fee", detail="Dr Karim, 3 March #box[x] $1$")
    answer = client_of(payer).get(charge.documents.get().get_absolute_url())
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"].endswith('.pdf"')
    text = text_of(answer.content)
    assert "Rahima Begum" in text
    # Markup in what somebody wrote is set as the text that it is.
    assert "#box[x] $1$" in text
    assert charge.documents.get().number in text
    if title:
        assert title in text
        assert "৳500" in text


def test_paper_is_nobody_elses(client: Client, client_of: ClientOf, patient: User, stranger: User, admin: User) -> None:
    address = paid(patient).documents.get().get_absolute_url()
    assert client.get(address).url.startswith("/accounts/login/")
    assert client_of(stranger).get(address).status_code == 404
    assert client_of(admin).get(address).status_code == 404


def test_anybody_verifies_a_paper_and_learns_no_more_than_stands_on_it(client: Client, patient: User) -> None:
    charge = paid(patient, detail="Dr Karim")
    code = charge.documents.get().code
    page = client.get(f"/payments/verify/{code}/")
    assert (page.status_code, page["Cache-Control"]) == (200, "max-age=0, no-cache, no-store, must-revalidate, private")
    body = page.content.decode()
    assert "Genuine" in body
    assert "৳500" in body
    assert not any(word in body for word in (str(patient), patient.email, "Karim", charge.description))

    refunded(charge, "100.00")
    assert "Genuine, but a part of it went back" in client.get(f"/payments/verify/{code}/").content.decode()
    refund = refunded(charge, "400.00")
    assert "Genuine, but all of it went back" in client.get(f"/payments/verify/{code}/").content.decode()
    note = client.get(f"/payments/verify/{refund.note.code}/").content.decode()
    assert "Refund note" in note
    assert "৳400" in note


def test_code_is_read_as_people_type_it(db: None, client: Client) -> None:
    assert read_code(" abcd-efgh-jk1o ") == "ABCDEFGHJK10"
    assert client.get("/payments/verify/", {"code": "abcd efgh jkmn"}).url == "/payments/verify/ABCDEFGHJKMN/"


@pytest.mark.parametrize("code", ["ABC", "A" * 13, "ABCDEFGHJKU!", "%00", "অআইঈউঊঋএঐওঔক"])
def test_code_that_is_none_is_refused_in_words(db: None, client: Client, code: str) -> None:
    assert client.get("/payments/verify/", {"code": code}).status_code == 404
    assert "No receipt has this code" in client.get(f"/payments/verify/{code}/").content.decode()


def test_one_address_does_not_try_codes_without_end(db: None, client: Client) -> None:
    most = settings.VERIFICATIONS_A_MINUTE
    answers = [client.get("/payments/verify/AAAAAAAAAAAA/").status_code for _ in range(most + 1)]
    assert answers == [404] * most + [429]


@pytest.mark.parametrize("number", [1, 3])
def test_own_payments_take_as_many_queries_whatever_their_number(
    db: None, client_of: ClientOf, patient: User, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(number):
        refunded(paid(patient), "10.00")
    browser = client_of(patient)
    browser.get("/payments/")
    with django_assert_num_queries(6):
        page = browser.get("/payments/").content.decode()
    assert page.count("Paid back") == number


def test_own_payments_leave_out_what_was_never_paid(db: None, client_of: ClientOf, patient: User) -> None:
    ChargeFactory(payer=patient, description="Never paid", status=Charge.Status.VOID)
    ChargeFactory(payer=patient, description="Still to pay")
    page = client_of(patient).get("/payments/").content.decode()
    assert "Still to pay" in page
    assert "Never paid" not in page


def test_mail_of_a_receipt_says_where_it_is_and_neither_with_whom_nor_when(
    db: None, patient: User, django_capture_on_commit_callbacks: object
) -> None:
    charge = paid(patient, detail="Dr Karim, 27 November")
    sweep_deliveries()
    [message] = [each for each in mail.outbox if "receipt" in each.subject.lower()]
    number = charge.documents.get().number
    assert message.subject == f"Your receipt {number}"
    assert charge.documents.get().get_absolute_url() in message.body
    assert "Karim" not in message.body
    assert message.attachments == []
