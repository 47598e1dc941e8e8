"""Prints the state diagrams of docs/architecture.md from the tables that the code obeys."""

from collections.abc import Mapping, Set
from typing import Any

from django.core.management.base import BaseCommand

from appointments.models import TRANSITIONS, Status


class Command(BaseCommand):
    help = "Prints the diagram between the markers <!-- states:appointments --> and <!-- /states -->."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(diagram(TRANSITIONS, first=Status.HELD))


def diagram(transitions: Mapping[Status, Set[Status]], *, first: Status) -> str:
    """A Mermaid state diagram, fenced for Markdown: states and arrows in the order in which the states are declared."""
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {first.name}"]
    for old in Status:
        lines += [f"    {old.name} --> {new.name}" for new in Status if new in transitions[old]]
        if not transitions[old]:
            lines.append(f"    {old.name} --> [*]")
    return "\n".join([*lines, "```"])
