"""What the room says no to: in words for a page, by its code for a socket."""

from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from config.errors import DomainError


class RoomError(DomainError):
    """`code` is what a socket's `error` carries; docs/telehealth.md lists them."""

    code: ClassVar[str] = "not_now"


class NotNow(RoomError):
    message = _("That is not possible at this point of the visit. Please look at it again.")


class NotOpen(RoomError):
    code = "not_open"
    message = _("The room is not open now.")


class NotAllowed(RoomError):
    code = "not_allowed"
    status = 403
    message = _("That is for the other side to do.")


class NoSeat(RoomError):
    code = "no_seat"
    message = _("This visit is open on another device.")


class NoConsent(RoomError):
    code = "no_consent"
    message = _("Please read and accept what a video visit is, first.")


class NotAdmitted(RoomError):
    code = "not_admitted"


class NoPeer(RoomError):
    code = "no_peer"
