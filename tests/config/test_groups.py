"""The groups of administrators: written by code, exactly as the table has them."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from config.groups import RIGHTS, write_groups
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", RIGHTS)
def test_a_group_has_exactly_the_tables_rights(name: str) -> None:
    assert UserFactory(in_group=name).get_all_permissions() == RIGHTS[name]


def test_every_right_of_the_table_exists() -> None:
    rows = Permission.objects.values_list("content_type__app_label", "codename")
    known = {f"{room}.{name}" for room, name in rows}
    assert frozenset().union(*RIGHTS.values()) - known == set()


def test_migrate_takes_away_what_was_given_by_hand_and_keeps_the_members() -> None:
    support, member = Group.objects.get(name="support"), UserFactory(in_group="support")
    support.permissions.add(Permission.objects.get(codename="decide_charge"))
    Group.objects.get(name="finance").delete()
    call_command("migrate", verbosity=0)
    assert member.get_all_permissions() == RIGHTS["support"]
    assert {group.name for group in Group.objects.all()} == RIGHTS.keys()
    assert list(support.user_set.all()) == [member]


def test_writing_them_again_changes_nothing(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    # Savepoint and its end, the rights, and for each group itself and what it has.
    with django_assert_num_queries(2 + 1 + 2 * len(RIGHTS)):
        write_groups()


@pytest.mark.parametrize("right", ["patients.break_glass", "accounts.view_trailentry", "auth.change_group"])
def test_no_group_may_what_superusers_alone_may(right: str) -> None:
    assert not any(right in rights for rights in RIGHTS.values())


@pytest.mark.parametrize("given", [[], ["change_user", "change_group", "add_group", "view_group", "delete_group"]])
@pytest.mark.parametrize("name", RIGHTS)
def test_nobody_but_a_superuser_gives_rights(client: Client, name: str, given: list[str]) -> None:
    """Not even somebody who was given the rights to change accounts and groups by hand."""
    user, superuser = UserFactory(in_group=name), UserFactory(as_admin=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=given))
    client.force_login(user)
    finance = Group.objects.get(name="finance")
    for other in (user, superuser, UserFactory()):
        rights = {"is_staff": "on", "is_superuser": "on", "groups": [str(finance.pk)], "role": "admin"}
        facts = {"name": "Mallory", "language": "en", "time_zone": "Asia/Dhaka"}
        client.post(reverse("admin:accounts_user_change", args=[other.pk]), facts | rights)
    for page in ("change", "delete"):
        assert client.post(reverse(f"admin:auth_group_{page}", args=[finance.pk]), {"name": "mine"}).status_code == 403
    assert client.post(reverse("admin:auth_group_add"), {"name": "mine"}).status_code == 403
    assert User.objects.filter(is_superuser=True).get() == superuser
    assert list(user.groups.values_list("name", flat=True)) == [name]
    assert not User.objects.filter(name="Mallory", is_staff=True).exists()
    assert finance.user_set.exclude(pk=user.pk).count() == 0


def test_a_superuser_puts_people_into_groups(client: Client) -> None:
    client.force_login(UserFactory(as_admin=True))
    user = UserFactory(role=Role.ADMIN)
    group = Group.objects.get(name="support")
    answer = client.post(
        reverse("admin:accounts_user_change", args=[user.pk]),
        {
            "name": user.name,
            "role": "admin",
            "language": "en",
            "time_zone": "Asia/Dhaka",
            "is_active": "on",
            "is_staff": "on",
            "groups": [str(group.pk)],
        },
    )
    assert answer.status_code == 302
    user.refresh_from_db()
    assert (user.is_staff, list(user.groups.all())) == (True, [group])
    assert client.get(reverse("admin:auth_group_change", args=[group.pk])).status_code == 200
    assert client.post(reverse("admin:auth_group_change", args=[group.pk]), {"name": "mine"}).status_code == 403
