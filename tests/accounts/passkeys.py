"""Passkeys on devices that obey nobody: what a browser would never send, the server has to refuse by itself."""

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.webauthn.internal.auth import WebAuthn
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from django.conf import settings
from django.test import Client
from django.urls import reverse
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

from accounts.models import User

FLAG = AuthenticatorData.FLAG


@dataclass
class Passkey:
    """A passkey of the user's, made as an honest device makes one."""

    user: User
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    identity: bytes = field(default_factory=lambda: secrets.token_bytes(16))

    def __post_init__(self) -> None:
        credential = AttestedCredentialData.create(
            Aaguid.NONE, self.identity, ES256.from_cryptography_key(self.key.public_key())
        )
        made = AuthenticatorData.create(site(), FLAG.UP | FLAG.UV | FLAG.AT, 0, credential)
        said = CollectedClientData.create("webauthn.create", b"long ago", settings.SITE_ORIGIN)
        kept = {"clientDataJSON": said, "attestationObject": AttestationObject.create("none", made, {})}
        WebAuthn.add(self.user, "Phone", self._sent(kept))

    def answer(self, challenge: str, *, verified: bool = True, origin: str = "") -> str:
        """What the device says to this challenge: with or without its owner's finger, face or PIN."""
        said = CollectedClientData.create("webauthn.get", challenge, origin or settings.SITE_ORIGIN)
        data = AuthenticatorData.create(site(), FLAG.UP | (FLAG.UV if verified else FLAG(0)), 1)
        signature = self.key.sign(data + said.hash, ec.ECDSA(SHA256()))
        owner = user_pk_to_url_str(self.user).encode()
        parts = {"clientDataJSON": said, "authenticatorData": data, "signature": signature, "userHandle": owner}
        return json.dumps(self._sent(parts))

    def _sent(self, parts: dict[str, bytes]) -> dict[str, object]:
        name = websafe_encode(self.identity)
        response = {key: websafe_encode(part) for key, part in parts.items()}
        return {"id": name, "rawId": name, "type": "public-key", "clientExtensionResults": {}, "response": response}


def site() -> bytes:
    return hashlib.sha256((urlsplit(settings.SITE_ORIGIN).hostname or "").encode()).digest()


def challenge_alone(client: Client) -> str:
    """The challenge for signing in by the passkey alone."""
    asked = client.get(reverse("mfa_login_webauthn"), headers={"X-Requested-With": "XMLHttpRequest"})
    return str(asked.json()["request_options"]["publicKey"]["challenge"])


def challenge_after_password(client: Client) -> str:
    """The challenge on the page of the second step."""
    page = client.get(reverse("mfa_authenticate"))
    return str(websafe(page.context["js_data"]["request_options"]["publicKey"]["challenge"]))


def websafe(challenge: str | bytes) -> str:
    return challenge if isinstance(challenge, str) else websafe_encode(challenge)
