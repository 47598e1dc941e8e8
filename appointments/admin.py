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
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from unfold.admin import TabularInline

from accounts.models import User
from appointments.models import Appointment, AppointmentEvent, Case, Reminder, Wait, WaitOffer
from appointments.services import decide_case
from config.admin import PortalModelAdmin, Unchangeable, decision
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


@admin.register(Case)
class CaseAdmin(Unchangeable, PortalModelAdmin):
    """The queue of visits whose end is to be decided: longest open first, with who was there one link away."""

    list_display = ["created_at", "kind", "side", "visit", "doctor", "patient", "mode", "status", "outcome"]
    list_filter = ["status", "kind", "appointment__mode"]
    list_select_related = ["appointment__doctor", "appointment__patient"]
    search_fields = ["appointment__id__exact", "appointment__doctor__name", "appointment__patient__name"]
    ordering = ["status", "created_at"]
    fields = [
        ("kind", "side", "status"),
        "words",
        ("visit", "until", "mode"),
        ("doctor", "patient"),
        ("written_down", "fee"),
        "evidence",
        ("outcome", "by", "closed_at"),
    ]
    readonly_fields = ["visit", "until", "mode", "doctor", "patient", "written_down", "fee", "evidence"]
    actions_detail = ["took_place", "patient_missed", "doctor_missed"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Case]:
        rows = super().get_queryset(request).select_related("appointment__doctor", "appointment__patient", "by")
        return rows.defer("appointment__reason", "appointment__cancel_words")

    def has_decide_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("appointments.decide_case")

    @decision(
        "decide",
        _("It took place"),
        title=_("The visit took place"),
        about=_("The fee is the doctor's. What went back to the patient meanwhile the portal bears."),
        submit=_("Decide"),
        icon="check",
    )
    def took_place(self, case: Case, by: User, typed: dict[str, Any]) -> str:
        return self._decide(case, by, Case.Outcome.COMPLETED)

    @decision(
        "decide",
        _("The patient did not come"),
        about=_("The fee is the doctor's. What went back to the patient meanwhile the portal bears."),
        submit=_("Decide"),
        icon="person_off",
    )
    def patient_missed(self, case: Case, by: User, typed: dict[str, Any]) -> str:
        return self._decide(case, by, Case.Outcome.PATIENT_MISSED)

    @decision(
        "decide",
        _("The doctor did not come"),
        about=_("All of the fee goes back to the patient, also what the doctor has earned already."),
        submit=_("Decide"),
        icon="person_cancel",
    )
    def doctor_missed(self, case: Case, by: User, typed: dict[str, Any]) -> str:
        return self._decide(case, by, Case.Outcome.DOCTOR_MISSED)

    def _decide(self, case: Case, by: User, outcome: Case.Outcome) -> str:
        decide_case(case, outcome=outcome, by=by)
        return f"Decided: {outcome.label}"

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        is_open = self.row(object_id).filter(status=Case.Status.OPEN).exists()
        return super().get_actions_detail(request, object_id) if is_open else []

    @admin.display(description=_("begins"), ordering="appointment__period")
    def visit(self, case: Case) -> Any:
        return timezone.localtime(case.appointment.start)

    @admin.display(description=_("ends"))
    def until(self, case: Case) -> Any:
        return timezone.localtime(case.appointment.end)

    @admin.display(description=_("doctor"))
    def doctor(self, case: Case) -> Doctor:
        return case.appointment.doctor

    @admin.display(description=_("patient"))
    def patient(self, case: Case) -> Any:
        return case.appointment.patient

    @admin.display(description=_("mode"))
    def mode(self, case: Case) -> str:
        return case.appointment.get_mode_display()

    @admin.display(description=_("fee"))
    def fee(self, case: Case) -> str:
        return f"{case.appointment.fee} {case.appointment.currency}"

    @admin.display(description=_("written down"))
    def written_down(self, case: Case) -> str:
        missed_by = case.appointment.no_show_by
        return f"{case.appointment.get_status_display()}{f' ({missed_by})' if missed_by else ''}"

    @admin.display(description=_("who was there"))
    def evidence(self, case: Case) -> Any:
        return format_html(
            '<a href="{}?q={}">{}</a> · <a href="{}">{}</a>',
            reverse("admin:telehealth_joinevidence_changelist"),
            case.appointment_id,
            _("Evidence of joining"),
            reverse("admin:appointments_appointment_change", args=[case.appointment_id]),
            _("The appointment"),
        )


class WaitOfferInline(Unchangeable, TabularInline):
    model = WaitOffer
    fields = ["start", "at", "appointment"]
    readonly_fields = ["at"]
    extra = 0
    can_delete = False


@admin.register(Wait)
class WaitAdmin(Unchangeable, PortalModelAdmin):
    """Who waits for whom, in the order of joining, and what they were offered."""

    list_display = ["created_at", "doctor", "patient", "days", "mode", "part", "state"]
    list_filter = ["state", "mode"]
    list_select_related = ["doctor", "patient"]
    search_fields = ["id__exact", "doctor__name", "doctor__name_bn", "patient__name"]
    search_help_text = _("The wait's id, or the name of the doctor or the patient.")
    ordering = ["created_at", "pk"]
    fields = [("doctor", "patient", "asked_by"), ("days", "mode", "part"), ("state", "created_at")]
    readonly_fields = ["created_at"]
    inlines = [WaitOfferInline]


@admin.register(Reminder)
class ReminderAdmin(Unchangeable, PortalModelAdmin):
    """That a visit was reminded of, and when; whether the mails arrived stands at the deliveries."""

    list_display = ["at", "appointment", "lead", "sequence"]
    list_filter = ["lead"]
    list_select_related = ["appointment"]
    search_fields = ["appointment__id__exact"]
    search_help_text = _("The appointment's id.")
    show_full_result_count = False
    ordering = ["-pk"]
    fields = ["appointment", "lead", "sequence", "at"]
    readonly_fields = ["at"]
