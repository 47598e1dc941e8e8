"""Prints the state diagrams of docs/architecture.md from the tables that the code obeys."""

from collections.abc import Mapping, Set
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db.models import TextChoices

from appointments.models import TRANSITIONS, Status
from doctors.models import VERIFICATION_TRANSITIONS, VerificationStatus
from prescriptions.models import ORDER_TRANSITIONS, OrderStatus
from reviews.models import REVIEW_TRANSITIONS, ReviewStatus

# By the name in the marker: the table, and the state in which everything begins.
MACHINES: dict[str, tuple[Mapping[Any, Set[Any]], TextChoices]] = {
    "appointments": (TRANSITIONS, Status.HELD),
    "verifications": (VERIFICATION_TRANSITIONS, VerificationStatus.PENDING),
    "orders": (ORDER_TRANSITIONS, OrderStatus.PLACED),
    "reviews": (REVIEW_TRANSITIONS, ReviewStatus.PUBLISHED),
}


class Command(BaseCommand):
    help = "Prints what belongs between <!-- states:NAME --> and <!-- /states -->: of NAME, or each in turn."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", choices=MACHINES)

    def handle(self, *args: Any, name: str | None, **options: Any) -> None:
        for each in [name] if name else MACHINES:
            transitions, first = MACHINES[each]
            self.stdout.write(diagram(transitions, first=first))


def diagram(transitions: Mapping[Any, Set[Any]], *, first: TextChoices) -> str:
    """A Mermaid state diagram, fenced for Markdown: states and arrows in the order in which the states are declared."""
    states = type(first)
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {first.name}"]
    for old in states:
        lines += [f"    {old.name} --> {new.name}" for new in states if new in transitions[old]]
        if not transitions[old]:
            lines.append(f"    {old.name} --> [*]")
    return "\n".join([*lines, "```"])
