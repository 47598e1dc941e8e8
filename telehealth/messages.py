"""What a client may say over a socket: one class a type, checked strictly. docs/telehealth.md is the contract.

Whatever is not said here is refused: unknown types and fields, wrong kinds, values out of bounds. No class has a field
for who sent it.
"""

import json
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from functools import cache
from typing import Annotated, Any, ClassVar, get_type_hints
from uuid import UUID

from telehealth.buckets import Bucket
from telehealth.models import LONGEST_TEXT, Grade, Outcome

LONGEST_FRAME = 65_536
LONGEST_SDP = 32_768
LONGEST_CANDIDATE = 2_048
DEEPEST = 4


class Refused(Exception):
    """A message that is not taken: the code for the client, and the type that it is about, if that is known."""

    def __init__(self, code: str, about: str | None = None) -> None:
        super().__init__(code)
        self.code, self.about = code, about


# Takes a value as JSON has it and gives the one of the field; ValueError or TooLarge says no.
type Check = Callable[[Any], Any]


class TooLarge(ValueError):
    """Of the right kind, and over its limit."""


def key(value: Any) -> UUID:
    if not isinstance(value, str) or len(value) != 36:
        raise ValueError
    return UUID(value)


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def whole(low: int, high: int) -> Check:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError
        return value

    return check


def number(low: float, high: float) -> Check:
    def check(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ValueError
        return float(value)

    return check


def one_of(*words: str) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            raise ValueError
        return value

    return check


def text(longest: int) -> Check:
    """Counted in bytes of UTF-8; no NUL and no half characters, which neither the database nor a browser takes."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or "\0" in value:
            raise ValueError
        if len(value.encode()) > longest:
            raise TooLarge
        return value

    return check


def written(value: Any) -> str:
    """What a person wrote: counted in characters, and not empty."""
    found: str = text(4 * LONGEST_TEXT)(value).strip()
    if not found:
        raise ValueError
    if len(found) > LONGEST_TEXT:
        raise TooLarge
    return found


def as_description(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not {"type"} <= value.keys() <= {"type", "sdp"}:
        raise ValueError
    kind = one_of("offer", "answer", "rollback")(value["type"])
    sdp = text(LONGEST_SDP)(value.get("sdp", ""))
    if not sdp.startswith("v=0") and kind != "rollback":
        raise ValueError
    return {"type": kind, "sdp": sdp}


def as_candidate(value: Any) -> dict[str, Any] | None:
    """A candidate as browsers write it; null says that there are no more."""
    known = {"candidate", "sdpMid", "sdpMLineIndex", "usernameFragment"}
    if value is None:
        return None
    if not isinstance(value, dict) or not {"candidate"} <= value.keys() <= known:
        raise ValueError
    line = text(LONGEST_CANDIDATE)(value["candidate"])
    if line and not line.startswith(("candidate:", "a=candidate:")):
        raise ValueError
    middle, index, fragment = (value.get(name) for name in ("sdpMid", "sdpMLineIndex", "usernameFragment"))
    return {
        "candidate": line,
        "sdpMid": None if middle is None else text(64)(middle),
        "sdpMLineIndex": None if index is None else whole(0, 65_535)(index),
        "usernameFragment": None if fragment is None else text(256)(fragment),
    }


@dataclass(frozen=True, slots=True)
class Message:
    """`rate` a second and `burst` at once are a socket's limits for this type."""

    rate: ClassVar[float] = 1
    burst: ClassVar[int] = 5


@dataclass(frozen=True, slots=True)
class Enter(Message):
    device: Annotated[UUID, key]
    session: Annotated[UUID, key]


@dataclass(frozen=True, slots=True)
class TakeOver(Message):
    pass


@dataclass(frozen=True, slots=True)
class Beat(Message):
    seen: Annotated[int, whole(0, 2**31)] = 0


# What was left out, where null says something.
LEFT_OUT: Any = object()


@dataclass(frozen=True, slots=True)
class Signal(Message):
    rate = 30
    burst = 150
    to: Annotated[UUID, key]
    description: Annotated[Any, as_description] = LEFT_OUT
    candidate: Annotated[Any, as_candidate] = LEFT_OUT

    def __post_init__(self) -> None:
        if (self.description is LEFT_OUT) == (self.candidate is LEFT_OUT):
            raise ValueError

    @property
    def payload(self) -> dict[str, Any]:
        if self.candidate is LEFT_OUT:
            return {"description": self.description}
        return {"candidate": self.candidate}


@dataclass(frozen=True, slots=True)
class Media(Message):
    rate = 2
    burst = 10
    mic: Annotated[bool, flag]
    camera: Annotated[bool, flag]
    screen: Annotated[bool, flag]
    audio_only: Annotated[bool, flag]


@dataclass(frozen=True, slots=True)
class GradeFound(Message):
    grade: Annotated[str, one_of(*Grade.values)]


@dataclass(frozen=True, slots=True)
class Quality(Message):
    rate = 0.1
    burst = 3
    rtt_ms: Annotated[int, whole(0, 60_000)]
    loss_pct: Annotated[float, number(0, 100)]
    kbps_in: Annotated[int, whole(0, 100_000)]
    kbps_out: Annotated[int, whole(0, 100_000)]
    frames_decoded: Annotated[int, whole(0, 2**53)]
    audio_only: Annotated[bool, flag]
    relayed: Annotated[bool, flag]
    grade: Annotated[str, one_of(*Grade.values)]


@dataclass(frozen=True, slots=True)
class Chat(Message):
    burst = 10
    client_id: Annotated[UUID, key]
    text: Annotated[str, written]


@dataclass(frozen=True, slots=True)
class Receipt(Message):
    rate = 2
    burst = 20
    upto: Annotated[UUID, key]
    status: Annotated[str, one_of("delivered", "read")]


@dataclass(frozen=True, slots=True)
class Admit(Message):
    pass


@dataclass(frozen=True, slots=True)
class Late(Message):
    minutes: Annotated[int, whole(0, 120)]


@dataclass(frozen=True, slots=True)
class Close(Message):
    outcome: Annotated[str, one_of(*Outcome.values)]


@dataclass(frozen=True, slots=True)
class Leave(Message):
    pass


TYPES: dict[str, type[Message]] = {
    "enter": Enter,
    "take_over": TakeOver,
    "beat": Beat,
    "signal": Signal,
    "media": Media,
    "grade": GradeFound,
    "quality": Quality,
    "chat": Chat,
    "receipt": Receipt,
    "admit": Admit,
    "late": Late,
    "close": Close,
    "leave": Leave,
}


def buckets() -> dict[str, Bucket]:
    """A socket's own, one a type."""
    return {name: Bucket(each.rate, each.burst) for name, each in TYPES.items()}


def parse(frame: str) -> tuple[str, Message]:
    """The message of a frame and the name of its type. Raises Refused."""
    try:
        found = json.loads(frame, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Refused("bad_message") from None
    if not isinstance(found, dict):
        raise Refused("bad_message")
    name = found.pop("type", None)
    if not isinstance(name, str) or name not in TYPES:
        raise Refused("bad_message")
    return name, _read(name, TYPES[name], found)


def _no_constant(name: str) -> None:
    raise ValueError(name)


@cache
def _form(kind: type[Message]) -> tuple[dict[str, Check], frozenset[str]]:
    """The fields of a type with the check of each, and those that cannot be left out."""
    hints = get_type_hints(kind, include_extras=True)
    checks = {each.name: hints[each.name].__metadata__[0] for each in fields(kind)}
    return checks, frozenset(each.name for each in fields(kind) if each.default is MISSING)


def _read(name: str, kind: type[Message], found: dict[str, Any]) -> Message:
    checks, needed = _form(kind)
    if not needed <= found.keys() <= checks.keys():
        raise Refused("bad_message", name)
    try:
        return kind(**{each: checks[each](value) for each, value in found.items()})
    except TooLarge:
        raise Refused("too_large", name) from None
    except ValueError:
        raise Refused("bad_message", name) from None
