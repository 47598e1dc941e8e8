"""Who must, and who may."""

from django.conf import settings

from accounts.models import Role, User


def is_staff_of_portal(user: User) -> bool:
    """Whoever sees other people's data: doctors, and all who may open the admin."""
    return user.role in (Role.DOCTOR, Role.ADMIN) or user.is_staff or user.is_superuser


def must_use_second_factor(user: User) -> bool:
    return settings.SECOND_FACTOR_REQUIRED and is_staff_of_portal(user)
