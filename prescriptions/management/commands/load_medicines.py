from typing import Any

from django.core.management.base import BaseCommand

from prescriptions.services import load_starter


class Command(BaseCommand):
    help = (
        "Brings the starter set of medicines, substances and interactions that comes with the portal up to date. "
        "Safe to run at every start; what an administrator imported in full is not touched."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        loaded = load_starter()
        self.stdout.write(
            f"{loaded.medicines} medicines ({loaded.medicines_added} new), {loaded.ingredients} substances, "
            f"{loaded.interactions} interactions. A starter set: import a full register before patients are treated."
        )
