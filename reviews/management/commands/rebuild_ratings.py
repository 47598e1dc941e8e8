"""Counts the doctors' ratings anew."""

from typing import Any

from django.core.management.base import BaseCommand

from reviews.services import wrong_ratings


class Command(BaseCommand):
    help = "Compare every doctor's rating with the reviews, and put right what differs. May run beside the portal."

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = 0
        for doctor_id in wrong_ratings():
            wrong += 1
            self.stdout.write(f"doctor {doctor_id}: put right")
        self.stdout.write(f"{wrong} ratings were wrong.")
