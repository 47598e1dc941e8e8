"""CSV files that people hand in: read line by line from a place in them, however long they are.

A file is CSV in UTF-8 with a line of column names, and may be packed. Lines that begin with `#` before the names tell
of the file: `# source: …`.
"""

import csv
import gzip
import hashlib
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import IO

from django.core.files.uploadedfile import UploadedFile
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.errors import DomainError

# A line that is longer is no row: a file of another kind, or quotes that are never closed.
LONGEST_LINE = 20_000
CHUNK = 1024 * 1024


class BadFile(DomainError):
    """The file as a whole cannot be read."""


class Refused(Exception):
    """A row, with the code of why."""


class Table[Row]:
    """A file that is read row by row; `offset` and `line` tell how far it was read.

    `columns` are those that it must have, and those that it may have; `read` makes a row of a line's values by the
    columns' names, or raises Refused. `also` has other names of columns, written without spaces.
    """

    def __init__(
        self,
        stream: IO[bytes],
        *,
        columns: tuple[Sequence[str], Sequence[str]],
        read: Callable[[dict[str, str]], Row],
        also: dict[str, str] | None = None,
    ) -> None:
        self.stream, self.columns, self.read, self.also = stream, columns, read, also or {}
        self.offset, self.line = 0, 0
        self.told: dict[str, str] = {}
        self.names: list[str] = []
        self.comma = ","

    def begin(self) -> None:
        """Read up to the first row. Raises BadFile, in words, for a file of another shape."""
        self.stream.seek(0)
        self.offset, self.line = 0, 0
        for text in self._lines():
            if text.startswith("#"):
                name, _colon, value = text.lstrip("# ").partition(":")
                self.told.setdefault(name.strip().lower(), value.strip())
            elif text.strip():
                break
        else:
            raise BadFile(_("This file is empty."))
        # Spreadsheets of some countries put semicolons, and some tabs.
        self.comma = max(",;\t", key=text.count)
        names = [name.strip().lower() for name in next(csv.reader([text], delimiter=self.comma), [])]
        self.names = [self.also.get("_".join(name.split()), name) for name in names]
        must, may = self.columns
        missing = [name for name in must if name not in self.names]
        if missing:
            message = _(
                "These columns are missing: %(missing)s. The first line must name: %(must)s. It may name: %(may)s."
            )
            raise BadFile(
                message % {"missing": ", ".join(missing), "must": ", ".join(must), "may": ", ".join(may) or "–"}
            )
        twice = sorted({name for name in self.names if name and self.names.count(name) > 1})
        if twice:
            raise BadFile(_("These columns stand twice: %(twice)s.") % {"twice": ", ".join(twice)})

    def go_on(self, offset: int, line: int) -> None:
        """To where an earlier reading ended."""
        self.stream.seek(offset)
        self.offset, self.line = offset, line

    def rows(self) -> Iterator[tuple[int, str, Row | Refused]]:
        """The number of each row's last line, the row as it was written, and the row, or why it is refused.

        When one is given out, `offset` and `line` stand behind it. Raises BadFile for what is no text.
        """
        written: list[str] = []

        def lines() -> Iterator[str]:
            for text in self._lines():
                written.append(text)
                yield text

        for values in _records(lines(), self.comma):
            text = "".join(written)
            written.clear()
            if not any(value.strip() for value in values):
                continue
            if len(values) != len(self.names):
                yield self.line, text, Refused("columns")
                continue
            try:
                yield self.line, text, self.read(dict(zip(self.names, values, strict=True)))
            except Refused as refusal:
                yield self.line, text, refusal

    def _lines(self) -> Iterator[str]:
        while raw := self.stream.readline(LONGEST_LINE + 1):
            self.offset += len(raw)
            self.line += 1
            if self.line == 1:
                if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in raw:
                    raise BadFile(
                        _("This file is not in UTF-8. In the spreadsheet choose “CSV UTF-8” when you save it.")
                    )
                raw = raw.removeprefix(b"\xef\xbb\xbf")
            if len(raw) > LONGEST_LINE:
                message = _("Line %(line)d is too long: is this a CSV file, and is every quote closed?")
                raise BadFile(message % {"line": self.line})
            try:
                yield raw.decode("utf-8")
            except UnicodeDecodeError:
                message = _(
                    "Line %(line)d is not in UTF-8. In the spreadsheet choose “CSV UTF-8” when you save the file."
                )
                raise BadFile(message % {"line": self.line}) from None


def _records(lines: Iterator[str], comma: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(lines, delimiter=comma)
    except csv.Error:
        raise BadFile(_("A quote is opened and never closed.")) from None


def unpack(
    upload: "UploadedFile[bytes]", plain: "IO[bytes]", *, most: int, too_large: str | Promise
) -> tuple[int, str]:
    """Write the upload into `plain`, unpacked if it came as .gz. Its size and its SHA-256, both of what was written.

    Raises BadFile, in the words of `too_large` for more than `most` bytes.
    """
    upload.seek(0)
    packed = upload.read(2) == b"\x1f\x8b"
    upload.seek(0)
    source: IO[bytes] = gzip.GzipFile(fileobj=upload) if packed else upload  # type: ignore[assignment]
    size, digest = 0, hashlib.sha256()
    try:
        while chunk := source.read(CHUNK):
            size += len(chunk)
            if size > most:
                raise BadFile(str(too_large))
            digest.update(chunk)
            plain.write(chunk)
    except (OSError, EOFError, zlib.error):
        raise BadFile(_("This file is packed, and cannot be unpacked. Pack it once more.")) from None
    plain.flush()
    return size, digest.hexdigest()
