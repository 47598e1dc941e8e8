"""Who may."""

from django.contrib.auth.models import AnonymousUser

from accounts.models import Role, User


def can_see_ranking(user: User | AnonymousUser) -> bool:
    """Administrators see on the results page what each doctor's place in the best match is made of."""
    return isinstance(user, User) and user.role == Role.ADMIN
