"""Files of rows that people hand in and a worker reads in batches: what a room's model of them has in common."""

from collections.abc import Callable
from itertools import islice
from typing import IO, Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.db import UUID7Field
from config.files import private_storage
from config.tables import BadFile, Table


class HandedIn(models.Model):
    """One file, kept until its end. `offset` and `line` say how far it was read: whoever goes on with it begins there.

    A room's model adds what the file is of, its states, of which one is `failed`, and what it counts.
    """

    id = UUID7Field()
    file = models.CharField(max_length=200, editable=False)
    original_name = models.CharField(_("file"), max_length=200, editable=False)
    size = models.PositiveBigIntegerField(_("size"), editable=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", editable=False, verbose_name=_("by")
    )
    offset = models.PositiveBigIntegerField(default=0, editable=False)
    line = models.PositiveBigIntegerField(default=0, editable=False)
    error = models.CharField(_("why it broke off"), max_length=400, blank=True, editable=False)
    created_at = models.DateTimeField(_("handed in"), db_default=Now(), editable=False)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True, editable=False)

    class Meta:
        abstract = True

    @property
    def percent(self) -> int:
        return 100 if not self.size else int(self.offset * 100 / self.size)

    def read_on[Row](self, table: Callable[[IO[bytes], Any], Table[Row]], *, kind: str, most: int) -> list[Any]:
        """The next rows, as `Table.rows` gives them, and how far that is noted here; fewer than `most` at the end.

        Raises BadFile or OSError where the file cannot be read.
        """
        with private_storage().open(self.file) as stream:
            reader = table(stream, kind)
            reader.begin()
            if self.offset:
                reader.go_on(self.offset, self.line)
            read = list(islice(reader.rows(), most))
        self.offset, self.line = reader.offset, reader.line
        return read

    def break_off(self, why: Exception) -> None:
        """Note that it failed, in words for who handed it in; the caller saves."""
        words = why.message if isinstance(why, BadFile) else _("The file is not there any more.")
        self.status, self.finished_at, self.error = "failed", timezone.now(), str(words)[:400]
