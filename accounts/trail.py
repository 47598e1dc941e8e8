"""The trail: who did or looked at what, written before it is shown, and never rewritten."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from django.db import models

from accounts.models import Action, Ground, TrailEntry, User

# Where the request that is being answered came from; None outside of one.
_address: ContextVar[str | None] = ContextVar("trail_address", default=None)


@contextmanager
def coming_from(address: str | None) -> Iterator[None]:
    """Whatever is written to the trail in this block was done from that address."""
    token = _address.set(address)
    try:
        yield
    finally:
        _address.reset(token)


def write_trail(
    action: Action,
    *,
    by: User | None,
    about: models.Model | str,
    subject: UUID | None = None,
    ground: Ground = Ground.SELF,
    ground_id: object = "",
    code: str = "",
) -> TrailEntry:
    """Write down that it is done, or is about to be shown.

    `about` is a row, or a code for what is no row; `subject` the id of the patient whose data it is; `code` a code, no
    words. Call it before a health page is rendered: an error of the database goes up, and with it the read is refused.
    """
    kind, key = (about, "") if isinstance(about, str) else (about._meta.label_lower, str(about.pk))
    return TrailEntry.objects.create(
        action=action,
        by=by,
        about=kind,
        about_id=key,
        subject=subject,
        ground=ground,
        ground_id=str(ground_id),
        code=code,
        address=_address.get(),
    )


def write_trail_of_list(subjects: Mapping[UUID, object], *, by: User, about: str, ground: Ground) -> None:
    """Write down that `by` is about to see a list in which each of these patients stands, by the key of what gives
    it: a line for each, in one statement."""
    TrailEntry.objects.bulk_create(
        [
            TrailEntry(
                action=Action.READ,
                by=by,
                about=about,
                subject=subject,
                ground=ground,
                ground_id=str(ground_id),
                address=_address.get(),
            )
            for subject, ground_id in subjects.items()
        ]
    )
