"""CSV files as spreadsheets open them: in UTF-8, a line at a time, and with nothing in them that would be computed."""

import csv
from collections.abc import Iterable, Iterator, Sequence

from django.http import StreamingHttpResponse

# A spreadsheet takes the file for UTF-8 by this sign at its beginning.
MARK = "\ufeff"
# A cell that begins so is a formula to a spreadsheet.
COMPUTED = ("=", "+", "-", "@", "\t", "\r", "\n")


class _Echo:
    """What the csv module writes to, so that it answers each line."""

    def write(self, line: str) -> str:
        return line


def as_text(value: object) -> object:
    """Words that would be computed get an apostrophe in front; numbers stay what they are."""
    return f"'{value}" if isinstance(value, str) and value.startswith(COMPUTED) else value


def csv_lines(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The file's lines, one at a time."""
    writer = csv.writer(_Echo())
    yield MARK + writer.writerow([as_text(name) for name in head])
    for row in rows:
        yield writer.writerow([as_text(value) for value in row])


def csv_response(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> StreamingHttpResponse:
    """A download of that name, without its ending."""
    answer = StreamingHttpResponse(csv_lines(head, rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer
