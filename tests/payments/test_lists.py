"""The gateway's lists beside the ledger: what differs is found, asked about, explained or cleared."""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Notification
from config.db import constraint_name
from config.files import private_storage
from config.tables import BadFile
from payments import services, tasks
from payments.errors import DifferenceClosed, ListClosed
from payments.gateways import gateway
from payments.gateways.lists import REFUSALS, ZONE
from payments.models import Difference, GatewayList, Journal, ListedEntry, ListKind, PaymentAttempt, Refund
from payments.services import lists
from payments.services.attempts import session_request
from payments.services.differences import MOST_ASKED
from tests.factories.accounts import UserFactory
from tests.payments.listed import DAY, HEAD, REFUNDS, compared, found, given_back, line, paid, refund_line, taken
from tests.payments.test_races import at_once
from tests.payments.till import Till, balances

# What agrees and what differs ------------------------------------------------------------------------------------


def test_list_that_agrees_has_no_differences_and_changes_nothing(
    db: None, django_capture_on_commit_callbacks: Any
) -> None:
    first, second = paid(), paid()
    before = (Journal.objects.count(), balances())
    rows = line(first) + line(second, status="Success", amount="500.000", currency_type="")
    rows += line(first, bank_tran_id="", status="FAILED", amount="", store_amount="")
    with django_capture_on_commit_callbacks(execute=True):
        made = compared(HEAD + rows)
    assert (made.status, made.percent, made.moved, made.unmoved, made.unread) == ("done", 100, 2, 1, 0)
    assert found(made) == []
    assert (Journal.objects.count(), balances()) == before
    assert not private_storage().exists(made.file)
    assert not Notification.objects.exists()


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"amount": "500.01"}, ("amount", 2, Decimal("500.01"), Decimal(500))),
        ({"store_amount": "487.49"}, ("fee", 2, Decimal("487.49"), Decimal("487.50"))),
        ({"amount": "500.00", "currency_type": "USD"}, ("unread", 2, None, None)),
        ({"bank_tran_id": "BANK-OF-ANOTHER"}, ("not_here", 2, Decimal(500), None)),
        ({"tran_id": "P-OF-ANOTHER"}, ("not_here", 2, Decimal(500), None)),
    ],
)
def test_row_that_says_otherwise_is_a_difference(
    db: None, changes: dict[str, str], difference: tuple[Any, ...]
) -> None:
    attempt = paid()
    other = compared(HEAD + line(attempt, **changes))
    assert found(other)[0] == difference


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": "500.005"}, "amount"),
        ({"amount": "-500.00"}, "amount"),
        ({"amount": "0.00"}, "amount"),
        ({"amount": "5e2"}, "amount"),
        ({"amount": "99999999999"}, "amount"),
        ({"amount": '"999,999,999,999"'}, "amount"),
        ({"store_amount": ""}, "amount"),
        ({"bank_tran_id": ""}, "number"),
        ({"bank_tran_id": "B" * 81}, "number"),
        ({"tran_id": "P 1"}, "number"),
        ({"tran_id": "P\x00"}, "number"),
        ({"tran_id": "P" * 61}, "number"),
        ({"tran_date": "10/03/2026 12:00"}, "date"),
        ({"tran_date": "2026-03-10 12:00:00 PM"}, "date"),
        ({"tran_date": "2026-03-11 00:00:00"}, "day"),
        ({"tran_date": "2026-03-09 23:59:59"}, "day"),
        ({"status": "PERHAPS"}, "status"),
        ({"currency_type": "Taka"}, "currency"),
        ({"currency_type": "BDT,more"}, "columns"),
    ],
)
def test_row_that_cannot_be_read_is_a_difference_and_nothing_of_it_is_kept(
    db: None, changes: dict[str, str], code: str
) -> None:
    made = compared(HEAD + line(paid(), **changes))
    unread = made.differences.get(kind="unread")
    assert (unread.line, unread.code, unread.reference) == (2, code, "")
    assert code in REFUSALS
    assert not ListedEntry.objects.exists()


def test_amount_in_another_currency_is_compared_in_it(db: None) -> None:
    attempt = paid(charge__amount=Decimal("10.00"), charge__currency="USD", store_amount=Decimal("9.75"))
    head = HEAD.replace("currency_type", "currency_type,currency_amount")
    usd = {"amount": "1200.00", "store_amount": "1170.00"}
    assert found(compared(head + line(attempt, currency_type="USD,10.00", **usd))) == []
    other = compared(head + line(attempt, currency_type="USD,12.00", **usd))
    assert found(other) == [("amount", 2, Decimal(12), Decimal(10))]


def test_payment_that_is_listed_twice_is_told_once_and_another_list_may_have_it_too(db: None) -> None:
    attempt = paid()
    made = compared(HEAD + line(attempt) * 3)
    assert [(kind, at) for kind, at, _there, _here in found(made)] == [("twice", 3), ("twice", 4)]
    assert found(compared(HEAD + "\n" + line(attempt))) == []


def test_payment_of_its_days_that_no_list_has_is_found_up_to_the_edge_of_midnight(db: None) -> None:
    midnight = datetime(2026, 3, 11, tzinfo=ZONE)
    inside = paid(midnight - timedelta(minutes=15, seconds=1))
    paid(midnight - timedelta(minutes=14))
    paid(datetime(2026, 3, 9, 23, 44, tzinfo=ZONE))
    made = compared(HEAD)
    assert [each.attempt for each in made.differences.open()] == [inside]
    assert found(made) == [("not_there", 0, None, Decimal(500))]
    # Found once, and not again by a list of the same days.
    assert found(compared(HEAD + "\n")) == []
    # What came around midnight is looked for by whichever of two neighbours comes second.
    assert len(found(compared(HEAD + "\n\n", day=DAY + timedelta(days=1)))) == 1


def test_neighbours_that_come_in_the_other_order_miss_the_same(db: None) -> None:
    midnight = datetime(2026, 3, 11, tzinfo=ZONE)
    for minutes in (-14, 14):
        paid(midnight + timedelta(minutes=minutes))
    assert found(compared(HEAD, day=DAY + timedelta(days=1))) == []
    assert len(found(compared(HEAD + "\n"))) == 2


def test_later_list_clears_what_an_earlier_one_lacked(db: None) -> None:
    attempt = paid()
    made = compared(HEAD)
    later = compared(HEAD + line(attempt, tran_date="2026-03-11 00:00:01"), day=DAY + timedelta(days=1))
    services.recheck_differences()
    assert made.differences.get().status == Difference.Status.CLEARED
    # Taken back, it proves nothing any more.
    services.withdraw_list(later, by=UserFactory(as_admin=True))
    assert made.differences.get().status == Difference.Status.OPEN


def test_what_a_withdrawn_list_had_found_missing_another_of_its_days_misses(db: None) -> None:
    attempt = paid()
    wrong, right = compared(HEAD), compared(HEAD + "\n")
    assert (len(found(wrong)), len(found(right))) == (1, 0)
    services.withdraw_list(wrong, by=UserFactory(as_admin=True))
    assert found(wrong) == []
    assert right.differences.open().get().attempt == attempt
    # Nor by SQL is one payment missed twice.
    with pytest.raises(IntegrityError, match="payment_not_missed_twice"), transaction.atomic():
        Difference.objects.filter(of=wrong).update(status=Difference.Status.OPEN, closed_at=None)


def test_list_that_breaks_off_proves_nothing(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    attempt = paid()
    made = compared(HEAD)
    monkeypatch.setattr(lists, "BATCH", 1)
    broken = taken((HEAD + line(attempt)).encode() + b"caf\xe9\n")
    write, looked = lists.write_differences, iter([True])

    def looked_at_in_between(differences: Any) -> None:
        write(differences)
        if next(looked, False):
            services.recheck_differences()
            assert found(made) == []

    monkeypatch.setattr(lists, "write_differences", looked_at_in_between)
    assert services.compare_list(broken.pk) is False
    broken.refresh_from_db()
    assert broken.status == "failed"
    assert len(found(made)) == 1


def test_refunds_are_compared_by_the_gateways_number(db: None) -> None:
    agreed, other, absent = given_back(), given_back(), given_back()
    rows = refund_line(agreed) + refund_line(other, "499.00") + "REF-UNKNOWN,10,Refunded,2026-03-10 01:00:00\n"
    made = compared(REFUNDS + rows + refund_line(absent, status="processing"), kind=ListKind.REFUNDS)
    assert sorted(found(made), key=lambda each: each[0]) == [
        ("amount", 3, Decimal(499), Decimal(500)),
        ("not_here", 4, Decimal(10), None),
        ("not_there", 0, None, Decimal(500)),
    ]
    assert made.differences.get(kind="not_there").refund == absent


# What is asked about ---------------------------------------------------------------------------------------------


def today_there() -> date:
    return timezone.now().astimezone(ZONE).date()


def of_today(till: Till, kind: ListKind = ListKind.PAYMENTS) -> GatewayList:
    """Today's list as the sandbox gives it out, compared."""
    return compared(till.sandbox.report(kind, today_there()), kind=kind, day=today_there())


def test_gateways_own_books_agree_with_the_ledger(till: Till) -> None:
    charge, tried = till.charge(), till.charge()
    attempts = [till.start(charge), till.start(charge)]
    for attempt in attempts:
        till.pay(attempt)
    till.pay(till.start(tried), "FAILED")
    till.work()
    [surplus] = charge.refunds.all()
    part = services.refund_by_admin(charge, amount=Decimal("120.50"), by=UserFactory(as_admin=True))
    assert part is not None
    for refund in (surplus, part):
        till.send(refund)

    payments, refunds = of_today(till), of_today(till, ListKind.REFUNDS)
    assert (payments.moved, payments.unmoved, refunds.moved) == (2, 1, 2)
    assert found(payments) == found(refunds) == []


def test_second_payment_under_one_tran_id_is_found_and_goes_back(till: Till) -> None:
    till.sandbox.faults(duplicate_tran_id="accepted", ipn="never")
    charge = till.charge()
    attempt = till.start(charge)
    till.pay(attempt)
    till.reconcile(attempt)
    assert attempt.status == "settled"
    # The gateway takes it once more, and tells nobody.
    gateway().open_session(session_request(attempt))
    till.pay(attempt)

    made = of_today(till)
    assert [kind for kind, *_rest in found(made)] == ["not_here"]
    tasks.sweep_differences()
    assert charge.refunds.get().reason == Refund.Reason.SURPLUS
    assert made.differences.get().status == Difference.Status.CLEARED


def test_payment_that_the_ledger_lacks_is_settled_by_the_gateways_word_and_cleared(till: Till) -> None:
    till.sandbox.faults(ipn="never")
    attempt = till.start(till.charge())
    till.pay(attempt)
    PaymentAttempt.objects.filter(pk=attempt.pk).update(status="expired", ask_at=None)

    made = of_today(till)
    assert [kind for kind, *_rest in found(made)] == ["not_here"]
    attempt.refresh_from_db()
    assert attempt.status == "expired", "a list settles nothing"
    till.sandbox.faults(query="error_500")
    tasks.sweep_differences()
    assert made.differences.get().status == Difference.Status.OPEN
    till.sandbox.faults(query="ok")
    Difference.objects.update(ask_at=timezone.now())
    tasks.sweep_differences()
    attempt.refresh_from_db()
    assert attempt.status == "settled"
    assert made.differences.get().status == Difference.Status.CLEARED


def test_forged_row_settles_nothing_however_often_it_is_asked_about(till: Till) -> None:
    attempt = till.start(till.charge())
    row = f"{attempt.tran_id},BANK-FORGED,{today_there()} 00:00:00,VALID,500.00,487.50,BDT\n"
    made = compared(HEAD + row, day=today_there())
    for _ in range(MOST_ASKED + 1):
        Difference.objects.filter(ask_at__isnull=False).update(ask_at=timezone.now())
        tasks.sweep_differences()
    difference = made.differences.get()
    assert (difference.status, difference.asked, difference.ask_at) == ("open", MOST_ASKED, None)
    assert not Journal.objects.exists()


def test_refund_that_the_gateway_gave_is_asked_about_soon(till: Till) -> None:
    charge = till.charge()
    till.paid(charge)
    till.sandbox.faults(refund="processing")
    promised = services.refund_by_admin(charge, by=UserFactory(as_admin=True))
    assert promised is not None
    refund = till.send(promised)
    assert refund.due_at > timezone.now()
    row = f"{refund.refund_ref_id},500.00,refunded,{today_there()} 00:00:00\n"
    made = compared(REFUNDS + row, kind=ListKind.REFUNDS, day=today_there())
    assert made.differences.get().refund == refund
    refund.refresh_from_db()
    assert refund.due_at <= timezone.now()
    till.sandbox.settle_refund(refund.refund_ref_id)
    tasks.sweep_refunds()
    services.recheck_differences()
    assert made.differences.get().status == Difference.Status.CLEARED


# Once, in whole batches, and again where it broke off --------------------------------------------------------------


def test_same_file_is_one_list_until_it_is_withdrawn(db: None) -> None:
    text = HEAD + line(paid())
    made = compared(text)
    assert taken(text) == made
    services.withdraw_list(made, by=UserFactory(as_admin=True))
    again = compared(text)
    assert again != made
    assert found(again) == []
    with pytest.raises(ListClosed):
        services.withdraw_list(made, by=UserFactory(as_admin=True))


@pytest.mark.django_db(transaction=True)
def test_same_file_handed_in_at_once_is_one_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody sees the other's in time: the database has the last word, and no file is left behind."""
    admin = UserFactory(as_admin=True)
    monkeypatch.setattr(lists, "_known", lambda *_: None)
    before = len(private_storage().listdir("lists")[1]) if private_storage().exists("lists") else 0
    outcomes = at_once(*[lambda: taken(HEAD, by=admin).pk] * 4)
    assert set(outcomes) == {GatewayList.objects.get().pk}
    assert len(private_storage().listdir("lists")[1]) == before + 1


def compared_at_once(monkeypatch: pytest.MonkeyPatch) -> tuple[GatewayList, list[Any]]:
    """Three workers have the same list of five rows, two in a batch."""
    monkeypatch.setattr(lists, "BATCH", 2)
    made = taken(HEAD + "".join(line(paid(), amount="1.00") for _ in range(5)))
    outcomes = at_once(*[lambda: services.compare_list(made.pk)] * 3)
    made.refresh_from_db()
    return made, outcomes


@pytest.mark.django_db(transaction=True)
def test_list_in_many_hands_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made, outcomes = compared_at_once(monkeypatch)
    assert {type(each) for each in outcomes} == {bool}
    assert services.compare_list(made.pk) is False
    made.refresh_from_db()
    assert (made.status, made.moved, made.entries.count(), made.differences.count()) == ("done", 5, 5, 5)


@pytest.mark.django_db(transaction=True)
def test_without_the_lists_lock_the_database_keeps_rows_from_being_read_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard taken away: all read the same batch, and one alone may write it."""
    reading = threading.Barrier(3)

    class Unlocked(lists.Table):
        def rows(self) -> Any:
            with suppress(threading.BrokenBarrierError):
                reading.wait(1)
            return super().rows()

    monkeypatch.setattr(lists, "Table", Unlocked)
    monkeypatch.setattr(type(GatewayList.objects.all()), "select_for_update", lambda rows, **_: rows)
    made, outcomes = compared_at_once(monkeypatch)
    assert "line_of_a_list_not_twice" in {
        constraint_name(each) for each in outcomes if isinstance(each, IntegrityError)
    }
    assert made.entries.count() <= 5


@pytest.mark.django_db(transaction=True)
def test_difference_explained_at_once_has_one_explanation() -> None:
    difference = compared(HEAD + line(paid(), amount="1.00")).differences.get()
    admin = UserFactory(as_admin=True)
    outcomes = at_once(
        *[lambda note=note: services.explain_difference(difference, note=note, by=admin) for note in ("a", "b", "c")],
        services.recheck_differences,
    )
    difference.refresh_from_db()
    [explained] = [each for each in outcomes if isinstance(each, Difference)]
    assert (difference.status, difference.note) == ("explained", explained.note)


class Died(BaseException):
    """As a worker that is killed: nothing of ours runs any more."""


def test_worker_that_dies_has_written_whole_batches_and_the_next_goes_on(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "BATCH", 2)
    attempts = [paid() for _ in range(5)]
    made = taken(HEAD + "".join(line(attempt, amount="1.00") for attempt in attempts))
    write, deaths = lists.write_differences, iter([None, Died()])

    def dying(differences: Any) -> None:
        write(differences)
        if died := next(deaths):
            raise died

    monkeypatch.setattr(lists, "write_differences", dying)
    with pytest.raises(Died):
        services.compare_list(made.pk)
    made.refresh_from_db()
    assert (made.status, made.moved, len(found(made))) == ("running", 2, 2)
    monkeypatch.setattr(lists, "write_differences", write)
    tasks.sweep_lists()
    made.refresh_from_db()
    assert (made.status, made.moved, made.percent) == ("done", 5, 100)
    assert [at for _kind, at, _there, _here in found(made)] == [2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("tran_id,amount\n", "These columns are missing"),
        (HEAD.encode("utf-16"), "not in UTF-8"),
        (HEAD.encode() + b"caf\xe9\n", "Line 2 is not in UTF-8"),
        (HEAD + "x\n" * 1001, "Too many"),
    ],
)
def test_file_of_another_kind_breaks_off_in_words_and_counts_for_nothing(
    db: None, alerts: Callable[[], list[str]], text: str | bytes, words: str
) -> None:
    paid()
    assert words in said_of(text)
    assert alerts() == ["gateway_list_broke_off"] * GatewayList.objects.count()
    assert not Difference.objects.open().exists()


def said_of(text: str | bytes) -> str:
    """What is wrong with the file, when it is handed in or when it is read."""
    try:
        return compared(text).error
    except BadFile as refusal:
        return str(refusal)


@pytest.mark.parametrize("number", [1, 3])
def test_batch_takes_as_many_queries_however_many_rows(
    db: None, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    made = taken(HEAD + "".join(line(paid(), amount="1.00") for _ in range(number)))
    with django_assert_num_queries(18):
        services.compare_list(made.pk)


# What becomes of a difference ------------------------------------------------------------------------------------


def test_difference_is_explained_once_with_a_name(db: None) -> None:
    admin = UserFactory(as_admin=True)
    difference = compared(HEAD + line(paid(), amount="1.00")).differences.get()
    services.explain_difference(difference, note="The bank's mistake", by=admin)
    with pytest.raises(DifferenceClosed):
        services.explain_difference(difference, note="Another", by=admin)
    services.recheck_differences()
    difference.refresh_from_db()
    assert (difference.status, difference.note, difference.by) == ("explained", "The bank's mistake", admin)
    # Nor by SQL.
    with pytest.raises(IntegrityError, match="difference_not_explained_by_nobody"), transaction.atomic():
        Difference.objects.update(note="")


def test_who_may_explain_and_who_handed_it_in_are_told(db: None, alerts: Callable[[], list[str]]) -> None:
    finance, helper = UserFactory(in_group="finance"), UserFactory(as_admin=True)
    UserFactory(in_group="support")
    compared(HEAD + line(paid(), amount="1.00"), by=helper)
    told = Notification.objects.filter(kind="list_differs")
    assert {each.user for each in told} == {finance, helper}
    assert told[0].facts["differences"] == 1
    assert alerts() == ["gateway_list_differs"]
