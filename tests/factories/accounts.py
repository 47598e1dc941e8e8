"""People who sign in."""

import factory
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from factory.django import DjangoModelFactory, Password

from accounts.models import Role, User

PASSWORD = "a long enough password"


class UserFactory(DjangoModelFactory[User]):
    """Somebody who can sign in with PASSWORD: the address is verified.

    - `as_doctor=True`, `as_admin=True` (a superuser) choose the home
    - `in_group="support"` is an administrator with the rights of that group alone
    """

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person-{n}@example.com")
    name = factory.Sequence(lambda n: f"Person {n}")
    password = Password(PASSWORD)

    class Params:
        as_doctor = factory.Trait(role=Role.DOCTOR)
        as_admin = factory.Trait(role=Role.ADMIN, is_staff=True, is_superuser=True)

    @factory.post_generation
    def in_group(self: User, create: bool, extracted: str | None, **kwargs: object) -> None:
        if create and extracted:
            self.role, self.is_staff = Role.ADMIN, True
            self.save(update_fields=["role", "is_staff"])
            self.groups.add(Group.objects.get(name=extracted))

    @factory.post_generation
    def address(self: User, create: bool, extracted: object, **kwargs: object) -> None:
        """`address=False` leaves the address out, `address__verified=False` leaves it unverified."""
        if create and extracted is not False:
            EmailAddress.objects.create(user=self, email=self.email, **{"primary": True, "verified": True} | kwargs)
