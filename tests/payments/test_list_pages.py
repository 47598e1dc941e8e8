"""The pages on which finance hands in a list of the gateway, watches it and explains what differs."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from payments import services
from payments.models import GatewayList
from tests.factories.accounts import UserFactory
from tests.payments.listed import HEAD, compared, line, paid

type ClientOf = Callable[[User], Client]

ADD = "/admin/payments/gatewaylist/add/"


def handed_in(client: Client, text: str, **more: str) -> Any:
    facts = {"kind": "payments", "first": "2026-03-10", "last": "2026-03-10"} | more
    return client.post(ADD, facts | {"file": SimpleUploadedFile("list.csv", text.encode())})


def test_finance_hands_in_watches_and_explains(db: None, client_of: ClientOf) -> None:
    client = client_of(UserFactory(in_group="finance"))
    assert "bank_tran_id" in client.get(ADD).content.decode()
    text = HEAD + line(paid(), amount="501.00", store_amount="487.5")
    where = handed_in(client, text)["Location"]
    assert 'hx-trigger="every 2s"' in client.get(where).content.decode()
    made = GatewayList.objects.get()
    services.compare_list(made.pk)
    page = client.get(where).content.decode()
    assert "1 open, 0 explained, 0 no longer there" in page
    assert "৳501" in page
    assert handed_in(client, text)["Location"] == where, "the same file is the same list"
    sheet = b"".join(client.get(f"/admin/payments/gatewaylist/{made.pk}/differences.csv")).decode()
    assert ",501.00,500.00,BDT," in sheet

    difference = made.differences.get()
    address = f"/admin/payments/difference/{difference.pk}/explain/"
    assert "<form" in client.get(address).content.decode()
    client.post(address, {"_form_submitted": "on", "note": ""})
    difference.refresh_from_db()
    assert difference.status == "open"
    for note in ("A tip", "Too late"):
        client.post(address, {"_form_submitted": "on", "note": note})
    difference.refresh_from_db()
    assert (difference.status, difference.note) == ("explained", "A tip")
    assert address not in client.get(f"/admin/payments/difference/{difference.pk}/change/").content.decode()

    withdraw = f"/admin/payments/gatewaylist/{made.pk}/withdraw/"
    assert client.get(withdraw).status_code == 405
    assert client_of(UserFactory(in_group="support")).post(withdraw).status_code == 403
    client.post(withdraw)
    made.refresh_from_db()
    assert made.status == "withdrawn"
    assert "broke off, or was withdrawn" in client.post(withdraw, follow=True).content.decode()


@pytest.mark.parametrize(
    ("text", "more", "words"),
    [
        ("name\nx\n", {}, "These columns are missing"),
        (HEAD, {"last": "2999-01-01", "first": "2999-01-01"}, "not over yet"),
        (HEAD, {"last": "2026-03-09"}, "ends before it begins"),
        (HEAD, {"last": "2026-05-10"}, "31 days"),
        (HEAD, {"kind": "secrets"}, "Select a valid choice"),
    ],
)
def test_finance_is_told_what_is_wrong_beside_the_field(
    db: None, client_of: ClientOf, text: str, more: dict[str, str], words: str
) -> None:
    answer = handed_in(client_of(UserFactory(in_group="finance")), text, **more)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not GatewayList.objects.exists()


@pytest.mark.parametrize("number", [1, 3])
def test_page_of_a_list_takes_as_many_queries_however_many_differences(
    db: None, client_of: ClientOf, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of(UserFactory(as_admin=True))
    made = compared(HEAD + "".join(line(paid(), amount="1.00") for _ in range(number)))
    address = f"/admin/payments/gatewaylist/{made.pk}/change/"
    client.get(address)
    with django_assert_num_queries(6):
        assert client.get(address).content.decode().count("/admin/payments/difference/") >= number


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize(("model", "queries"), [("gatewaylist", 5), ("difference", 7)])
def test_lists_of_the_admin_take_as_many_queries_however_long(
    db: None, client_of: ClientOf, number: int, model: str, queries: int, django_assert_num_queries: Any
) -> None:
    for _ in range(number):
        compared(HEAD + line(paid(), amount="1.00"))
    client, address = client_of(UserFactory(as_admin=True)), f"/admin/payments/{model}/"
    client.get(address)
    with django_assert_num_queries(queries):
        assert client.get(address).context["cl"].result_count == number
