"""Random lives of payments over HTTP: payers, browsers, the running gateway, workers and administrators in any order.

After each step what must always be true is looked at in our ledger beside the gateway's own books. `make test` tries a
few lives, the same ones every time; LIVES=2000 STEPS=40 tries so many that are new.
"""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Sum
from django.test import Client, TransactionTestCase
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from accounts.models import User
from appointments.models import Appointment, Status
from appointments.services import (
    begin_visit,
    cancel_appointment,
    complete_visit,
    expire_hold,
    hold_slot,
    mark_no_show,
    reschedule,
    start_payment,
)
from config.errors import DomainError
from doctors.models import Doctor, Mode
from payments import services
from payments.gateways import sslcommerz
from payments.gateways.lists import ZONE
from payments.models import (
    Account,
    Charge,
    Difference,
    Dispute,
    GatewayMessage,
    LedgerEntry,
    ListKind,
    PaymentAttempt,
    Refund,
)
from payments.sandbox.protocol import sign, store_amount
from payments.services.ledger import standing
from prescriptions.models import Order, OrderStatus, ServiceKind
from prescriptions.services import (
    accept_order,
    answer_order,
    cancel_order,
    decline_order,
    end_overdue,
    pay_order,
    place_order,
)
from tests.appointments.visits import at, shifted
from tests.emptying import empty
from tests.factories.accounts import UserFactory
from tests.factories.doctors import DoctorFactory
from tests.factories.patients import PatientFactory
from tests.payments.sandbox_process import STORE_PASSWORD
from tests.payments.test_settlement import reopen
from tests.payments.till import Json, Till
from tests.prescriptions.orders import offered

LIVES = int(os.environ.get("LIVES", "0"))
STEPS = int(os.environ.get("STEPS", "20"))
FEE = Decimal("500.00")
STARTS = 3
DECIDED = ("VALID", "FAILED", "CANCELLED", "EXPIRED")
SEATED = (Status.CONFIRMED, Status.IN_PROGRESS, Status.PAYMENT_REVIEW)
# What a sale is, for its money: of a booking and of an order.
WANTS, LOOKED_AT, HAS, DONE, OFF = "is to be paid", "is looked at", "is paid", "is done", "is off"
SALES: dict[str, str] = {
    Status.HELD: WANTS,
    Status.PAYMENT_REVIEW: LOOKED_AT,
    Status.CONFIRMED: HAS,
    Status.IN_PROGRESS: HAS,
    Status.COMPLETED: DONE,
    Status.NO_SHOW: DONE,
    Status.EXPIRED: OFF,
    Status.CANCELLED: OFF,
    OrderStatus.PLACED: WANTS,
    OrderStatus.PAID: HAS,
    OrderStatus.ACCEPTED: HAS,
    OrderStatus.FULFILLED: DONE,
    OrderStatus.DECLINED: OFF,
    OrderStatus.LAPSED: OFF,
}
NOTHING = Decimal(0)
TILL: Till


def pick(of: int) -> Any:
    return st.integers(0, of - 1)


def mostly(usual: str, *others: str) -> Any:
    return st.sampled_from([usual] * len(others) + list(others))


def total(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, NOTHING)


@dataclass
class Money:
    """What of a charge's payments was promised back and what was not: worked out of the rows, not of the ledger."""

    charge: Charge
    paid: Decimal
    promised: Decimal
    given: Decimal
    refused: Decimal
    own: PaymentAttempt | None
    own_left: Decimal
    surplus_left: Decimal

    @classmethod
    def of(cls, charge: Charge) -> "Money":
        attempts = list(charge.attempts.with_money())
        refunds = list(charge.refunds.all())
        standing_refunds = [each for each in refunds if each.status != Refund.Status.FAILED]

        def left(attempt: PaymentAttempt) -> Decimal:
            back = [each.amount for each in standing_refunds if each.attempt_id == attempt.pk]
            assert total(back) <= attempt.amount
            return attempt.amount - total(back)

        own = next((each for each in attempts if not each.is_surplus), None)
        return cls(
            charge=charge,
            paid=total(each.amount for each in attempts),
            promised=total(each.amount for each in standing_refunds),
            given=total(each.amount for each in refunds if each.status == Refund.Status.DONE),
            refused=total(each.amount for each in refunds if each.status == Refund.Status.FAILED),
            own=own,
            own_left=left(own) if own else NOTHING,
            surplus_left=total(left(each) for each in attempts if each.is_surplus),
        )


class Payments(RuleBasedStateMachine):
    """One doctor with three free times who reads reports, two patients who want something of each, one gateway."""

    def __init__(self) -> None:
        super().__init__()
        TILL.sandbox.reset()
        self.doctor: User = DoctorFactory(with_hours=True, fee_video=FEE).user
        self.payers: list[User] = [PatientFactory().user for _ in range(2)]
        self.browsers: dict[int, Client] = {}
        for payer in self.payers:
            self.browsers[payer.pk] = Client()
            self.browsers[payer.pk].force_login(payer)
        self.admin: User = UserFactory(as_admin=True)
        for payer in self.payers:
            # Whom the doctor has seen may order.
            past = timezone.now() - timedelta(days=1 + self.payers.index(payer))
            period = DateTimeTZRange(past, past + timedelta(minutes=15))
            facts = {"period": period, "blocked": period, "mode": Mode.VIDEO, "status": Status.COMPLETED, "fee": 0}
            Appointment.objects.create(
                doctor=self.doctor.doctor, patient=payer.patient, booked_by=payer, policy={}, **facts
            )
        self.offered = offered(self.doctor, ServiceKind.REVIEW, FEE)
        self.starts = [at(10, 15 * number) for number in range(STARTS)]
        self.returns: list[Json] = []
        self.in_the_past = 0
        self.is_touched = True

    def teardown(self) -> None:
        try:
            if sys.exception() is None:
                self.everything_comes_to_rest()
                self.the_gateways_lists_agree()
        finally:
            empty(TransactionTestCase())

    # How it is done

    @contextmanager
    def touching(self) -> Iterator[None]:
        """The house may say no, and then nothing has changed."""
        self.is_touched = True
        sslcommerz.fuses.clear()
        try:
            yield
        except DomainError:
            pass
        finally:
            TILL.sandbox.clear_faults()

    def visits(self, *statuses: Status) -> list[Appointment]:
        rows = Appointment.objects.select_related("doctor__user", "booked_by", "charge", "patient").order_by("pk")
        return list(rows.filter(status__in=statuses) if statuses else rows)

    def visit(self, number: int, *statuses: Status) -> Appointment | None:
        return one(self.visits(*statuses), number)

    def books(self, *statuses: str) -> list[Json]:
        """The gateway's, oldest first."""
        return [each for each in reversed(TILL.sandbox.transactions()) if each["status"] in statuses]

    def begin_attempt(self, charge: Charge) -> None:
        response = self.browsers[charge.payer_id].post(f"/payments/{charge.pk}/start/")
        assert response.status_code in {302, 303, 409}

    # Payers

    @initialize(second=pick(STARTS), first=st.sampled_from(["paid", "paid twice", "paid too late", "not paid"]))
    def two_are_about_to_pay(self, second: int, first: str) -> None:
        self.book(0, 0)
        match first:
            case "paid":
                self.payer_decides(0, "VALID", "before_return", 1, "")
            case "paid twice":
                self.pay_in_two_tabs(0)
            case "paid too late":
                self.pay_too_late(0, False)
        self.book(1, second)

    @rule(patient=pick(2), start=pick(STARTS))
    def book(self, patient: int, start: int) -> None:
        """Held, and at the gateway's page."""
        user = self.payers[patient]
        with self.touching():
            held = hold_slot(
                self.doctor.doctor.pk,
                start=self.starts[start],
                mode=Mode.VIDEO,
                patient_id=user.patient.pk,
                by=user,
            )
            charge = start_payment(held, by=user)
            assert charge
            self.begin_attempt(charge)

    @rule(
        number=pick(4),
        session=mostly("ok", "drop", "no_url", "failed", "html"),
        is_quick=st.sampled_from([False, False, False, True]),
    )
    def try_again(self, number: int, session: str, is_quick: bool) -> None:
        """Another attempt; the quick one is paid, and told of, before the gateway has answered."""
        if charge := self.to_be_paid(number):
            with self.touching():
                TILL.sandbox.faults(session=session, pay_on_open=is_quick)
                self.begin_attempt(charge)

    def to_be_paid(self, number: int) -> Charge | None:
        return one(list(Charge.objects.filter(status=Charge.Status.OPEN).order_by("pk")), number)

    def pay_all_pages(self, charge: Charge) -> None:
        for attempt in charge.attempts.filter(status=PaymentAttempt.Status.OPEN):
            TILL.sandbox.pay(attempt.tran_id)
        TILL.work()

    @rule(number=pick(4))
    def pay_in_two_tabs(self, number: int) -> None:
        if charge := self.to_be_paid(number):
            with self.touching():
                self.begin_attempt(charge)
                self.begin_attempt(charge)
                self.pay_all_pages(charge)

    @rule(number=pick(4), is_called_off=st.booleans())
    def pay_too_late(self, number: int, is_called_off: bool) -> None:
        """What was called off meanwhile, or what somebody else has by now."""
        if not (charge := self.to_be_paid(number)):
            return
        visit, order = (model.objects.filter(charge=charge).first() for model in (Appointment, Order))
        with self.touching():
            if visit and is_called_off:
                cancel_appointment(visit, by=charge.payer, side="patient", reason="other")
            elif visit:
                self.let_lapse(visit)
                other = next(each for each in self.payers if each != charge.payer)
                hold_slot(
                    self.doctor.doctor.pk, start=visit.start, mode=Mode.VIDEO, patient_id=other.patient.pk, by=other
                )
            elif order:
                cancel_order(order, by=charge.payer)
        with self.touching():
            self.pay_all_pages(charge)

    def let_lapse(self, visit: Appointment) -> None:
        past = timezone.now() - timedelta(seconds=1)
        Appointment.objects.filter(pk=visit.pk).update(hold_expires_at=past)
        Charge.objects.filter(pk=visit.charge_id).update(due_at=past)

    @rule(
        number=pick(4),
        outcome=mostly("VALID", "FAILED", "CANCELLED", "EXPIRED"),
        ipn=mostly("before_return", "late", "never"),
        copies=st.sampled_from([1, 1, 3]),
        trick=mostly("", "risky", "ipn_forged", "failed_after_valid"),
    )
    def payer_decides(self, number: int, outcome: str, ipn: str, copies: int, trick: str) -> None:
        if session := one(self.books("PENDING"), number):
            with self.touching():
                TILL.sandbox.faults(ipn=ipn, ipn_copies=copies, **({trick: True} if trick else {}))
                paid = TILL.sandbox.pay(session["tran_id"], outcome)
                if paid["return"]:
                    self.returns.append(paid)

    @rule(number=pick(4))
    def browser_comes_back(self, number: int) -> None:
        """For the first time or once more."""
        if paid := one(self.returns, number):
            with self.touching():
                assert TILL.come_back(paid).status_code == 303

    @rule(number=pick(4))
    def page_is_paid_a_second_time(self, number: int) -> None:
        """Under one tran_id, as a gateway that does not watch over them lets happen."""
        if session := one(self.books("VALID"), number):
            with self.touching():
                TILL.sandbox.faults(duplicate_tran_id="accepted")
                reopen(TILL, session["request"])

    @rule(number=pick(4), side=st.sampled_from(["patient", "doctor"]))
    def cancel(self, number: int, side: str) -> None:
        if visit := self.visit(number, Status.HELD, *SEATED):
            with self.touching():
                by = visit.booked_by if side == "patient" else visit.doctor.user
                cancel_appointment(visit, by=by, side=side, reason="other")

    @rule(number=pick(4), start=pick(STARTS), side=st.sampled_from(["patient", "doctor"]))
    def move(self, number: int, start: int, side: str) -> None:
        if visit := self.visit(number, Status.CONFIRMED):
            with self.touching():
                by = visit.booked_by if side == "patient" else visit.doctor.user
                reschedule(visit, start=self.starts[start], sequence=visit.sequence, by=by, side=side)

    @rule(number=pick(4), reason=st.sampled_from(list(Dispute.Reason)))
    def complain(self, number: int, reason: Dispute.Reason) -> None:
        if charge := one(list(Charge.objects.filter(status=Charge.Status.PAID).order_by("pk")), number):
            with self.touching():
                services.open_dispute(charge, reason=reason, words="Words.", by=charge.payer)

    @rule(patient=pick(2))
    def order(self, patient: int) -> None:
        """A review of reports, and at the gateway's page."""
        user = self.payers[patient]
        with self.touching():
            placed, _is_new = place_order(self.offered, user.patient, question="?", by=user)
            charge = pay_order(placed, by=user)
            assert charge
            self.begin_attempt(charge)

    # Time and the doctor

    @rule(number=pick(4), what=st.sampled_from(["accept", "answer", "answer", "decline", "cancel", "too late"]))
    def something_becomes_of_an_order(self, number: int, what: str) -> None:
        if order := one(list(Order.objects.open().order_by("pk")), number):
            with self.touching():
                match what:
                    case "accept":
                        accept_order(order, by=self.doctor)
                    case "answer":
                        answer_order(accept_order(order, by=self.doctor), "Words.", by=self.doctor)
                    case "decline":
                        decline_order(order, reason="no_time", words="", by=self.doctor)
                    case "cancel":
                        cancel_order(order, by=order.ordered_by)
                    case "too late":
                        Order.objects.filter(pk=order.pk).update(due_at=timezone.now() - timedelta(seconds=1))
                        end_overdue(order.pk)

    @rule(number=pick(4), is_swept=st.booleans())
    def hold_runs_out(self, number: int, is_swept: bool) -> None:
        if visit := self.visit(number, Status.HELD):
            with self.touching():
                self.let_lapse(visit)
                if is_swept:
                    expire_hold(visit.pk)

    @rule(number=pick(4), what=st.sampled_from(["complete", "complete", "begin", "patient", "doctor"]))
    def visit_happens(self, number: int, what: str) -> None:
        if visit := self.visit(number, Status.CONFIRMED, Status.IN_PROGRESS):
            with self.touching():
                self.in_the_past += 1
                visit = shifted(visit, timezone.now() - timedelta(hours=self.in_the_past))
                match what:
                    case "begin":
                        begin_visit(visit, by=self.doctor)
                    case "complete":
                        complete_visit(visit, by=self.doctor)
                    case side:
                        mark_no_show(visit, side=side, by=self.doctor)

    # The gateway

    @rule()
    def late_messages_arrive(self) -> None:
        with self.touching():
            TILL.sandbox.release_ipn()

    @rule(number=pick(4))
    def message_arrives_again(self, number: int) -> None:
        newest = {each["tran_id"]: each for each in self.books("PENDING", *DECIDED)}
        if session := one([each for each in newest.values() if each["status"] in DECIDED], number):
            with self.touching():
                TILL.sandbox.resend_ipn(session["tran_id"])

    @rule(
        number=pick(4),
        other=pick(4),
        says=st.sampled_from(["FAILED", "CANCELLED", "amount", "currency", "store_id", "tran_id", "val_id"]),
        is_signed=st.booleans(),
    )
    def somebody_forges_a_message(self, number: int, other: int, says: str, is_signed: bool) -> None:
        """Out of a real one; signed means that even the password is known to whoever forges."""
        told = [each["ipns"][0]["fields"] for each in self.books("VALID") if each["ipns"]]
        attempt = one(list(PaymentAttempt.objects.filter(twin_of=None).order_by("pk")), other)
        if (fields := one(told, number)) and attempt:
            changed = {
                "amount": {"amount": "10.00", "currency_amount": "10.00"},
                "currency": {"currency_type": "USD"},
                "store_id": {"store_id": "elsewhere"},
                "tran_id": {"tran_id": attempt.tran_id},
                "val_id": {"val_id": "2611270000001nothing"},
            }.get(says, {"status": says})
            unsigned = {name: value for name, value in fields.items() if not name.startswith("verify_")}
            with self.touching():
                lie = sign(unsigned | changed, STORE_PASSWORD) if is_signed else fields | changed
                assert TILL.send_ipn(lie).status_code == 200

    @rule(number=pick(4), status=st.sampled_from(["refunded", "cancelled"]))
    def refund_ends_at_the_gateway(self, number: int, status: str) -> None:
        under_way = [refund for each in self.books("VALID") for refund in each["refunds"]]
        if refund := one([each for each in under_way if each["status"] == "processing"], number):
            with self.touching():
                TILL.sandbox.settle_refund(refund["refund_ref_id"], status)

    # Workers

    @rule(validation=mostly("ok", "drop", "error_500", "html", "truncated", "inactive", "pending", "failed"))
    def worker_reads_messages(self, validation: str) -> None:
        with self.touching():
            TILL.sandbox.faults(validation=validation, times=1)
            TILL.work()

    @rule(
        number=pick(6),
        query=mostly("ok", "drop", "html", "inactive"),
        shape=st.sampled_from(["list", "object", "text_count", "none"]),
    )
    def gateway_is_asked(self, number: int, query: str, shape: str) -> None:
        if attempt := one(list(PaymentAttempt.objects.filter(val_id=None).order_by("pk")), number):
            with self.touching():
                TILL.sandbox.faults(query=query, query_shape=shape, times=1)
                TILL.reconcile(attempt)

    @rule(number=pick(4), answer=st.sampled_from(["ok", "ok", "processing", "failed", "failed", "drop", "inactive"]))
    def refund_goes_out(self, number: int, answer: str) -> None:
        if refund := one(list(Refund.objects.filter(status__in=Refund.UNDECIDED).order_by("pk")), number):
            with self.touching():
                # The gateway's no is the truth: it does not deny what it has done.
                TILL.sandbox.faults(refund="ok" if answer == "failed" and refund.asked else answer, times=1)
                TILL.send(refund)

    # Administrators

    @rule(number=pick(4), stands=st.booleans())
    def look_at_risky_money(self, number: int, stands: bool) -> None:
        if charge := one(list(Charge.objects.filter(status=Charge.Status.REVIEW).order_by("pk")), number):
            with self.touching():
                (services.approve_review if stands else services.refuse_review)(charge, by=self.admin)

    @rule(number=pick(4), amount=st.sampled_from([None, Decimal("120.55"), Decimal("379.45")]))
    def give_back(self, number: int, amount: Decimal | None) -> None:
        if charge := one(list(Charge.objects.order_by("pk")), number):
            with self.touching():
                services.refund_by_admin(charge, amount=amount, by=self.admin)

    @rule(number=pick(4))
    def try_refused_refund_again(self, number: int) -> None:
        if refund := one(list(Refund.objects.filter(status=Refund.Status.FAILED).order_by("pk")), number):
            with self.touching():
                services.retry_refund(refund, by=self.admin)

    @rule(number=pick(4), amount=st.sampled_from([NOTHING, None, Decimal("99.99")]))
    def settle_complaint(self, number: int, amount: Decimal | None) -> None:
        if dispute := one(list(Dispute.objects.open().select_related("charge").order_by("pk")), number):
            with self.touching():
                if amount == 0:
                    services.refuse_dispute(dispute, note="No.", by=self.admin)
                else:
                    services.settle_dispute(dispute, amount=amount, note="Yes.", by=self.admin)

    # What is always true

    @invariant()
    def ledger_and_books_agree(self) -> None:
        if not self.is_touched:
            return
        self.is_touched = False
        sums = LedgerEntry.objects.values("journal", "currency").annotate(total=Sum("amount")).exclude(total=0)
        assert not list(sums.order_by())
        books = self.books("VALID")
        self.all_that_we_say_the_gateway_says_too(books)
        vouched = {each["val_id"]: Decimal(each["currency_amount"]) for each in books}
        sales = self.sales()
        for charge in Charge.objects.prefetch_related("refunds"):
            money = Money.of(charge)
            self.ledger_has_what_the_rows_say(money)
            self.money_and_sale_go_together(money, sales[charge.pk])
            if sales[charge.pk] in {HAS, LOOKED_AT}:
                assert money.own
                assert vouched[money.own.val_id] == FEE

    def sales(self) -> dict[UUID, str]:
        """What has become of each charge's sale."""
        bookings = dict(Appointment.objects.exclude(charge=None).values_list("charge", "status"))
        orders = dict(Order.objects.exclude(charge=None).values_list("charge", "status"))
        return {charge: SALES[status] for charge, status in (bookings | orders).items()}

    def all_that_we_say_the_gateway_says_too(self, books: list[Json]) -> None:
        """Payment by payment and refund by refund; and the sums differ by what we have not heard of, and that alone."""
        there = {each["val_id"]: each for each in books}
        refunds_there = {refund["refund_trans_id"]: refund for each in books for refund in each["refunds"]}
        in_flight = dict(there)
        for attempt in PaymentAttempt.objects.exclude(val_id=None).select_related("twin_of"):
            payment = in_flight.pop(attempt.val_id)
            assert payment["tran_id"] == (attempt.twin_of or attempt).tran_id
            assert payment["bank_tran_id"] == attempt.bank_tran_id
            assert Decimal(payment["amount"]) == attempt.amount
        given = dict(refunds_there)
        for refund in Refund.objects.all():
            back = given.pop(refund.refund_trans_id, None)
            assert back is None or Decimal(back["amount"]) == refund.amount
            if refund.status == Refund.Status.DONE:
                assert back
                assert back["status"] == "refunded"
            elif refund.status == Refund.Status.FAILED:
                assert back is None or back["status"] == "cancelled"
        assert given == {}
        done = Refund.objects.filter(status=Refund.Status.DONE).values_list("refund_trans_id", flat=True)
        went_back = {
            key: Decimal(each["amount"]) for key, each in refunds_there.items() if each["status"] == "refunded"
        }
        holds = total(store_amount(Decimal(each["amount"])) for each in books) - total(went_back.values())
        unheard = total(store_amount(Decimal(each["amount"])) for each in in_flight.values())
        unheard -= total(amount for key, amount in went_back.items() if key not in set(done))
        entries = LedgerEntry.objects.filter(account=Account.GATEWAY)
        assert (entries.aggregate(total=Sum("amount"))["total"] or NOTHING) == holds - unheard

    def ledger_has_what_the_rows_say(self, money: Money) -> None:
        on = standing(money.charge)
        kept = -total(on.get(account, NOTHING) for account in (Account.DEPOSIT, Account.DOCTOR, Account.COMMISSION))
        assert money.paid == money.promised + kept
        assert -on.get(Account.REFUNDS_DUE, NOTHING) == money.promised - money.given

    def money_and_sale_go_together(self, money: Money, sale: str) -> None:
        on, charge = standing(money.charge), money.charge
        deposit = -on.get(Account.DEPOSIT, NOTHING)
        earned = -on.get(Account.DOCTOR, NOTHING) - on.get(Account.COMMISSION, NOTHING)
        # Money paid twice is the payer's, whatever the gateway says when it is to go back.
        assert 0 <= earned <= money.own_left
        assert money.surplus_left <= money.refused
        if sale in {HAS, LOOKED_AT}:
            assert charge.status == (Charge.Status.REVIEW if sale == LOOKED_AT else Charge.Status.PAID)
            assert money.own_left > 0
            assert earned == 0
        elif charge.status == Charge.Status.REVIEW:
            # It came too late, and an administrator looks at it before anything else becomes of it.
            assert sale in {WANTS, OFF}
            assert deposit == FEE + money.surplus_left
        elif sale == WANTS:
            assert money.paid == 0
        else:
            assert deposit <= money.refused

    # In the end

    @rule()
    def everything_comes_to_rest(self) -> None:
        """All that is late arrives, all that is due is done; what the gateway refused to give back is given back."""
        with self.touching():
            TILL.sandbox.release_ipn()
            TILL.work()
            for attempt in PaymentAttempt.objects.filter(val_id=None):
                TILL.reconcile(attempt)
        self.refunds_end()
        for refund in Refund.objects.filter(status=Refund.Status.FAILED):
            with self.touching():
                services.retry_refund(refund, by=self.admin)
        for charge in self.over():
            if standing(charge).get(Account.DEPOSIT):
                with self.touching():
                    services.refund_by_admin(charge, by=self.admin)
        self.refunds_end()
        assert not GatewayMessage.objects.filter(status=GatewayMessage.Status.NEW).exists()
        self.ledger_and_books_agree()

        told = {attempt.val_id for attempt in PaymentAttempt.objects.exclude(val_id=None)}
        settled = [each["val_id"] for each in self.books("VALID")]
        twice = {each["tran_id"] for each in self.books("VALID") if each["val_id"] not in told}
        # Of a second payment under a settled tran_id the gateway's list alone tells, if its message is lost.
        assert twice <= set(PaymentAttempt.objects.exclude(val_id=None).values_list("tran_id", flat=True)), settled
        assert not any(standing(charge).get(Account.DEPOSIT) for charge in self.over())

    def over(self) -> list[Charge]:
        """Those of which nobody is to have anything any more."""
        sales = self.sales()
        decided = Charge.objects.exclude(status=Charge.Status.REVIEW)
        return [charge for charge in decided if sales[charge.pk] in {DONE, OFF}]

    def refunds_end(self) -> None:
        with self.touching():
            for refund in [refund for each in self.books("VALID") for refund in each["refunds"]]:
                TILL.sandbox.settle_refund(refund["refund_ref_id"], "refunded")
            for sent in Refund.objects.filter(status__in=Refund.UNDECIDED):
                assert TILL.send(sent).status == Refund.Status.DONE or sent.refund_ref_id

    def the_gateways_lists_agree(self) -> None:
        """The last net: what no message and no question brought is in the day's list."""
        self.compare_lists()
        for difference in Difference.objects.to_ask_about():
            services.ask_about_difference(difference.pk)
        services.recheck_differences()
        self.everything_comes_to_rest()
        assert list(Difference.objects.open().values_list("kind", "tran_id")) == []
        told = set(PaymentAttempt.objects.exclude(val_id=None).values_list("val_id", flat=True))
        assert {each["val_id"] for each in self.books("VALID")} == told

    def compare_lists(self) -> None:
        last = timezone.now().astimezone(ZONE).date()
        days = [last - timedelta(days=1), last]
        for kind in ListKind:
            (head, *yesterdays), (_head, *todays) = [
                TILL.sandbox.report(kind, day).splitlines(keepends=True) for day in days
            ]
            file = SimpleUploadedFile(f"{kind}.csv", "".join([head, *yesterdays, *todays]).encode())
            taken, _is_new = services.take_list(file, kind=kind, first=days[0], last=last, by=self.admin)
            while services.compare_list(taken.pk):
                pass


def one[Row](rows: list[Row], number: int) -> Row | None:
    return rows[number % len(rows)] if rows else None


def test_every_payment_in_any_order_ends_where_it_belongs(till: Till) -> None:
    global TILL
    TILL = till
    chosen = settings(
        max_examples=LIVES or 5,
        stateful_step_count=STEPS,
        # To look for the shortest life that fails takes minutes, and is for whoever mends it.
        phases=[Phase.generate, Phase.shrink] if LIVES else [Phase.generate],
        derandomize=not LIVES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Payments, settings=chosen)
    assert not Doctor.objects.exists()
