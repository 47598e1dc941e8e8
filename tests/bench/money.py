"""Messages by fifty clients, settlements by one worker, a long statement, a ledger of five million lines."""

import os
from collections import Counter
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode
from uuid import uuid4

from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client, override_settings
from django.utils import timezone

from accounts.models import User
from config.celery import app
from config.days import zone
from doctors.models import Doctor
from payments import figures, services
from payments.gateways import gateway, sslcommerz
from payments.models import Account, Charge, GatewayMessage, LedgerEntry, PaymentAttempt
from payments.sandbox.protocol import sign
from payments.soundness import look_through
from tests.bench.booking import signed_in
from tests.bench.data import PEOPLE, analyze
from tests.bench.driver import Request, load
from tests.bench.figures import milliseconds, report, timed
from tests.bench.pages import queries_of
from tests.bench.servers import behind_the_proxy
from tests.factories.payments import ChargeFactory, PaymentAttemptFactory
from tests.payments.sandbox_process import STORE_PASSWORD, Sandbox

# A payment is settled and earned, three lines each.
SALES, LINES = 833_334, 6
# Of one doctor over a year, and of another in one month.
OWN = 50_000
PEOPLE_OF_EACH_KIND = 1_000
MESSAGES, CLIENTS = 6_000, 50
SETTLED = 400

# The first sales are the two measured doctors'; the rest is spread over everybody and a year.
SALES_MADE = """
CREATE TEMP TABLE sale AS
SELECT n, uuidv7() AS charge, uuidv7() AS settlement, uuidv7() AS earning, 'P' || lpad(n::text, 20, '0') AS tran_id,
       CASE WHEN n < %(own)s OR n >= 2 * %(own)s THEN %(end)s - (n * 617 %% 31536000) * interval '1 second'
            ELSE %(month)s + (n * 617 %% 2000000) * interval '1 second' END AS at,
       CASE WHEN n < %(own)s THEN 0 WHEN n < 2 * %(own)s THEN 1 ELSE 2 + n %% (%(people)s - 2) END AS place
FROM generate_series(0, %(sales)s - 1) n;

INSERT INTO payments_charge (id, payer_id, payer_phone, seller, description, detail, done_path, amount, currency,
                             status, paid_at, created_at, at_desk)
SELECT charge, u.id, '', 'bench', 'Consultation fee', '', '/', 500, 'BDT', 'paid', at, at, false
FROM sale JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM accounts_user WHERE role = 'patient') u
  ON u.place = sale.n %% %(people)s;

INSERT INTO payments_paymentattempt (charge_id, tran_id, amount, currency, status, session_key, page_url, val_id,
                                     bank_tran_id, card_type, store_amount, failure, is_surplus, created_at, settled_at)
SELECT charge, tran_id, 500, 'BDT', 'settled', '', '', 'V' || n, 'B' || n, 'BKASH', 487.5, '', false, at, at FROM sale;

INSERT INTO payments_journal (id, kind, charge_id, cause, at)
SELECT settlement, 'settlement', charge, tran_id, at FROM sale
UNION ALL SELECT earning, 'earning', charge, replace(charge::text, '-', ''), at FROM sale;

INSERT INTO payments_ledgerentry (journal_id, at, account, doctor_id, amount, currency)
SELECT settlement, at, account, NULL, amount, 'BDT' FROM sale,
    (VALUES ('gateway', 487.5), ('gateway_fee', 12.5), ('deposit', -500)) lines(account, amount)
UNION ALL
SELECT earning, at, account, CASE WHEN account <> 'deposit' THEN d.id END, amount, 'BDT'
FROM sale JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM doctors_doctor) d USING (place),
    (VALUES ('deposit', 500), ('doctor', -450), ('commission', -50)) lines(account, amount);
"""

# What a settlement writes, by itself: the baseline of a worker.
BARE = """
UPDATE payments_paymentattempt
SET status = 'settled', val_id = %(val_id)s, store_amount = 487.5, settled_at = now() WHERE id = %(attempt)s;
UPDATE payments_charge SET status = 'paid', paid_at = now() WHERE id = %(charge)s;
INSERT INTO payments_journal (id, kind, charge_id, cause) VALUES (%(journal)s, 'settlement', %(charge)s, %(tran_id)s);
INSERT INTO payments_ledgerentry (journal_id, account, amount, currency) VALUES
    (%(journal)s, 'gateway', 487.5, 'BDT'), (%(journal)s, 'gateway_fee', 12.5, 'BDT'),
    (%(journal)s, 'deposit', -500, 'BDT');
"""


def this_month() -> date:
    return timezone.localdate(timezone=zone()).replace(day=1)


def load_money() -> None:
    """The triggers see rows at commit, one by one, which for five million takes longer than to look through them after:
    that is what the check is for, and it is measured."""
    call_command("load_specialties")
    month = datetime.combine(this_month(), datetime.min.time(), zone())
    spread = {"sales": SALES, "own": OWN, "people": PEOPLE_OF_EACH_KIND, "month": month, "end": month}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(PEOPLE, {"count": PEOPLE_OF_EACH_KIND})
        for table in ("payments_journal", "payments_ledgerentry"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(SALES_MADE, spread)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("payments_journal", "payments_ledgerentry"):
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    analyze()


# The ledger --------------------------------------------------------------------------------------------------------


def ledger() -> None:
    """The check of all of it, beside one pass over its lines; and the sums that the finance page shows."""
    begun = perf_counter()
    found = look_through()
    seconds = perf_counter() - begun
    assert found.is_sound
    report("ledger check", entries=found.entries, seconds=round(seconds, 1), per_second=round(found.entries / seconds))
    taken = timed(one_pass, 3)
    report("ledger check", baseline="one pass: sum(amount)", seconds=round(min(taken), 2))
    report("ledger check", of="what stands on each account", seconds=round(min(timed(figures.balances, 3)), 2))


def one_pass() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), sum(amount) FROM payments_ledgerentry")


# A statement -------------------------------------------------------------------------------------------------------


def statements() -> None:
    """Inside one process: the server's own time."""
    year, month = this_month().year, this_month().month
    doctors = Doctor.objects.order_by("pk").select_related("user")
    for spread, doctor in (("a year", doctors[0]), ("this month", doctors[1])):
        client = Client(headers={"host": "localhost"})
        client.force_login(doctor.user)
        entries = LedgerEntry.objects.filter(doctor=doctor, account=Account.DOCTOR).count()
        before = (year, month - 1) if month > 1 else (year - 1, 12)
        of = before if spread == "a year" else (year, month)
        pages = {
            "an empty page, signed in": "/bench/empty/",
            "income": "/practice/income/",
            "statement, first page": f"/practice/income/{of[0]}/{of[1]}/",
            "statement, page 40": f"/practice/income/{of[0]}/{of[1]}/?page=40",
            "statement as CSV": f"/practice/income/{of[0]}/{of[1]}/statement.csv",
            "statement as PDF": f"/practice/income/{of[0]}/{of[1]}/statement.pdf",
        }
        for page, path in pages.items():

            def work(client: Client = client, path: str = path) -> None:
                response = client.get(path)
                assert response.status_code == 200, (path, response.status_code)
                if response.streaming:
                    sum(map(len, response))

            times = 3 if page.endswith("CSV") else 10
            measured = milliseconds(timed(work, times))
            report("statement", page=page, entries=entries, over=spread, queries=queries_of(work), **measured)


# Messages ----------------------------------------------------------------------------------------------------------


def ipn() -> None:
    """Over HTTP, behind the proxy, two workers: kept and answered. An empty page of the same run stands beside it."""
    baseline = [Request("GET", "/bench/empty/", signed_in(User.objects.filter(role="patient").earliest("pk")))]
    messages = [
        Request("POST", "/payments/ipn/", {"Host": "localhost", "Content-Type": FORM}, told(n)) for n in range(20)
    ]
    cases = {"baseline: an empty page, signed in": (baseline, MESSAGES // 6), "IPN": (messages, MESSAGES)}
    before = GatewayMessage.objects.count()
    with behind_the_proxy([]) as served:
        for case, (requests, count) in cases.items():
            shares = [(requests * count)[: count // CLIENTS]] * CLIENTS
            load(f"127.0.0.1:{served.port}", [requests * 5] * 4)
            seconds, taken = load(f"127.0.0.1:{served.port}", shares)
            report(
                "IPN",
                case=case,
                clients=CLIENTS,
                a_second=round(len(taken) / seconds),
                statuses=dict(Counter(status for status, _ in taken)),
                **milliseconds([each for _, each in taken]),
            )
    report("IPN", kept=GatewayMessage.objects.count() - before)
    GatewayMessage.objects.all().delete()
    app.control.purge()


FORM = "application/x-www-form-urlencoded"


def told(number: int) -> str:
    """A message as long as a real one."""
    names = ("card_type", "card_no", "bank_tran_id", "tran_date", "card_issuer", "card_brand", "card_sub_brand")
    names += ("card_issuer_country", "card_issuer_country_code", "currency_rate", "base_fair", "value_a", "value_b")
    fields = {name: f"{name} of a payment" for name in names}
    fields |= {"tran_id": f"PBENCH{number}", "val_id": f"2611271200{number}", "amount": "500.00", "status": "VALID"}
    fields |= {"store_amount": "487.50", "currency": "BDT", "store_id": "demo", "currency_type": "BDT"}
    fields |= {"currency_amount": "500.00", "risk_level": "0", "risk_title": "Safe"}
    return urlencode(sign(fields, STORE_PASSWORD))


@contextmanager
def running_gateway():
    with (
        TemporaryDirectory() as folder,
        # Where it notes which processes are to be ended.
        patch.dict(os.environ, {"PORTAL_TEST_FOLDER": folder}),
        Sandbox.start(Path(folder)) as sandbox,
        override_settings(SSLCOMMERZ_URL=sandbox.url),
    ):
        sslcommerz.fuses.clear()
        yield sandbox


def settlements() -> None:
    """Messages dealt with one after the other, as one thread of a worker does: each asks the running gateway.

    Then without the way to the gateway, and beside what a settlement writes as bare statements on one connection.
    """
    payers = list(User.objects.filter(role="patient").order_by("pk")[:SETTLED])
    with running_gateway() as sandbox:
        in_all = timed_each(services.process_message, [paid(sandbox, payer) for payer in payers])
        again = [paid(sandbox, payer) for payer in payers]
        answers = {
            fields["val_id"]: gateway().validate(fields["val_id"])
            for fields in GatewayMessage.objects.filter(pk__in=again).values_list("fields", flat=True)
        }
        with patch.object(sslcommerz.SSLCommerz, "validate", lambda self, val_id: answers[val_id]):
            without = timed_each(services.process_message, again)
    for case, times in (
        ("settled", in_all),
        ("settled, the gateway's answer at hand", without),
        ("bare statements", bare(payers)),
    ):
        report("settlements", case=case, a_second=round(len(times) / sum(times)), **milliseconds(times))
    done = GatewayMessage.objects.filter(verdict="settled")
    report("settlements", settled=done.count(), entries=LedgerEntry.objects.count())
    GatewayMessage.objects.all().delete()
    app.control.purge()


def paid(sandbox: Sandbox, payer: User) -> int:
    """A payment that the gateway has, and its message in the inbox."""
    tran_id = PaymentAttemptFactory(charge=ChargeFactory(payer=payer)).tran_id
    facts = {"bank_tran_id": f"B{tran_id}", "val_id": f"V{tran_id}", "paid_at": timezone.now()}
    sandbox.register(tran_id=tran_id, amount=Decimal(500), **facts)
    fields = {"tran_id": tran_id, "val_id": facts["val_id"], "amount": "500.00", "currency_amount": "500.00"}
    fields |= {"currency_type": "BDT", "store_id": "demo", "status": "VALID", "risk_level": "0"}
    fields |= {"store_amount": "487.50", "bank_tran_id": facts["bank_tran_id"], "currency": "BDT"}
    return GatewayMessage.objects.create(source="ipn", tran_id=tran_id, fields=sign(fields, STORE_PASSWORD)).pk


def timed_each(work: Any, keys: list[int]) -> list[float]:
    """The first is not counted."""
    times = []
    for key in keys:
        begun = perf_counter()
        work(key)
        times.append(perf_counter() - begun)
    return times[1:]


def bare(payers: list[User]) -> list[float]:
    """The rows of a settlement alone, in one message to the database, a transaction for each."""
    charges = Charge.objects.bulk_create([ChargeFactory.build(payer=payer) for payer in payers])
    attempts = PaymentAttempt.objects.bulk_create(
        [PaymentAttempt(charge=each, amount=each.amount, currency="BDT") for each in charges]
    )
    times = []
    for attempt in attempts:
        journal = uuid4()
        facts = {"attempt": attempt.pk, "charge": attempt.charge_id, "journal": journal, "val_id": journal.hex}
        facts |= {"tran_id": attempt.tran_id}
        begun = perf_counter()
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(BARE, facts)
        times.append(perf_counter() - begun)
    return times[1:]
