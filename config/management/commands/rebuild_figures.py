"""Counts the figures of days anew, as after an update or a restore."""

from datetime import date
from time import monotonic
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.days import today
from config.figures import CHANGES_FOR, count_days


class Command(BaseCommand):
    help = (
        "Count the figures of the admin's home anew, a month at a time. May be broken off, and run beside the portal."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="first", type=date.fromisoformat, help="the first day, YYYY-MM-DD")
        parser.add_argument("--to", dest="last", type=date.fromisoformat, help="the last day; today unless given")

    def handle(self, *args: Any, first: date | None, last: date | None, **options: Any) -> None:
        last = last or today()
        first = first or last - CHANGES_FOR
        if first > last or last > today():
            raise CommandError("The last day is not before the first one, and not after today.")
        begun = monotonic()
        for month, rows in count_days(first, last):
            self.stdout.write(f"{month:%Y-%m}: {rows} figures, {monotonic() - begun:.1f} s")
