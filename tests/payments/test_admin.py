"""Money in the admin: found, read, decided on through services, and edited by nobody."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client

from payments.models import Charge, GatewayMessage, Journal, PaymentAttempt, Refund
from payments.services.ledger import post_settlement
from tests.factories.accounts import UserFactory
from tests.factories.payments import ChargeFactory, PaymentAttemptFactory
from tests.payments.till import Till

MODELS = ["charge", "paymentattempt", "gatewaymessage", "refund", "journal"]


@pytest.fixture
def desk(db: None) -> Client:
    client = Client()
    client.force_login(UserFactory(as_admin=True))
    return client


@pytest.fixture
def rows(db: None) -> dict[str, Any]:
    """One row of each, that belong together."""
    charge = ChargeFactory(status=Charge.Status.PAID, paid_at="2026-01-01T00:00Z")
    attempt = PaymentAttemptFactory(charge=charge, settled=True)
    post_settlement(charge, attempt)
    refund = Refund.objects.create(charge=charge, attempt=attempt, amount=5, reason=Refund.Reason.ADMIN)
    message = GatewayMessage.objects.create(
        source="ipn", tran_id=attempt.tran_id, fields={"val_id": attempt.val_id, "tran_id": attempt.tran_id}
    )
    return {
        "charge": charge,
        "paymentattempt": attempt,
        "gatewaymessage": message,
        "refund": refund,
        "journal": Journal.objects.get(),
    }


@pytest.mark.parametrize("model", MODELS)
def test_rows_are_found_and_read(desk: Client, rows: dict[str, Any], model: str) -> None:
    row, attempt = rows[model], rows["paymentattempt"]
    terms = {"charge": attempt.val_id, "refund": attempt.tran_id, "journal": attempt.tran_id}
    for term, count in ((terms.get(model, attempt.val_id), 1), ("nothing like it", 0)):
        response = desk.get(f"/admin/payments/{model}/", {"q": term})
        assert response.status_code == 200
        assert response.context["cl"].result_count == count
    response = desk.get(f"/admin/payments/{model}/{row.pk}/change/")
    assert response.status_code == 200
    assert 'name="_save"' not in response.content.decode()


def test_charge_is_found_by_its_id_tran_id_and_payer(desk: Client, rows: dict[str, Any]) -> None:
    charge = rows["charge"]
    for term in (charge.pk, rows["paymentattempt"].tran_id, charge.payer.email, rows["refund"].refund_trans_id):
        response = desk.get("/admin/payments/charge/", {"q": str(term)})
        assert response.context["cl"].result_count == 1


@pytest.mark.parametrize("model", MODELS)
def test_nothing_is_added_changed_or_deleted(desk: Client, rows: dict[str, Any], model: str) -> None:
    row = rows[model]
    assert desk.get(f"/admin/payments/{model}/add/").status_code == 403
    assert desk.post(f"/admin/payments/{model}/add/", {}).status_code == 403
    assert desk.post(f"/admin/payments/{model}/{row.pk}/change/", {"status": "open"}).status_code == 403
    assert desk.post(f"/admin/payments/{model}/{row.pk}/delete/", {"post": "yes"}).status_code == 403
    desk.post(f"/admin/payments/{model}/", {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
    assert type(row).objects.filter(pk=row.pk).exists()


def decide(desk: Client, name: str, row: Any, **fields: str) -> Any:
    """Open the dialog, then send it."""
    address = f"/admin/payments/{row._meta.model_name}/{row.pk}/{name}/"
    asked = desk.get(address)
    assert asked.status_code == 200
    assert "<form" in asked.content.decode()
    return desk.post(address, {"_form_submitted": "on"} | fields, follow=True)


def test_admin_refunds_a_part_then_the_rest(till: Till, desk: Client) -> None:
    charge = till.charge()
    till.paid(charge)

    page = desk.get(f"/admin/payments/charge/{charge.pk}/change/").content.decode()
    assert f"/admin/payments/charge/{charge.pk}/refund/" in page
    assert f"/admin/payments/charge/{charge.pk}/approve/" not in page
    assert charge.refunded == 0

    decide(desk, "refund", charge, amount="120.50")
    assert charge.refunded == Decimal("120.50")
    decide(desk, "refund", charge)
    assert charge.refunded == Decimal(500)
    assert till.seller.refunded == [charge]
    record = LogEntry.objects.order_by("pk").first()
    assert record
    assert record.object_id == str(charge.pk)
    assert "120.50" in record.change_message
    refund = Refund.objects.earliest("pk")
    assert refund.requested_by == record.user


@pytest.mark.parametrize("amount", ["500.01", "0", "-1", "much"])
def test_amount_that_cannot_be_refunded_is_refused(till: Till, desk: Client, amount: str) -> None:
    charge = till.charge()
    till.paid(charge)
    response = decide(desk, "refund", charge, amount=amount)
    assert response.status_code == 200
    assert not Refund.objects.exists()
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize(("name", "status"), [("approve", Charge.Status.PAID), ("refuse", Charge.Status.VOID)])
def test_risky_payment_is_decided(till: Till, desk: Client, name: str, status: str) -> None:
    till.sandbox.faults(risky=True)
    charge = till.charge()
    till.paid(charge)
    page = desk.get(f"/admin/payments/charge/{charge.pk}/change/").content.decode()
    assert f"/admin/payments/charge/{charge.pk}/approve/" in page

    decide(desk, name, charge)
    charge.refresh_from_db()
    assert charge.status == status
    assert LogEntry.objects.count() == 1

    # Pressed again by somebody who had the page open: a refusal in words.
    again = decide(desk, name, charge)
    assert "not waiting for a decision" in again.content.decode()
    assert LogEntry.objects.count() == 1


def test_failed_refund_is_tried_again(till: Till, desk: Client) -> None:
    till.sandbox.faults(refund="failed")
    charge = till.charge()
    till.paid(charge)
    decide(desk, "refund", charge)
    refund = till.send(charge.refunds.get())
    assert f"/refund/{refund.pk}/try-again" in desk.get(f"/admin/payments/refund/{refund.pk}/change/").content.decode()

    decide(desk, "try-again", refund)
    assert charge.refunds.count() == 2
    assert charge.refunds.exclude(pk=refund.pk).get().amount == 500


def test_opening_a_dialog_decides_nothing(till: Till, desk: Client) -> None:
    charge = till.charge()
    till.paid(charge)
    desk.get(f"/admin/payments/charge/{charge.pk}/refund/")
    assert not Refund.objects.exists()


def test_staff_without_the_right_may_read_and_not_decide(till: Till) -> None:
    charge = till.charge()
    till.paid(charge)
    reader = UserFactory(is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_charge"))
    client = Client()
    client.force_login(reader)

    page = client.get(f"/admin/payments/charge/{charge.pk}/change/")
    assert page.status_code == 200
    assert f"/admin/payments/charge/{charge.pk}/refund/" not in page.content.decode()
    response = client.post(f"/admin/payments/charge/{charge.pk}/refund/", {"_form_submitted": "on"})
    assert response.status_code == 403
    assert not Refund.objects.exists()


def test_payer_does_not_get_in(rows: dict[str, Any]) -> None:
    client = Client()
    client.force_login(rows["charge"].payer)
    assert client.get("/admin/payments/charge/").status_code in {302, 403}
    assert PaymentAttempt.objects.count() == 1
