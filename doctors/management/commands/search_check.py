"""Says whether search knows what the database has; its end status is for whoever looks every night."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from doctors import services
from doctors.search import index


class Command(BaseCommand):
    help = "Compares documents, listings and the search server's index with the doctors. Changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        found = looked_at = 0
        for doctor_ids, done, _total in services.unwritten():
            for pk in doctor_ids:
                self.stderr.write(f"PostgreSQL: doctor {pk} differs")
            found += len(doctor_ids)
            looked_at = done
        self.stdout.write(f"PostgreSQL: {looked_at} doctors.")
        if settings.MEILISEARCH_URL:
            try:
                for line in index.differences():
                    self.stderr.write(f"Meilisearch: {line}")
                    found += 1
                self.stdout.write(f"Meilisearch: {index.size()} documents.")
            except index.FAILURES as error:
                raise CommandError(f"Meilisearch: {error}") from error
        if found:
            raise CommandError(f"{found} differences; manage.py rebuild_search takes them away.")
        self.stdout.write("Search knows what the database has.")
