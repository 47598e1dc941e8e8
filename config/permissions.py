"""The portal's one object-permission backend: django-guardian's, with grants that end by themselves.

guardian joins the grant table by relation and asks no manager, so an expiry that only a manager knows would be passed
over. Grant models that are for a time therefore say by `live_now()` which rows count, and it is added here; listings
add the same by `objects.live()`.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Permission
from django.db.models import Model
from guardian.backends import check_support
from guardian.core import ObjectPermissionChecker
from guardian.utils import get_user_obj_perms_model


class GrantChecker(ObjectPermissionChecker):
    """What one user was granted on one object, by people. Nobody has it by a group, or by being a superuser."""

    def has_perm(self, perm: str, obj: Model) -> bool:
        return perm.rpartition(".")[2] in self.get_perms(obj)

    def get_perms(self, obj: Model) -> list[str]:
        if not self.user or not self.user.is_active:
            return []
        found = set(self.get_user_perms(obj))
        wider: dict[str, tuple[Model, frozenset[str]]] = getattr(obj, "wider_grants", {})
        found |= {perm for perm, (whole, perms) in wider.items() if perms & set(self.get_user_perms(whole))}
        return sorted(found)

    def get_user_filters(self, obj: Model) -> dict[str, Any]:
        filters: dict[str, Any] = super().get_user_filters(obj)
        grants: Any = get_user_obj_perms_model(obj)
        if hasattr(grants, "live_now"):
            name = grants.permission.field.related_query_name()
            filters |= {f"{name}__{lookup}": value for lookup, value in grants.live_now().items()}
        return filters

    def get_group_perms(self, obj: Model) -> Any:
        return Permission.objects.none().values_list("codename", flat=True)


class ObjectPermissionBackend:
    """`user.has_perm("patients.view_medicalrecord", record)`. Knows nothing of permissions without an object."""

    def authenticate(self, request: Any, **credentials: Any) -> None:
        return None

    def has_perm(self, user: Any, perm: str, obj: Model | None = None) -> bool:
        if obj is None:
            return False
        supported, user = check_support(user, obj)
        if not supported:
            return False
        room = perm.rpartition(".")[0]
        return room in ("", obj._meta.app_label) and GrantChecker(user).has_perm(perm, obj)

    def get_all_permissions(self, user: Any, obj: Model | None = None) -> Iterable[str]:
        if obj is None:
            return set()
        supported, user = check_support(user, obj)
        return set(GrantChecker(user).get_perms(obj)) if supported else set()
