"""Every version of a row, and who made it: written by the database itself, and never rewritten."""

from collections.abc import Callable, Collection

import pghistory
from django.db import models


def tracked[M: type[models.Model]](*, without: Collection[str] = ()) -> Callable[[M], M]:
    """Keep the rows of a model as they were added, changed and removed, by whatever statement, as `history` of the row.

    `without` names fields that are left out: words that must be gone when the row is.

    `accounts.middleware` names the user; the names stand in the row of the history itself, not in a table beside it.
    """
    return pghistory.track(  # type: ignore[no-any-return]
        pghistory.InsertEvent(),
        pghistory.UpdateEvent(),
        pghistory.DeleteEvent(),
        obj_field=pghistory.ObjForeignKey(related_name="history"),
        context_id_field=None,
        exclude=list(without),
    )
