"""What a doctor sees of the money: a balance, days, months, every line, and where it goes."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

import pypdfium2
import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from config.days import zone as portal_zone
from patients.models import today
from payments import statements
from payments.models import Account, Charge, Journal, PayoutAccount
from payments.services.ledger import post
from tests.accounts.proof import prove
from tests.factories.payments import ChargeFactory

type ClientOf = Callable[[User], Client]

PATH = "/practice/income/"
WALLET = {"method": "bkash", "holder": "Anisul Haque", "number": "+88 01712-345678"}
BANK = {
    "method": "bank",
    "holder": "Anisul Haque",
    "number": "1234 5678 9012",
    "bank": "Sonali Bank",
    "branch": "Motijheel",
    "routing": "200273220",
}


def proven(doctor: User) -> Client:
    """A browser in which the doctor signed in a moment ago."""
    client = Client()
    client.force_login(doctor)
    prove(client, doctor)
    return client


def line(doctor: User, kind: Journal.Kind, net: str, kept: str = "0", at: datetime | None = None) -> Charge:
    """A journal with so much for the doctor, and so much for the portal."""
    charge = ChargeFactory(description="Consultation fee", done_path="/appointments/1/")
    part, share = Decimal(net), Decimal(kept)
    lines = {Account.DEPOSIT: part + share, Account.DOCTOR: -part, Account.COMMISSION: -share}
    post(kind, charge=charge, cause=charge.pk.hex, lines=lines, doctor_id=doctor.doctor.pk, at=at)
    return charge


def paid_out(doctor: User, amount: str, at: datetime) -> None:
    lines = {Account.DOCTOR: Decimal(amount), Account.BANK: -Decimal(amount)}
    post(Journal.Kind.PAYOUT, cause="P", currency="BDT", lines=lines, doctor_id=doctor.doctor.pk, at=at)


def test_income_is_summed_by_day_and_month_in_the_portals_zone(doctor: User) -> None:
    zone = portal_zone()
    line(doctor, Journal.Kind.EARNING, "450", "50", datetime(2026, 3, 1, 0, 5, tzinfo=zone))
    line(doctor, Journal.Kind.EARNING, "900", "100", datetime(2026, 3, 31, 23, 55, tzinfo=zone))
    line(doctor, Journal.Kind.REFUND_DUE, "-90", "-10", datetime(2026, 3, 31, 23, 56, tzinfo=zone))
    line(doctor, Journal.Kind.EARNING, "45", "5", datetime(2026, 4, 1, 0, 0, tzinfo=zone))
    paid_out(doctor, "1000", datetime(2026, 4, 2, 12, 0, tzinfo=zone))
    own = doctor.doctor

    days = statements.by_day(own, date(2026, 3, 1))
    assert len(days) == 31
    first, last = days[0], days[-1]
    assert (first.gross, first.commission, first.net) == (500, 50, 450)
    assert (last.gross, last.commission, last.net) == (900, 90, 810)
    assert (last.earned, last.back) == (1000, 100)
    march, april = statements.by_month(own, date(2026, 4, 1), months=2)
    assert (march.gross, march.net, march.back, march.paid_out) == (1400, 1260, 100, 0)
    assert (april.gross, april.net, april.back, april.paid_out) == (50, 45, 0, 1000)
    assert statements.balance(own, before=date(2026, 4, 1)) == 1260
    assert statements.balance(own) == 305
    nets = [(each.gross, each.commission, each.net) for each in statements.statement_lines(own, date(2026, 3, 1))]
    assert nets == [(500, 50, 450), (1000, 100, 900), (-100, -10, -90)]


def test_income_page_shows_sums_and_is_the_doctors_own(
    client_of: ClientOf, doctor: User, other_doctor: User, patient: User
) -> None:
    line(doctor, Journal.Kind.EARNING, "450", "50")
    page = client_of(doctor).get(PATH).content.decode()
    assert "৳450" in page
    assert "Name an account" in page
    assert "went back to patients" not in page
    line(doctor, Journal.Kind.REFUND_DUE, "-90", "-10")
    page = client_of(doctor).get(PATH).content.decode()
    assert "without ৳100 that went back to patients" in page
    refunds = '<td class="number" data-label="Refunds">৳100</td>'
    assert page.count(refunds) == 2, "of the day and of the month"
    assert "৳450" not in client_of(other_doctor).get(PATH).content.decode()
    assert client_of(patient).get(PATH).status_code == 403


@pytest.mark.parametrize("number", [1, 3])
def test_pages_take_as_many_queries_whatever_was_earned(
    client_of: ClientOf, doctor: User, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(number):
        line(doctor, Journal.Kind.EARNING, "450", "50")
    browser, month = client_of(doctor), today()
    browser.get(PATH)
    with django_assert_num_queries(10):
        browser.get(PATH)
    with django_assert_num_queries(8):
        page = browser.get(f"{PATH}{month.year}/{month.month}/").content.decode()
    assert page.count("Consultation fee") == number


def test_statement_leads_from_what_was_owed_before_to_what_is_owed_after(client_of: ClientOf, doctor: User) -> None:
    zone = portal_zone()
    line(doctor, Journal.Kind.EARNING, "700", "70", datetime(2026, 2, 28, 23, 59, tzinfo=zone))
    line(doctor, Journal.Kind.EARNING, "450", "50", datetime(2026, 3, 1, 0, 0, tzinfo=zone))
    paid_out(doctor, "900", datetime(2026, 3, 31, 23, 59, tzinfo=zone))
    line(doctor, Journal.Kind.EARNING, "80", "8", datetime(2026, 4, 1, 0, 0, tzinfo=zone))
    context = client_of(doctor).get(f"{PATH}2026/3/").context
    assert (context["opening"], context["sums"].net, context["sums"].paid_out, context["closing"]) == (
        700,
        450,
        900,
        250,
    )
    assert [(each.gross, each.net) for each in context["page"]] == [(500, 450), (-900, -900)]


def test_statement_as_csv_and_pdf(client_of: ClientOf, doctor: User) -> None:
    charge = line(doctor, Journal.Kind.EARNING, "450", "50")
    month, browser = today(), client_of(doctor)
    sheet = browser.get(f"{PATH}{month.year}/{month.month}/statement.csv")
    head, row, end = b"".join(sheet.streaming_content).decode("utf-8-sig").split("\r\n")
    assert head == "Date,What,Reference,In all,Commission,Yours"
    assert row == f"{month},Earned,{charge.pk},500.00,50.00,450.00"
    assert end == ""
    content = browser.get(f"{PATH}{month.year}/{month.month}/statement.pdf").content
    with pypdfium2.PdfDocument(content) as pdf:
        text = pdf[0].get_textpage().get_text_range()
    assert "৳450" in text


@pytest.mark.parametrize("month", ["1999/1", "2026/13", "2026/0", "9999/1"])
def test_month_that_is_none_or_has_not_come_is_not_found(client_of: ClientOf, doctor: User, month: str) -> None:
    assert client_of(doctor).get(f"{PATH}{month}/").status_code == 404


def test_account_is_named_after_a_fresh_sign_in_and_never_shown_whole(client_of: ClientOf, doctor: User) -> None:
    browser = client_of(doctor)
    assert "/reauthenticate/" in browser.get(f"{PATH}account/").url
    fresh = proven(doctor)
    assert fresh.post(f"{PATH}account/", BANK).status_code == 302
    account = PayoutAccount.objects.get(doctor=doctor.doctor)
    assert (account.number, account.bank, account.routing) == ("123456789012", "Sonali Bank", "200273220")
    assert fresh.post(f"{PATH}account/", WALLET).status_code == 302
    account.refresh_from_db()
    assert (account.number, account.method, account.bank) == ("01712345678", "bkash", "")
    page = fresh.get(f"{PATH}account/").content.decode()
    assert "•••• 5678" in page
    assert "01712345678" not in page


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (BANK | {"bank": ""}, "Please name the bank."),
        (BANK | {"routing": "12345678"}, "A routing number has nine digits."),
        (BANK | {"number": "12-34"}, "An account number has 6 to 20 digits."),
        (WALLET | {"number": "0121234567"}, "A mobile number has eleven digits and begins with 01."),
    ],
)
def test_account_that_cannot_be_right_is_refused_beside_the_field(
    doctor: User, changed: dict[str, str], sentence: str
) -> None:
    answer = proven(doctor).post(f"{PATH}account/", changed)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not PayoutAccount.objects.exists()


def test_bangla_digits_are_digits(doctor: User) -> None:
    proven(doctor).post(f"{PATH}account/", WALLET | {"number": "০১৭১২৩৪৫৬৭৮"})
    assert PayoutAccount.objects.get().number == "01712345678"
