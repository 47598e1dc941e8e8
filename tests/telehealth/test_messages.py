"""What is read of a frame, whatever is in it: a message of the form, or a refusal, and never anything else."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from telehealth.messages import LONGEST_CANDIDATE, LONGEST_SDP, TYPES, Refused, Signal, parse

KEY = "0c9e7c1e-7f0f-4c5e-8a55-0d7f6a3f7b11"
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
# Near to what is true: right beginnings, lines of SDP, and broken bits among them.
lines = st.sampled_from(
    ["v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=ice-ufrag:x", "a=", "\0", "\ud800"]
)
sdp = st.lists(lines | st.text(max_size=30), max_size=20).map("\r\n".join)
candidate = st.builds("{}{}".format, st.sampled_from(["", "candidate:", "candidate:1 1 udp "]), st.text(max_size=60))


def read(frame: str) -> Any:
    try:
        return parse(frame)[1]
    except Refused as no:
        return no.code


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda found: found.decode("latin-1")))
def test_noise_is_refused(frame: str) -> None:
    assert read(frame) == "bad_message"


@given(st.sampled_from(sorted(TYPES)), st.dictionaries(st.sampled_from(["to", "device", "text", "x"]), anything))
def test_fields_of_any_kind_are_refused_or_of_the_form(name: str, fields: dict[str, Any]) -> None:
    found = read(json.dumps(fields | {"type": name}))
    assert found in ("bad_message", "too_large") or type(found) is TYPES[name]


@given(st.sampled_from(["offer", "answer", "rollback", "pranswer", ""]), sdp | anything)
def test_descriptions_are_relayed_as_they_came_or_not_at_all(kind: str, found: Any) -> None:
    description = {"type": kind, "sdp": found}
    message = read(json.dumps({"type": "signal", "to": KEY, "description": description}))
    if isinstance(message, Signal):
        assert isinstance(found, str)
        assert message.payload["description"] == description
        assert len(found.encode()) <= LONGEST_SDP
        assert "\0" not in found
    else:
        assert message in ("bad_message", "too_large")


@given(candidate | anything, anything, anything)
def test_candidates_are_of_the_form_or_not_relayed(found: Any, mid: Any, index: Any) -> None:
    fields = {"candidate": found, "sdpMid": mid, "sdpMLineIndex": index}
    message = read(json.dumps({"type": "signal", "to": KEY, "candidate": fields}))
    if isinstance(message, Signal):
        relayed = message.payload["candidate"]
        assert isinstance(relayed["candidate"], str)
        assert len(relayed["candidate"].encode()) <= LONGEST_CANDIDATE
        assert relayed.keys() == {"candidate", "sdpMid", "sdpMLineIndex", "usernameFragment"}
    else:
        assert message in ("bad_message", "too_large")
