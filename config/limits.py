"""How long a session lasts, as it is written in the environment."""

import re
from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured

UNITS = {"m": 60, "h": 3600, "d": 24 * 3600}


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """In seconds: how long it lasts without being used, and how long at most."""

    idle: int
    absolute: int

    @property
    def pause(self) -> int:
        """How long the session's last use may go unwritten: a write now and then, not one a request."""
        return min(300, self.idle // 12)


def session_limits(name: str, text: str) -> SessionLimits:
    """`1h,12h`: an hour unused, twelve hours at most. Raises ImproperlyConfigured, with the variable's name."""
    found = re.fullmatch(r"(\d+)([mhd]),(\d+)([mhd])", text.replace(" ", ""))
    if found is None:
        raise ImproperlyConfigured(f"{name} is {text!r}; it must be two times with a comma between, such as 1h,12h.")
    idle, absolute = int(found[1]) * UNITS[found[2]], int(found[3]) * UNITS[found[4]]
    if not 300 <= idle <= absolute:
        raise ImproperlyConfigured(f"{name} is {text!r}; the first must be five minutes at least, the second not less.")
    return SessionLimits(idle, absolute)
