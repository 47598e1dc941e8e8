"""Makes anew what search finds doctors by, while it goes on finding them."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from doctors import services
from doctors.search import index


class Command(BaseCommand):
    help = (
        "Writes the documents that differ from what doctors say, then builds the search server's index beside the one "
        "that answers, and puts it in its place. May be broken off, and run again, at any moment."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        written = 0
        for doctor_ids, done, total in services.unwritten():
            services.write_documents(doctor_ids)
            written += len(doctor_ids)
            self._told("PostgreSQL", done, total)
        self.stdout.write(f"PostgreSQL: {written} written anew.")
        if not settings.MEILISEARCH_URL:
            return
        try:
            index.rebuild(lambda done, total: self._told("Meilisearch", done, total))
        except index.UnderWay as error:
            raise CommandError("Somebody else is at it.") from error
        except index.FAILURES as error:
            raise CommandError(f"Meilisearch: {error}. The index that answers is as it was.") from error
        self.stdout.write("Meilisearch: the new index answers.")

    def _told(self, where: str, done: int, total: int) -> None:
        self.stdout.write(f"{where}: {done} of {total}")
