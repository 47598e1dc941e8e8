"""The constants and arithmetic of SSLCommerz v4: money, dates, references, payment channels and the signature.

Pure functions; amounts are Decimal in taka with two places, and text with two places on the wire.
"""

import hashlib
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal

DHAKA = timezone(timedelta(hours=6))
CENT = Decimal("0.01")
LEAST, MOST = Decimal("10.00"), Decimal("500000.00")
FEE = Decimal("0.025")
RATES = {
    "BDT": Decimal("1.0000"),
    "EUR": Decimal("131.2000"),
    "GBP": Decimal("154.6000"),
    "INR": Decimal("1.4100"),
    "USD": Decimal("121.5000"),
}
"""Taka for one unit: fixed, so that a test can know what it will read back."""

CREDENTIAL_ERROR = "Store Credential Error Or Store is De-active"


@dataclass(frozen=True)
class Channel:
    """How a payment was made, in the words the gateway uses for it."""

    label: str
    label_bn: str
    card_type: str
    card_no: str
    card_issuer: str
    card_brand: str
    card_sub_brand: str = "Classic"


CHANNELS = {
    "visa": Channel("Visa", "ভিসা কার্ড", "VISA-Dutch Bangla", "432149XXXXXX0667", "STANDARD CHARTERED BANK", "VISA"),
    "mastercard": Channel(
        "Mastercard",
        "মাস্টারকার্ড",
        "MASTERCARD-Dutch Bangla",
        "545610XXXXXX5438",
        "BRAC BANK, LTD.",
        "MASTERCARD",
    ),
    "bkash": Channel("bKash", "বিকাশ", "BKASH-BKash", "017XXXXX870", "BKash Mobile Banking", "MOBILEBANKING"),
    "nagad": Channel("Nagad", "নগদ", "NAGAD-Nagad", "018XXXXX221", "Nagad Mobile Banking", "MOBILEBANKING"),
    "netbank": Channel(
        "Internet banking", "ইন্টারনেট ব্যাংকিং", "CITYTOUCH-City Bank", "110XXXXXX9001", "City Bank Citytouch", "IB"
    ),
}


def two_places(value: Decimal) -> str:
    return str(value.quantize(CENT, ROUND_HALF_UP))


def in_taka(amount: Decimal, currency: str) -> Decimal:
    """The settlement value of what the merchant asked for. KeyError for a currency that is not converted here."""
    return (amount * RATES[currency]).quantize(CENT, ROUND_HALF_UP)


def store_amount(amount: Decimal) -> Decimal:
    """What reaches the merchant after the gateway's fee."""
    return (amount * (1 - FEE)).quantize(CENT, ROUND_HALF_UP)


def stamp(moment: datetime) -> str:
    """`Y-m-d H:i:s` on Dhaka's clock, with no zone written: the gateway's only date format."""
    return moment.astimezone(DHAKA).strftime("%Y-%m-%d %H:%M:%S")


def new_reference(moment: datetime) -> str:
    """A val_id or bank_tran_id: twelve digits of Dhaka's clock, then fifteen letters and digits."""
    tail = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(15))
    return moment.astimezone(DHAKA).strftime("%y%m%d%H%M%S") + tail


def new_sessionkey() -> str:
    return secrets.token_hex(16).upper()


def new_refund_ref() -> str:
    return secrets.token_hex(7)[:13]


def sign(fields: Mapping[str, str], password: str) -> dict[str, str]:
    """The fields with verify_key, verify_sign (MD5) and verify_sign_sha2 over all of them.

    Nothing is escaped before hashing, as in the original: that is what makes it forgeable.
    """
    return {
        **fields,
        "verify_sign": _digest("md5", fields, password),
        "verify_sign_sha2": _digest("sha256", fields, password),
        "verify_key": ",".join(sorted(fields)),
    }


def _digest(algorithm: str, fields: Mapping[str, str], password: str) -> str:
    def hexdigest(text: str) -> str:
        return hashlib.new(algorithm, text.encode(), usedforsecurity=False).hexdigest()

    signed = {**fields, "store_passwd": hexdigest(password)}
    return hexdigest("&".join(f"{key}={signed[key]}" for key in sorted(signed)))
