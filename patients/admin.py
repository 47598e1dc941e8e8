"""Patients as the desk needs them: by name and number. Nothing about health is in the admin."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from config.admin import PortalModelAdmin, Unchangeable
from patients.models import Guardianship, Patient


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
