"""Text that the database holds only as ciphertext, under keys of its own that can be replaced."""

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


def encrypt(text: str) -> str:
    """The text under the first of MFA_ENCRYPTION_KEYS."""
    return cipher(tuple(settings.MFA_ENCRYPTION_KEYS)).encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """The text again, whichever of the keys it is under. Raises InvalidToken if it is under none of them."""
    return cipher(tuple(settings.MFA_ENCRYPTION_KEYS)).decrypt(token.encode()).decode()


def renewed(token: str) -> str:
    """The same text under the first key, so that the older ones can be taken away."""
    return cipher(tuple(settings.MFA_ENCRYPTION_KEYS)).rotate(token.encode()).decode()


@lru_cache(maxsize=4)
def cipher(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(derived(key)) for key in keys])


def derived(key: str) -> bytes:
    """A key of the right shape from one of any shape, for this purpose alone."""
    made = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"portal second factors").derive(key.encode())
    return base64.urlsafe_b64encode(made)
