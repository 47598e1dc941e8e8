from typing import Any

from django.core.management.base import BaseCommand

from specialties.reference import read_reference
from specialties.services import load_reference


class Command(BaseCommand):
    help = "Brings the specialties and symptoms that come with the portal up to date. Safe to run at every start."

    def handle(self, *args: Any, **options: Any) -> None:
        loaded = load_reference(read_reference())
        self.stdout.write(
            f"{loaded.specialties} specialties: {loaded.specialties_added} new,"
            f" {loaded.specialties_dropped} taken out of use."
        )
        self.stdout.write(
            f"{loaded.symptoms} symptoms: {loaded.symptoms_added} new, {loaded.symptoms_dropped} removed."
        )
