"""What is signed, and how: a document as bytes that are always the same, an Ed25519 signature, and a code to say it by.

The bytes are those of RFC 8785 (JSON Canonicalization Scheme), for the values that a prescription has: texts, whole
numbers, true, false, null, lists and objects. Numbers with a fraction stand as texts.
"""

import base64
import json
import secrets
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

# Beyond it two numbers may be one to a reader that has no whole numbers of its own.
LARGEST = 2**53 - 1
# Crockford's: no I, L, O, U, which are taken for others.
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
TAKEN_FOR = str.maketrans({"I": "1", "L": "1", "O": "0"})
LENGTH = 12


def canonical(document: dict[str, Any]) -> bytes:
    """The one way to write this document. Raises ValueError for a value that has no such way."""
    _check(document)
    return _written(document).encode("utf-8")


def _check(value: Any) -> None:
    match value:
        case None | bool() | str():
            pass
        case int() if -LARGEST <= value <= LARGEST:
            pass
        case list():
            for each in value:
                _check(each)
        case dict() if all(isinstance(name, str) for name in value):
            for each in value.values():
                _check(each)
        case _:
            raise ValueError(f"{type(value).__name__} has no canonical form here")


def _written(value: Any) -> str:
    match value:
        case dict():
            # By UTF-16 code units, as the standard has it; Python would sort by code points.
            names = sorted(value, key=lambda name: name.encode("utf-16-be"))
            return "{" + ",".join(f"{_written(name)}:{_written(value[name])}" for name in names) + "}"
        case list():
            return "[" + ",".join(map(_written, value)) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False)


# Keys and signatures -------------------------------------------------------------------------------------------------


def new_key() -> tuple[str, str]:
    """A private and a public key, each its 32 bytes in base64."""
    private = Ed25519PrivateKey.generate()
    secret = private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return base64.b64encode(secret).decode(), base64.b64encode(public).decode()


def sign(document: bytes, secret: str) -> str:
    """The signature in base64."""
    key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(secret))
    return base64.b64encode(key.sign(document)).decode()


def is_genuine(document: bytes, signature: str, public: str) -> bool:
    """Whether the holder of the key signed just these bytes."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public, validate=True))
        key.verify(base64.b64decode(signature, validate=True), document)
    except (InvalidSignature, ValueError):
        return False
    return True


def public_pem(public: str) -> bytes:
    """The public key as other tools read it."""
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public))
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


# Codes ---------------------------------------------------------------------------------------------------------------


def new_code() -> str:
    """Eleven letters that nobody guesses, and one that finds out a slip of the pen."""
    drawn = "".join(secrets.choice(LETTERS) for _ in range(LENGTH - 1))
    return drawn + _last_letter(drawn)


def _last_letter(drawn: str) -> str:
    """Odd weights, so that one wrong letter is found out always; different ones, so are most exchanged neighbours."""
    return LETTERS[sum((2 * place + 1) * LETTERS.index(letter) for place, letter in enumerate(drawn)) % len(LETTERS)]


def read_code(typed: str) -> str | None:
    """The code that was typed, whatever its case, blanks and dashes; None for one that was never given out."""
    code = "".join(typed.upper().split()).replace("-", "").translate(TAKEN_FOR)
    if len(code) != LENGTH or any(letter not in LETTERS for letter in code):
        return None
    return code if _last_letter(code[:-1]) == code[-1] else None


def spaced(code: str) -> str:
    """As it is printed: in fours."""
    return " ".join(code[start : start + 4] for start in range(0, len(code), 4))
