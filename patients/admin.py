"""Patients as the desk needs them: by name and number. Nothing about health is in the admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import F
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.models import User
from config.admin import PortalModelAdmin, Unchangeable, decision
from patients import services
from patients.models import EmergencyAccess, Guardianship, Patient, Verdict


@admin.register(Patient)
class PatientAdmin(PortalModelAdmin):
    list_display = ["name", "phone", "account", "created_at"]
    list_select_related = ["user"]
    search_fields = ["name", "phone", "user__email"]
    search_help_text = _("A name, a mobile number or an e-mail address.")
    ordering = ["-created_at"]
    fields = ["name", "phone", "account", "created_at"]
    readonly_fields = ["account", "created_at"]

    @admin.display(description=_("account"), ordering="user__email", empty_value="–")
    def account(self, patient: Patient) -> str | None:
        return patient.user.email if patient.user else None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Guardianship)
class GuardianshipAdmin(Unchangeable, PortalModelAdmin):
    """Who acts for whom: a child's guardians, and when that ends."""

    list_display = ["guardian", "patient", "relation", "valid"]
    list_filter = ["relation"]
    list_select_related = ["guardian", "patient"]
    search_fields = ["guardian__email", "patient__name"]
    ordering = ["-pk"]
    fields = ["guardian", "patient", "relation", "valid"]


class ReviewForm(BaseDialogForm):
    words = forms.CharField(
        label=_("What you found"), min_length=10, max_length=1000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 4})
    )


@admin.register(EmergencyAccess)
class EmergencyAccessAdmin(Unchangeable, PortalModelAdmin):
    """The queue of emergency accesses, the oldest that nobody has reviewed first. What was read is in the trail."""

    list_display = ["opened_at", "by", "patient", "reason", "expires_at", "verdict", "reviewed_by"]
    list_filter = [("reviewed_at", admin.EmptyFieldListFilter), "reason", "verdict"]
    list_select_related = ["by", "patient", "reviewed_by"]
    search_fields = ["by__email", "patient__name"]
    ordering = [F("reviewed_at").asc(nulls_first=True), "opened_at", "pk"]
    fields = ["by", "patient", "reason", "words", "opened_at", "expires_at", "closed_at", "looked_at"]
    fields += ["reviewed_by", "reviewed_at", "verdict", "review_words"]
    readonly_fields = ["looked_at"]
    actions_detail = ["justified", "unjustified"]

    @admin.display(description=_("what was looked at"))
    def looked_at(self, access: EmergencyAccess) -> str:
        address = reverse("admin:accounts_trailentry_changelist")
        return format_html('<a href="{}?q={}">{}</a>', address, access.pk, _("In the trail"))

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm("patients.review_break_glass")

    def has_review_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("patients.review_break_glass")

    @decision("review", _("It was justified"), form=ReviewForm, icon="check", variant=ActionVariant.SUCCESS)
    def justified(self, access: EmergencyAccess, by: User, typed: dict[str, Any]) -> str:
        return self._review(access, by, typed["words"], Verdict.JUSTIFIED)

    @decision("review", _("It was not justified"), form=ReviewForm, icon="block", variant=ActionVariant.DANGER)
    def unjustified(self, access: EmergencyAccess, by: User, typed: dict[str, Any]) -> str:
        return self._review(access, by, typed["words"], Verdict.UNJUSTIFIED)

    def _review(self, access: EmergencyAccess, by: User, words: str, verdict: Verdict) -> str:
        services.review_emergency_access(access, by=by, verdict=verdict, words=words)
        return f"Reviewed: {verdict}"

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Another's, as long as nobody has judged it."""
        open_to = self.row(object_id).filter(reviewed_at=None).exclude(by=request.user)
        return super().get_actions_detail(request, object_id) if open_to.exists() else []
