"""The ledger, and the commission that the portal keeps."""

from django.contrib import admin
from unfold.contrib.filters.admin import RangeDateTimeFilter

from config.admin import PortalModelAdmin
from payments.admin.base import ReadOnlyAdmin, ReadOnlyInline
from payments.models import CommissionRate, Journal, LedgerEntry


class EntryInline(ReadOnlyInline):
    model = LedgerEntry
    fields = ["account", "doctor", "amount", "currency"]
    show_change_link = False


@admin.register(Journal)
class JournalAdmin(ReadOnlyAdmin):
    list_display = ["id", "kind", "cause", "charge_id", "at"]
    list_filter = ["kind", ("at", RangeDateTimeFilter)]
    search_fields = ["cause", "charge__id__exact"]
    date_hierarchy = "at"
    ordering = ["-at"]
    inlines = [EntryInline]


@admin.register(CommissionRate)
class CommissionRateAdmin(PortalModelAdmin):
    list_display = ["doctor", "specialty", "percent"]
    list_select_related = ["doctor", "specialty"]
    raw_id_fields = ["doctor"]
