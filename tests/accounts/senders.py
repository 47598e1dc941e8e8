"""Stand-ins of what lies outside: a provider of text messages and a push service, by real HTTP on this machine.

The push service opens what it gets with keys of a browser's, by RFC 8291 and 8292 as they are written, and not by the
libraries that sealed it.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_bytes
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


@dataclass(frozen=True)
class Asked:
    """A request that came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Outside:
    """A server that answers every POST with `answer` and keeps what came."""

    origin: str = ""
    answer: tuple[int, dict[str, Any]] = (201, {})
    # By the path, for what is not as the others.
    answers: dict[str, int] = field(default_factory=dict)
    # Where those are sent whose answer is to go elsewhere.
    elsewhere: str = ""
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def outside() -> Iterator[Outside]:
    here = Outside()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            here.asked.append(Asked(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            status, words = here.answer
            written = json.dumps(words).encode()
            self.send_response(here.answers.get(self.path, status))
            self.send_header("Content-Length", str(len(written)))
            if here.elsewhere:
                self.send_header("Location", here.elsewhere)
            self.end_headers()
            self.wfile.write(written)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here.origin = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def packed(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


class Browser:
    """A browser's side of a subscription."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.auth = token_bytes(16)

    @property
    def keys(self) -> dict[str, str]:
        return {"p256dh": packed(point(self.key.public_key())), "auth": packed(self.auth)}

    def opened(self, body: bytes) -> dict[str, Any]:
        """The message in an aes128gcm body of one record."""
        salt, id_length = body[:16], body[20]
        theirs, sealed = body[21 : 21 + id_length], body[21 + id_length :]
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs))
        info = b"WebPush: info\0" + point(self.key.public_key()) + theirs
        secret = HKDF(SHA256(), 32, self.auth, info).derive(shared)
        key = HKDF(SHA256(), 16, salt, b"Content-Encoding: aes128gcm\0").derive(secret)
        nonce = HKDF(SHA256(), 12, salt, b"Content-Encoding: nonce\0").derive(secret)
        plain = AESGCM(key).decrypt(nonce, sealed, None)
        assert plain.rstrip(b"\0")[-1:] == b"\x02", "the last record ends so"
        found: dict[str, Any] = json.loads(plain.rstrip(b"\0")[:-1])
        return found


def claims_of(authorization: str, *, key: str) -> dict[str, Any]:
    """What a VAPID header claims, once its signature is found to be of the key. Raises InvalidSignature."""
    scheme, _blank, rest = authorization.partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    assert scheme == "vapid"
    assert parts["k"] == key
    signed, _dot, signature = parts["t"].rpartition(".")
    raw = unpacked(signature)
    r, s = int.from_bytes(raw[:32]), int.from_bytes(raw[32:])
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unpacked(key))
    public.verify(utils.encode_dss_signature(r, s), signed.encode(), ec.ECDSA(SHA256()))
    claims: dict[str, Any] = json.loads(unpacked(signed.split(".")[1]))
    return claims


def signed_report(secret: str, told: dict[str, str], *, at: float | None = None) -> dict[str, Any]:
    """A report of the plain provider, as the test client posts it."""
    body, stamp = json.dumps(told), str(int(time.time() if at is None else at))
    made = hmac.new(secret.encode(), f"{stamp}.{body}".encode(), hashlib.sha256).hexdigest()
    return {
        "data": body,
        "content_type": "application/json",
        "headers": {"X-Signature": f"t={stamp},v1={made}"},
    }


def form_of(asked: Asked) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
