"""The queue between the gateway's message and its effect: a real worker, killed if need be, and no broker at all."""

import os
import signal
from collections.abc import Callable
from urllib.parse import quote

import psutil
import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from config.embedded.postgres import APP_ROLE
from config.processes import wait_until
from payments import services, tasks
from payments.models import Charge, GatewayMessage, Journal, PaymentAttempt, Refund
from tests.payments.till import PAID, Till, balances
from tests.servers import celery_worker, listening, python

PATIENCE = 60.0


def eventually(condition: Callable[[], bool]) -> None:
    assert wait_until(condition, timeout=PATIENCE), "it never came to be"


def environment(till: Till) -> dict[str, str]:
    """A worker's: the running sandbox, and the role that in production may only add to the ledger."""
    call_command("grant_app_role", verbosity=0)
    database = connection.settings_dict
    address = f"postgresql://{APP_ROLE}@/{database['NAME']}?host={quote(database['HOST'], safe='')}"
    return {"DATABASE_URL": address, "SSLCOMMERZ_URL": till.sandbox.url, "SITE_ORIGIN": till.origin}


def is_paid(charge: Charge) -> bool:
    return Charge.objects.filter(pk=charge.pk, status=Charge.Status.PAID).exists()


def test_worker_settles_refunds_and_reconciles(till: Till) -> None:
    with celery_worker(**environment(till)):
        charge = till.charge()
        till.pay(till.start(charge))
        eventually(lambda: is_paid(charge))
        assert balances() == PAID

        with transaction.atomic():
            refund = services.request_refund(services.lock_charge(charge.pk), reason=Refund.Reason.CANCELLED)
        assert refund
        eventually(lambda: Refund.objects.filter(pk=refund.pk, status=Refund.Status.DONE).exists())

        # The page of a payer who waits has the gateway asked.
        till.sandbox.faults(ipn="never")
        silent = till.charge()
        till.pay(till.start(silent))
        till.browser(silent).get(f"/payments/{silent.pk}/")
        eventually(lambda: is_paid(silent))


def test_worker_killed_in_the_middle_loses_nothing(till: Till) -> None:
    """It had claimed the message and waited for the gateway's answer, which came to nobody."""
    till.sandbox.faults(validation="timeout", hold_seconds=30, times=1)
    charge = till.charge()
    attempt = till.start(charge)
    with celery_worker(**environment(till)) as worker:
        till.pay(attempt)
        eventually(lambda: "validation" in [call["api"] for call in till.sandbox.calls(attempt.tran_id)])
        for process in [*psutil.Process(worker.process.pid).children(recursive=True), worker.process]:
            os.kill(process.pid, signal.SIGKILL)
        worker.process.wait()
    assert not is_paid(charge)
    message = GatewayMessage.objects.get()
    assert (message.status, message.attempts) == (GatewayMessage.Status.NEW, 1)

    GatewayMessage.objects.update(due_at=timezone.now())
    with celery_worker(**environment(till)):
        tasks.sweep_messages.delay()
        eventually(lambda: is_paid(charge))
    # And once more, as Celery does with a task that was never acknowledged.
    tasks.process_message(message.pk)
    assert Journal.objects.count() == 1


@pytest.mark.parametrize("lost", ["message", "broker"])
def test_what_no_queue_carried_is_swept(till: Till, settings: Settings, lost: str) -> None:
    """The task was published and lost; or there was no broker, and the IPN was answered all the same."""
    charge = till.charge()
    if lost == "message":
        attempt = till.start(charge)
        till.pay(attempt)
    else:
        command = python("gunicorn", "--config", "config/gunicorn.py", "--bind", "fd://{fd}", "config.wsgi:application")
        with listening("web", command, REDIS_URL="redis://127.0.0.1:1/0") as web:
            settings.SITE_ORIGIN = web.url
            attempt = till.start(charge)
            paid = till.pay(attempt)
        assert [each["status_code"] for each in paid["ipns"][0]["attempts"]] == [200]

    tasks.sweep_messages()

    assert is_paid(charge)
    assert PaymentAttempt.objects.get().status == PaymentAttempt.Status.SETTLED
