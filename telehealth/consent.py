"""What a patient agrees to before a video visit. A change of its meaning is a new version."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

VERSION = "2026-11"
POINTS: tuple[Promise, ...] = (
    _("A video visit has limits: the doctor cannot touch or examine you, and may ask you to come in person."),
    _("Sound and picture go straight between your device and the doctor’s. Nothing of them is recorded or stored."),
    _("What is written in the chat is kept with this visit; you and the doctor can read it later."),
    _("Be where nobody overhears you. Say so if somebody else is in the room with you."),
    _("If it is an emergency, do not wait for this visit: call 999."),
    _("You can leave at any time, by closing the page or by the red button."),
)
