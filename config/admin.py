"""The admin's site, and the base of every page in it."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.decorators import secure_admin_login
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.admin import ActionLocation, ModelAdmin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csp import csp_override
from django_htmx.http import HttpResponseClientRedirect
from unfold.admin import ModelAdmin as UnfoldModelAdmin
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
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


class HandedInAdmin(PortalModelAdmin):
    """Files of rows (config.handed_in): one is handed in on a page of its own and watched on another, and `pages` name
    what there is beside, by the method and the end of its address. `folder` has the templates `add` and `change`."""

    folder: str
    form_class: type[forms.Form]
    pages: tuple[tuple[str, str], ...]
    list_filter = ("kind", "status")
    list_select_related = ("by",)

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        prefix = f"{self.opts.app_label}_{self.opts.model_name}"
        own = [
            path(f"<path:object_id>/{end}", self.admin_site.admin_view(getattr(self, name)), name=f"{prefix}_{name}")
            for name, end in self.pages
        ]
        return own + super().get_urls()

    def hand_in(self, request: HttpRequest, typed: dict[str, Any]) -> models.Model:
        """Take the file; the row that it is, or was. Raises DomainError, which is said beside the file."""
        raise NotImplementedError

    def about_adding(self) -> dict[str, Any]:
        """What the page of handing in says beside the form."""
        raise NotImplementedError

    def about(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """What the page of one file says of it, beside how far it is (`handed`)."""
        raise NotImplementedError

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = self.form_class(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            try:
                row = self.hand_in(request, form.cleaned_data)
            except DomainError as refusal:
                form.add_error("file", str(refusal.message))
            else:
                return self.to_page(row)
        return self.page(request, "add", {"form": form} | self.about_adding(), status=422 if form.errors else 200)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.found(request, object_id)
        return self.page(request, "change", {"handed": row} | self.about(request, row))

    def page(self, request: HttpRequest, name: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
        whole = self.admin_site.each_context(request) | {"opts": self.opts} | context
        return TemplateResponse(request, f"admin/{self.folder}/{name}.html", whole, status=status)

    def to_page(self, row: models.Model) -> HttpResponse:
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", row.pk)

    def found(self, request: HttpRequest, object_id: str) -> Any:
        """The row of the address; a 403 for who may not see it, a 404 where there is none."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return get_object_or_404(self.row(unquote(object_id)))

    def do(
        self, request: HttpRequest, object_id: str, service: Callable[[Any], Any], *, record: str, done: str
    ) -> HttpResponse:
        """For whoever hands in: call the service with the row, put it on the record, and tell; a refusal is told."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row = self.found(request, object_id)
        try:
            service(row)
        except DomainError as refusal:
            messages.error(request, str(refusal.message))
        else:
            self.log_change(request, row, record)
            messages.success(request, done)
        return self.to_page(row)


def decision(
    permission: str,
    description: str | Promise,
    *,
    title: str | Promise | None = None,
    about: str | Promise | None = None,
    submit: str | Promise | None = None,
    form: type[BaseDialogForm] = BaseDialogForm,
    icon: str,
    variant: ActionVariant = ActionVariant.DEFAULT,
    end: str | None = None,
) -> Callable[[Callable[[Any, Any, Any, dict[str, Any]], str]], Any]:
    """An action of a row's page that first asks, in a dialog, whether it is meant, and for what `form` wants to know.

    The method is called with the row, who decides, and what was typed. What it says it has done is put on the admin's
    record and told on the page, to which the way leads back; a refusal is told there. Title and button say what the
    action is called, where they have no words of their own; the address ends with the method's name, or with `end`.
    """
    dialog = {
        "title": description if title is None else title,
        "description": about,
        "form_class": form,
        "form_submit_text": description if submit is None else submit,
    }

    def decorate(decide: Callable[[Any, Any, Any, dict[str, Any]], str]) -> Any:
        @wraps(decide)
        def run(model_admin: PortalModelAdmin, request: HttpRequest, form: BaseDialogForm, object_id: str) -> Any:
            row = get_object_or_404(model_admin.model, pk=object_id)
            try:
                done = decide(model_admin, row, request.user, form.cleaned_data)
            except DomainError as refusal:
                messages.error(request, str(refusal.message))
            else:
                model_admin.log_change(request, row, done)
                messages.success(request, done)
            opts = model_admin.opts
            response = redirect(f"admin:{opts.app_label}_{opts.model_name}_change", row.pk)
            return HttpResponseClientRedirect(response.url) if request.htmx else response

        return action(
            description=description,
            url_path=end or decide.__name__.replace("_", "-"),
            permissions=[permission],
            icon=icon,
            variant=variant,
            dialog=dialog,
        )(run)

    return decorate


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
