"""People who sign in, and what they were told."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from unfold.decorators import action

from accounts import previews
from accounts.models import Delivery, Notification, TrailEntry, User
from config.admin import PortalModelAdmin, Unchangeable

# Whose address is whose, and who has which key, is never for an admin to write.
for model in (EmailAddress, Authenticator, UserSession):
    admin.site.unregister(model)
# Django's own page would let whoever may change groups give rights to themselves.
admin.site.unregister(Group)

RIGHTS = ["is_staff", "is_superuser", "groups"]


@admin.register(User)
class UserAdmin(PortalModelAdmin):
    """Accounts come by signing up, applying or a command. An address is changed by its owner, who must prove it."""

    list_display = ["email", "name", "role", "is_active", "is_staff", "date_joined"]
    list_filter = ["role", "is_active", "is_staff"]
    search_fields = ["email", "name"]
    ordering = ["-date_joined", "pk"]
    fields = ["email", "name", "role", "language", "time_zone", "is_active", *RIGHTS, "date_joined", "last_login"]
    readonly_fields = ["email", "date_joined", "last_login"]
    filter_horizontal = ["groups"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Only a superuser gives rights: who may edit accounts cannot promote their own."""
        return self.readonly_fields if request.user.is_superuser else [*self.readonly_fields, *RIGHTS]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """An administrator's account is a superuser's to change: it could be closed, or made a patient's."""
        if obj is not None and (obj.is_staff or obj.is_superuser) and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Group)
class GroupAdmin(Unchangeable, PortalModelAdmin):
    """The groups as config/groups.py has them, to be read by superusers; who is in which stands at the account."""

    list_display = ["name", "members"]
    ordering = ["name"]
    fields = ["name", "rights", "members"]
    readonly_fields = ["rights", "members"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        rights = Prefetch("permissions", Permission.objects.select_related("content_type"))
        return super().get_queryset(request).prefetch_related(rights, "user_set")

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return bool(request.user.is_superuser)

    @admin.display(description=_("rights"))
    def rights(self, group: Group) -> str:
        return "\n".join(f"{each.content_type.app_label}.{each.codename}" for each in group.permissions.all())

    @admin.display(description=_("members"))
    def members(self, group: Group) -> str:
        return ", ".join(user.email for user in group.user_set.all()) or "–"


@admin.register(Notification)
class NotificationAdmin(Unchangeable, PortalModelAdmin):
    """That somebody was told something, and when; not in which words. What each kind says, with invented facts."""

    actions_list = ["previews"]

    list_display = ["user", "kind", "created_at", "read_at"]
    list_filter = ["kind"]
    list_select_related = ["user"]
    search_fields = ["user__email"]
    ordering = ["-created_at"]
    fields = ["user", "kind", "created_at", "read_at"]

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(require_safe(self.preview_mail))
        return [path("previews/mail.html", page, name="accounts_notification_mail"), *super().get_urls()]

    @action(description=_("What each message says"), url_path="previews", permissions=["view"], icon="visibility")
    def previews(self, request: HttpRequest) -> HttpResponse:
        context = self.admin_site.each_context(request) | {"title": _("What each message says"), "opts": self.opts}
        return render(request, "admin/accounts/previews.html", context | previews.preview_of(request))

    def preview_mail(self, request: HttpRequest) -> HttpResponse:
        """The mail as a page of its own: as mail programs do, the browser shows it beside nothing else."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return HttpResponse(previews.preview_of(request)["html"])


@admin.register(Delivery)
class DeliveryAdmin(Unchangeable, PortalModelAdmin):
    list_display = ["recipient", "kind", "channel", "fate", "attempts", "due_at", "sent_at", "error"]
    list_filter = ["status", "channel", "notification__kind"]
    list_select_related = ["notification__user"]
    search_fields = ["notification__user__email"]
    ordering = ["-pk"]
    fields = [
        *("recipient", "kind", "channel", "fate", "attempts", "due_at", "sent_at", "reference", "report", "error"),
    ]

    @admin.display(description=_("fate"))
    def fate(self, delivery: Delivery) -> str:
        """What became of it in the end: read, where it was opened in the inbox."""
        return _("Read") if delivery.notification.read_at else delivery.get_status_display()

    @admin.display(ordering="notification__user__email")
    def recipient(self, delivery: Delivery) -> str:
        return delivery.notification.user.email

    @admin.display(ordering="notification__kind")
    def kind(self, delivery: Delivery) -> str:
        return delivery.notification.get_kind_display()


@admin.register(TrailEntry)
class TrailEntryAdmin(Unchangeable, PortalModelAdmin):
    """Who did or looked at what. Ids and codes: the trail tells nothing about anybody's health."""

    list_display = ["at", "by", "action", "about", "about_id", "subject", "ground", "code", "address"]
    list_filter = ["action", "ground", "about"]
    list_select_related = ["by"]
    search_fields = ["by__email", "=about_id", "=subject", "=ground_id"]
    search_help_text = _("Whoever did it, by e-mail address, or the whole key of a row or of a patient.")
    show_full_result_count = False
    ordering = ["-at", "-pk"]
    fields = ["at", "by", "action", "about", "about_id", "subject", "ground", "ground_id", "code", "address"]
