"""What the session API accepts: every documented field with its length, and the reason it gives when one is wrong."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlsplit

from payments.sandbox.protocol import LEAST, MOST, RATES, in_taka

REQUIRED = {
    "tran_id": 30,
    "currency": 3,
    "success_url": 255,
    "fail_url": 255,
    "cancel_url": 255,
    "cus_name": 50,
    "cus_email": 50,
    "cus_add1": 50,
    "cus_city": 50,
    "cus_postcode": 30,
    "cus_country": 50,
    "cus_phone": 20,
    "shipping_method": 50,
    "num_of_item": 1,
    "product_name": 255,
    "product_category": 50,
    "product_profile": 100,
}
OPTIONAL = {
    "ipn_url": 255,
    "multi_card_name": 30,
    "allowed_bin": 255,
    "cus_add2": 50,
    "cus_state": 50,
    "cus_fax": 20,
    "emi_option": 1,
    "value_a": 255,
    "value_b": 255,
    "value_c": 255,
    "value_d": 255,
}
PROFILES = {
    "general",
    "physical-goods",
    "non-physical-goods",
    "airline-tickets",
    "travel-vertical",
    "telecom-vertical",
}
AMOUNT = re.compile(r"[0-9]{1,8}(\.[0-9]{1,2})?")
HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Refused(Exception):
    """The gateway says no; the text is its `failedreason`."""


@dataclass(frozen=True)
class SessionRequest:
    """A session as asked for, checked: `amount` in taka, `currency_amount` in the currency that was sent."""

    tran_id: str
    amount: Decimal
    currency_type: str
    currency_amount: Decimal
    fields: Mapping[str, str]


def read_session_request(params: Mapping[str, str], allow_hosts: Collection[str]) -> SessionRequest:
    """Check every documented field; unknown ones are ignored. `allow_hosts` empty allows any http(s) host.

    Raises Refused with the first thing that is wrong. Credentials are not looked at here.
    """
    for name, longest in REQUIRED.items():
        if not params.get(name, "").strip():
            raise Refused(f"Invalid Information! '{name}' is missing or empty.")
        _check_length(name, params[name], longest)
    for name, longest in OPTIONAL.items():
        _check_length(name, params.get(name, ""), longest)

    for name in ("success_url", "fail_url", "cancel_url", "ipn_url"):
        if params.get(name):
            _check_url(name, params[name], allow_hosts)
    if not EMAIL.fullmatch(params["cus_email"]):
        raise Refused("Invalid Information! 'cus_email' is not an e-mail address.")
    if not re.fullmatch("[0-9]", params["num_of_item"]):
        raise Refused("Invalid Information! 'num_of_item' is not a number.")
    if params["shipping_method"] == "YES":
        raise Refused("Invalid Information! 'ship_name' is missing or empty.")
    if params["product_profile"] not in PROFILES:
        raise Refused("Invalid Information! 'product_profile' is not one of the documented profiles.")
    if params.get("emi_option", "0") != "0":
        raise Refused("EMI is not enabled for this store.")

    currency_amount = read_amount("total_amount", params.get("total_amount", ""))
    currency = params["currency"]
    if currency not in RATES:
        raise Refused("Invalid Information! 'currency' is not supported.")
    amount = in_taka(currency_amount, currency)
    if not LEAST <= amount <= MOST:
        raise Refused(f"Invalid Amount! The amount must be from {LEAST} BDT to {MOST} BDT.")
    known = {"total_amount", *REQUIRED, *OPTIONAL}
    return SessionRequest(
        tran_id=params["tran_id"],
        amount=amount,
        currency_type=currency,
        currency_amount=currency_amount,
        fields={name: value for name, value in params.items() if name in known},
    )


def read_amount(name: str, text: str) -> Decimal:
    """A decimal(10,2) as the wire carries it: digits, at most two of them after the point."""
    if not AMOUNT.fullmatch(text):
        raise Refused(f"Invalid Information! '{name}' is not a decimal (10,2).")
    return Decimal(text)


def _check_length(name: str, value: str, longest: int) -> None:
    if len(value) > longest:
        raise Refused(f"Invalid Information! '{name}' is longer than {longest} characters.")


def _check_url(name: str, url: str, allow_hosts: Collection[str]) -> None:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise Refused(f"Invalid Information! '{name}' is not a URL.") from None
    if parts.scheme not in ("http", "https") or not HOST.fullmatch(parts.netloc) or not url.isprintable():
        raise Refused(f"Invalid Information! '{name}' is not an http or https URL.")
    if allow_hosts and parts.hostname not in allow_hosts:
        raise Refused(f"Invalid Information! '{name}' is not on a host of this store.")
