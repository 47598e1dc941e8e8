"""Our names for what goes through the gateway."""

import secrets
import string

ALPHABET = string.ascii_uppercase + string.digits


def new_tran_id() -> str:
    """26 characters: unguessable, within the gateway's 30, and never twice."""
    return "P" + "".join(secrets.choice(ALPHABET) for _ in range(25))


def new_refund_trans_id() -> str:
    return "R" + "".join(secrets.choice(ALPHABET) for _ in range(25))
