"""The admin's site, and the base of every page in it."""

from collections.abc import Callable
from typing import Any

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import messages
from django.contrib.admin import ActionLocation, ModelAdmin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csp import csp_override
from django_htmx.http import HttpResponseClientRedirect
from unfold.admin import ModelAdmin as UnfoldModelAdmin
from unfold.sites import UnfoldAdminSite

from config.errors import DomainError


class PortalAdminSite(UnfoldAdminSite):
    """unfold's, behind the portal's one sign-in. Its kit needs a content policy of its own, which ends at its pages."""

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        return csp_override(settings.ADMIN_CSP)(super().admin_view(view, cacheable))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Who is not signed in goes to the portal's sign-in and comes back; who may not open the admin gets a 403."""
        page = csp_override(settings.ADMIN_CSP)(super().login)
        return secure_admin_login(page)(request, extra_context)


class PortalModelAdmin(UnfoldModelAdmin):
    """unfold's, with actions offered in the way that Django asks for them since 6.1."""

    def row(self, object_id: Any) -> models.QuerySet[Any]:
        """The row of which an address speaks; none for what is no key of such a row."""
        try:
            return self.model._default_manager.filter(pk=self.opts.pk.to_python(object_id))
        except ValidationError:
            return self.model._default_manager.none()

    def get_action_choices(
        self,
        request: HttpRequest,
        default_choices: Any = None,
        action_location: ActionLocation = ActionLocation.CHANGE_LIST,
    ) -> Any:
        # Past unfold's own, which knows no location: its one difference are these words.
        return ModelAdmin.get_action_choices(self, request, [("", str(_("Select action")))], action_location)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Who may not see the rows is refused before it is looked whether there is such a row."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)


class Unchangeable:
    """For a model admin or an inline whose rows can be read, and not added, changed or removed: an edit would lie."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


def decided[M: models.Model](
    model_admin: PortalModelAdmin, request: HttpRequest, subject: M, service: Callable[[M], str]
) -> HttpResponse:
    """Run the service, put what it did on the admin's record, and go back to the page; a refusal is said there."""
    try:
        done = service(subject)
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
    else:
        model_admin.log_change(request, subject, done)
        messages.success(request, done)
    opts = subject._meta
    response = redirect(f"admin:{opts.app_label}_{opts.model_name}_change", subject.pk)
    return HttpResponseClientRedirect(response.url) if request.htmx else response


def environment(request: HttpRequest) -> list[str] | None:
    """The badge in the admin's head: that this is a demo, and what it does not ask for."""
    if not settings.DEMO:
        return None
    if settings.SECOND_FACTOR_REQUIRED:
        return [str(_("Demo")), "info"]
    return [str(_("Demo without a second step")), "warning"]


def account_links(request: HttpRequest) -> list[dict[str, str]]:
    """The ways out of the admin, in the menu of who is signed in: to the emergency access, for those who have it."""
    if not request.user.has_perm("patients.break_glass"):
        return []
    return [{"title": str(_("Emergency access")), "link": reverse("patients:find_patient")}]
