"""config.asgi for daphne, with faults that a guest asks for: how far a beat says that it has seen, and its device.

One at a time comes in, and who is silent for six seconds is shown out."""

import asyncio
import time
from typing import Any

from config.asgi import application
from telehealth import consumers, services
from telehealth.consumers import ConsultationConsumer
from tests.telehealth.rooms import DIES, HANGS, SLOW

__all__ = ["application"]

_beat, _enter = ConsultationConsumer.beat, services.enter


async def beat(self: ConsultationConsumer, seen: int, guest: Any) -> None:
    if seen == DIES:
        raise RuntimeError("As of a line that broke off in the middle of an answer")
    if seen == HANGS:
        await asyncio.Event().wait()
    await _beat(self, seen, guest)


def enter(consultation: Any, arrival: Any, **details: Any) -> bool:
    if str(arrival.device) == SLOW:
        # Longer than daphne waits for an application whose socket is gone.
        time.sleep(4)
    return _enter(consultation, arrival, **details)


ConsultationConsumer.beat = beat  # type: ignore[method-assign]
services.enter = enter
consumers.MOST_COMING, consumers.SILENT_FOR = 1, 6.0
