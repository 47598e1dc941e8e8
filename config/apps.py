from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.db.models.signals import post_migrate


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = "Portal"
    default = True

    def ready(self) -> None:
        """The last room: when its turn comes after a migration, the rights of all others are there."""
        from config.groups import write_groups

        post_migrate.connect(write_groups, sender=self, dispatch_uid="config.groups")


class PortalAdminConfig(admin_apps.AdminConfig):
    """Django's admin on the portal's own site."""

    default_site = "config.admin.PortalAdminSite"
    default = False
