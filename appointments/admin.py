"""Bookings in the admin, to be read: an edit would be a lie. What people write is health data, and is not here."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from unfold.admin import TabularInline

from appointments.models import Appointment, AppointmentEvent
from config.admin import PortalModelAdmin, Unchangeable
from config.errors import DomainError
from doctors.models import Doctor
from doctors.services import restore_doctor, suspend_doctor

# As many coming visits as the page of a suspension lists; it counts all.
MOST_COMING = 200


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


class SuspensionForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The doctor reads it. At most 400 letters."),
        error_messages={"required": _("Say why: the doctor reads it.")},
    )


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
        ("status", "hold_expires_at", "cancelled_by", "cancel_reason", "no_show_by"),
        ("fee", "currency", "charge", "replaces"),
        ("sequence", "created_at"),
    ]
    readonly_fields = ["start", "end", "created_at"]
    inlines = [EventInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Appointment]:
        return super().get_queryset(request).defer("reason", "cancel_words")

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.suspension)
        return [path("suspension/<int:doctor_id>/", page, name="appointments_suspension"), *super().get_urls()]

    @method_decorator(never_cache)
    @method_decorator(require_http_methods(["GET", "POST"]))
    def suspension(self, request: HttpRequest, doctor_id: int) -> HttpResponse:
        """Suspend a doctor, or end that, with what is booked before one's eyes: it stays booked.

        Whose visits they are is told to those alone who may see appointments.
        """
        if not request.user.has_perm("doctors.suspend_doctor"):
            raise PermissionDenied
        doctor = get_object_or_404(Doctor.objects.select_related("user"), pk=doctor_id)
        form = SuspensionForm(request.POST if request.method == "POST" else None)
        if request.method == "POST":
            if "restore" in request.POST:
                return self._decided(request, doctor, "restored", partial(restore_doctor, doctor, by=request.user))
            if form.is_valid():
                suspend = partial(suspend_doctor, doctor, reason=form.cleaned_data["reason"], by=request.user)
                return self._decided(request, doctor, "suspended", suspend)
        coming = Appointment.objects.filter(doctor=doctor).coming()
        context = self.admin_site.each_context(request) | {
            "title": _("Suspend %(doctor)s") % {"doctor": doctor},
            "opts": self.opts,
            "doctor": doctor,
            "form": form,
            "may_see_visits": self.has_view_permission(request),
            "count": coming.count(),
            "coming": coming.for_list()[:MOST_COMING],
            "most": MOST_COMING,
        }
        status = 422 if form.errors else 200
        return TemplateResponse(request, "admin/appointments/suspension.html", context, status=status)

    def _decided(self, request: HttpRequest, doctor: Doctor, done: str, decide: Callable[[], None]) -> HttpResponse:
        try:
            decide()
        except DomainError as refusal:
            messages.error(request, str(refusal.message))
        else:
            self.log_change(request, doctor, done.capitalize())
            messages.success(
                request,
                _("%(doctor)s is suspended, and is told so.") % {"doctor": doctor}
                if done == "suspended"
                else _("%(doctor)s is no longer suspended, and is told so.") % {"doctor": doctor},
            )
        return redirect(request.path)

    @admin.display(description=_("begins"), ordering="period")
    def start(self, appointment: Appointment) -> Any:
        return timezone.localtime(appointment.start)

    @admin.display(description=_("ends"))
    def end(self, appointment: Appointment) -> Any:
        return timezone.localtime(appointment.end)
