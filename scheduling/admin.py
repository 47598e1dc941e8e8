"""Doctors' calendars, to be read. Hours are changed where the appointments in them are looked at first."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from config.admin import PortalModelAdmin, Unchangeable
from scheduling.models import Calendar, ExtraHours, TimeOff, VisitType, WeeklyHours


class OfDoctorAdmin(Unchangeable, PortalModelAdmin):
    search_fields = ["doctor__name", "doctor__name_bn", "doctor__registration_number"]
    search_help_text = _("A doctor's name or registration number.")


@admin.register(Calendar)
class CalendarAdmin(OfDoctorAdmin):
    list_display = ["of", "time_zone", "slot_minutes", "notice_minutes", "horizon_days", "daily_cap"]
    list_filter = ["time_zone", "slot_minutes"]
    list_select_related = ["doctor"]
    ordering = ["doctor__name", "pk"]

    @admin.display(description=_("doctor"), ordering="doctor__name")
    def of(self, calendar: Calendar) -> str:
        return str(calendar.doctor)


@admin.register(WeeklyHours)
class WeeklyHoursAdmin(OfDoctorAdmin):
    list_display = ["doctor", "weekday", "start", "end", "modes", "place", "valid"]
    list_filter = ["weekday"]
    list_select_related = ["doctor", "place"]
    ordering = ["doctor__name", "doctor_id", "weekday", "start"]
    fields = ["doctor", "weekday", "start", "end", "modes", "place", "valid"]
    readonly_fields = ["end"]

    @admin.display(description=_("to"))
    def end(self, hours: WeeklyHours) -> object:
        return hours.end


@admin.register(VisitType)
class VisitTypeAdmin(OfDoctorAdmin):
    list_display = ["doctor", "kind", "label", "minutes", "fee_video", "fee_in_person", "is_active"]
    list_filter = ["kind", "is_active"]
    list_select_related = ["doctor"]
    ordering = ["doctor__name", "doctor_id", "position"]


@admin.register(ExtraHours)
class ExtraHoursAdmin(OfDoctorAdmin):
    list_display = ["doctor", "period", "modes", "place"]
    list_select_related = ["doctor", "place"]
    ordering = ["-period", "pk"]


@admin.register(TimeOff)
class TimeOffAdmin(OfDoctorAdmin):
    list_display = ["doctor", "period"]
    list_select_related = ["doctor"]
    ordering = ["-period", "pk"]
