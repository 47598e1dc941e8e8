"""Bookings in the admin, to be read: an edit would be a lie. Why a patient comes is health data, and is not here."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from appointments.models import Appointment, AppointmentEvent
from config.admin import PortalModelAdmin, Unchangeable


class DateFilter(admin.SimpleListFilter):
    """By the day on which the visit begins, on the reader's clock."""

    title = _("day")
    parameter_name = "day"
    # From how many days after today to how many.
    SPANS = {"today": (0, 0), "tomorrow": (1, 1), "next-7": (0, 6), "last-7": (-6, 0), "last-30": (-29, 0)}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("today", _("Today")),
            ("tomorrow", _("Tomorrow")),
            ("next-7", _("Next 7 days")),
            ("last-7", _("Past 7 days")),
            ("last-30", _("Past 30 days")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Appointment]) -> QuerySet[Appointment]:
        span = self.SPANS.get(self.value() or "")
        if span is None:
            return queryset
        midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        first, last = midnight + timedelta(days=span[0]), midnight + timedelta(days=span[1] + 1)
        return queryset.filter(period__startswith__gte=first, period__startswith__lt=last)


class EventInline(Unchangeable, TabularInline):
    model = AppointmentEvent
    fields = ["at", "old", "new", "by", "code"]
    readonly_fields = ["at"]
    extra = 0
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[AppointmentEvent]:
        return super().get_queryset(request).select_related("by")


@admin.register(Appointment)
class AppointmentAdmin(Unchangeable, PortalModelAdmin):
    list_display = ["start", "doctor", "patient", "mode", "status", "fee", "currency", "created_at"]
    list_filter = ["status", "mode", DateFilter]
    list_select_related = ["doctor", "patient"]
    list_per_page = 50
    search_fields = ["id__exact", "doctor__name", "doctor__name_bn", "patient__name"]
    search_help_text = _("The appointment's id, or the name of the doctor or the patient.")
    ordering = ["-period", "pk"]
    fields = [
        ("doctor", "patient", "booked_by"),
        ("start", "end", "mode", "place"),
        ("status", "hold_expires_at", "cancelled_by", "no_show_by"),
        ("fee", "currency", "charge", "replaces"),
        ("sequence", "created_at"),
    ]
    readonly_fields = ["start", "end", "created_at"]
    inlines = [EventInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Appointment]:
        return super().get_queryset(request).defer("reason")

    @admin.display(description=_("begins"), ordering="period")
    def start(self, appointment: Appointment) -> Any:
        return timezone.localtime(appointment.start)

    @admin.display(description=_("ends"))
    def end(self, appointment: Appointment) -> Any:
        return timezone.localtime(appointment.end)
