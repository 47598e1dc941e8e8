"""Web push: a message for one browser, encrypted for it alone (RFC 8291) and signed by us (VAPID, RFC 8292).

The encryption is http-ece's and the signature py-vapid's. The request is our own: no redirect is followed, answers are
waited for so long and no longer, and the address, which a browser gave us, must be that of a push service.
"""

import base64
import time
from functools import lru_cache
from urllib.parse import urlsplit

import http_ece
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from py_vapid import Vapid02

TIMEOUT = (3.05, 10)
# What is not shown within a day is not shown: the inbox has it.
LIVES = 24 * 3600
# A signature may be good for a day; clocks differ.
SIGNED_FOR = 12 * 3600
RECORD = 4096


class DeviceGone(Exception):
    """The browser does not take messages any more: it was told to stop, or its address has another name now."""


class PushServiceBusy(Exception):
    """The push service did not take it now."""


class PushRefused(Exception):
    """The push service does not take this message."""


def is_push_service(endpoint: str) -> bool:
    """Whether this is an address at which we would post: of a maker of browsers, and none inside our own network."""
    parts = urlsplit(endpoint)
    if f"{parts.scheme}://{parts.netloc}" in settings.PUSH_ORIGINS:
        return True
    host = parts.hostname or ""
    is_plain = parts.scheme == "https" and parts.netloc == host
    return is_plain and any(host == name or host.endswith(f".{name}") for name in settings.PUSH_HOSTS)


def is_key(p256dh: str, auth: str) -> bool:
    """Whether these are a point of the curve and a secret of 16 bytes."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unpacked(p256dh))
        return len(unpacked(auth)) == 16
    except ValueError:
        return False


def send(endpoint: str, *, p256dh: str, auth: str, payload: bytes, topic: str, urgent: bool) -> None:
    """Hand the payload to the push service. A later message of the same `topic` takes the place of an earlier one.

    Raises DeviceGone, PushRefused, PushServiceBusy, and what requests raises.
    """
    sealed = http_ece.encrypt(
        payload,
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=unpacked(p256dh),
        auth_secret=unpacked(auth),
        rs=RECORD,
        version="aes128gcm",
    )
    headers = signature_for(endpoint) | {
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(LIVES),
        "Topic": topic,
        "Urgency": "high" if urgent else "normal",
    }
    answer = requests.post(endpoint, data=sealed, headers=headers, timeout=TIMEOUT, allow_redirects=False)
    if answer.status_code in {404, 410}:
        raise DeviceGone
    if answer.status_code == 429 or answer.status_code >= 500:
        raise PushServiceBusy(answer.status_code)
    # To be sent elsewhere is no answer either.
    if not 200 <= answer.status_code < 300:
        raise PushRefused(answer.status_code)


def signature_for(endpoint: str) -> dict[str, str]:
    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int(time.time()) + SIGNED_FOR,
        "sub": settings.PUSH_CONTACT,
    }
    signed: dict[str, str] = key_pair(settings.VAPID_PRIVATE_KEY).sign(claims)
    return signed


def public_key() -> str:
    """Ours, as browsers take it; nothing where the portal sends no push messages."""
    return public_half(settings.VAPID_PRIVATE_KEY) if settings.VAPID_PRIVATE_KEY else ""


@lru_cache(maxsize=4)
def public_half(private_key: str) -> str:
    point = key_pair(private_key).public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(point).rstrip(b"=").decode()


@lru_cache(maxsize=4)
def key_pair(private_key: str) -> Vapid02:
    return Vapid02.from_string(private_key)


def unpacked(text: str) -> bytes:
    """Bytes from base64url without its padding. Raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
