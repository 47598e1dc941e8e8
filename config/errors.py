"""The base of every rule that can be broken by a person, not by a bug."""

from django.utils.functional import Promise


class DomainError(Exception):
    """A request that the house refuses, in words that the person who made it understands.

    `message` is a translatable sentence and `status` the HTTP status that a view turns it into (409 unless a
    subclass says otherwise). It never holds anything that the person may not see.
    """

    status = 409
    message: str | Promise = ""

    def __init__(self, message: str | Promise | None = None) -> None:
        super().__init__(message or self.message)
        if message is not None:
            self.message = message
