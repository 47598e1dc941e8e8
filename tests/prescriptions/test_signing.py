"""The bytes that are signed, their signature, and the code: as the standard and an independent tool have them."""

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prescriptions.signing import (
    LETTERS,
    canonical,
    is_genuine,
    new_code,
    new_key,
    public_pem,
    read_code,
    sign,
    spaced,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(TEXT, VALUES, max_size=5)


def test_canonical_form_is_that_of_the_standard() -> None:
    # The strings and the order of names of RFC 8785, 3.2.2 and 3.2.3.
    document = {
        "string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
        "literals": [None, True, False],
        "\u20ac": 1,
        "\r": 2,
        "\ufb33": 3,
        "1": 4,
        "\U0001f600": 5,
        "\u0080": 6,
        "\u00f6": 7,
    }
    written = canonical(document).decode()
    assert written.startswith('{"\\r":2,"1":4,"literals":[null,true,false],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"')
    assert [*json.loads(written)] == [
        "\r",
        "1",
        "literals",
        "string",
        "\u0080",
        "\u00f6",
        "\u20ac",
        "\U0001f600",
        "\ufb33",
    ]


@given(DOCUMENTS)
def test_the_same_document_is_the_same_bytes_however_it_was_made(document: dict[str, Any]) -> None:
    written = canonical(document)
    assert json.loads(written) == document
    assert canonical(json.loads(written)) == written
    assert canonical(dict(reversed(document.items()))) == written


@pytest.mark.parametrize("value", [0.5, 2**53, b"bytes", {1: "x"}, {1, 2}, "\ud800", float("nan")])
def test_what_has_no_one_form_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"canonical|surrogates"):
        canonical({"value": value})


def test_a_byte_that_is_altered_is_found_out() -> None:
    secret, public = new_key()
    document = canonical({"patient": "শাহনাজ পারভীন", "items": ["Napa 500 mg"]})
    signature = sign(document, secret)
    assert is_genuine(document, signature, public)
    for place in range(len(document)):
        altered = document[:place] + bytes([document[place] ^ 1]) + document[place + 1 :]
        assert not is_genuine(altered, signature, public)
    _other, others = new_key()
    assert not is_genuine(document, signature, others)
    for wrong in ("", "no base64 !", signature[:-4], base64.b64encode(b"x" * 64).decode()):
        assert not is_genuine(document, wrong, public)


def test_openssl_says_the_same(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    assert openssl, "the tests of signatures need openssl"
    secret, public = new_key()
    document = canonical({"patient": "শাহনাজ পারভীন", "days": 7})
    (tmp_path / "document").write_bytes(document)
    (tmp_path / "signature").write_bytes(base64.b64decode(sign(document, secret)))
    (tmp_path / "key.pem").write_bytes(public_pem(public))
    command = [openssl, "pkeyutl", "-verify", "-pubin", "-inkey", "key.pem", "-rawin", "-in", "document"]
    command += ["-sigfile", "signature"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0
    (tmp_path / "document").write_bytes(document + b" ")
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode != 0


def test_codes_are_read_as_people_write_them() -> None:
    code = new_code()
    for typed in (code, code.lower(), spaced(code), f" {code[:4]}-{code[4:8]}-{code[8:]} ", code.replace("0", "o")):
        assert read_code(typed) == code
    assert spaced("ABCD1234EFGH") == "ABCD 1234 EFGH"


@given(st.text(max_size=40))
def test_any_text_is_a_code_or_none(typed: str) -> None:
    code = read_code(typed)
    assert code is None or read_code(code) == code


@given(st.integers(0, 11), st.sampled_from(LETTERS))
def test_a_wrong_or_missing_letter_is_found_out(place: int, letter: str) -> None:
    code = new_code()
    if code[place] != letter:
        assert read_code(code[:place] + letter + code[place + 1 :]) is None
    assert read_code(code[:place] + code[place + 1 :]) is None
    assert read_code(code + letter) is None


def test_a_code_is_nobodys_to_guess() -> None:
    drawn = {new_code() for _ in range(2000)}
    assert len(drawn) == 2000
    assert len({code[0] for code in drawn}) > 25
