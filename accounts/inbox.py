"""Messages as the inbox shows them."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.conf import settings

from accounts.models import Notification, User
from accounts.services import path_of, title_of, words
from accounts.services.mail import Line, paragraphs_of
from accounts.topics import Topic, topic_of

ICONS = {
    Topic.REMINDERS: "bell-ring",
    Topic.VISITS: "calendar-days",
    Topic.PAPERS: "file-text",
    Topic.REVIEWS: "star",
    Topic.PROFILE: "id-card",
    Topic.MONEY: "banknote",
    Topic.SAFETY: "shield-check",
}


@dataclass(frozen=True, slots=True)
class Letter:
    """A message in the reader's language: its subject, and where one asked for all of it, its paragraphs."""

    row: Notification
    subject: str
    topic: Topic
    icon: str
    path: str
    paragraphs: list[list[Line]] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Where it leads, as its words name it."""
        return settings.SITE_ORIGIN + self.path if self.path else ""

    @property
    def says_address(self) -> bool:
        """Whether its words name where it leads: the way there stands in that place, and nowhere else."""
        return any(line.address == self.address for lines in self.paragraphs for line in lines if line.address)


def letters(rows: Iterable[Notification], user: User, *, whole: bool = False) -> list[Letter]:
    """The user's own, in the language and on the clock of now. Asks the database nothing more."""
    found = []
    for row in rows:
        row.user = user
        topic = topic_of(row.kind)
        paragraphs = paragraphs_of(words(row)[1]) if whole else []
        found.append(Letter(row, title_of(row), topic, ICONS[topic], path_of(row), paragraphs))
    return found
