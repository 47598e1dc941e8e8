"""Who was in the room of a visit and when: what a decision about it stands on. Nothing of what was said."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from config.admin import PortalModelAdmin, Unchangeable
from telehealth.models import JoinEvidence


@admin.register(JoinEvidence)
class JoinEvidenceAdmin(Unchangeable, PortalModelAdmin):
    list_display = ["at", "side", "event", "device_class", "seen_at", "consultation_id"]
    list_filter = ["side", "event"]
    search_fields = ["consultation__appointment__id__exact"]
    search_help_text = _("The appointment's id.")
    ordering = ["pk"]
    fields = ["consultation_id", "side", "event", "at", "device_class", "browser", "grade", "seen_at"]
    readonly_fields = fields
