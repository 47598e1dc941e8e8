"""Doctors in the admin: who they are, and whether patients may find them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from config.admin import PortalModelAdmin
from doctors import services
from doctors.history import changes_of
from doctors.models import LOWEST_ONLINE_FEE, Doctor, DoctorSpecialty, Language, PracticePlace, Qualification
from doctors.photos import Photo, normalise_photo

MOST_CHANGES = 200


class DoctorForm(forms.ModelForm):
    languages = forms.MultipleChoiceField(
        label=_("Languages"), choices=Language.choices, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )
    new_photo: Photo | None = None
    removes_photo = False

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for field in ("fee_video", "fee_in_person", "follow_up_fee"):
            if (fee := cleaned.get(field)) and fee < LOWEST_ONLINE_FEE:
                self.add_error(field, _("A fee is nothing (0), or at least ৳10: the gateway takes no less."))
        return cleaned

    def clean_photo(self) -> None:
        """The field is left as it is: services.set_photo writes both sizes once the rest is saved."""
        upload = self.cleaned_data.get("photo")
        self.removes_photo = upload is False
        if isinstance(upload, UploadedFile):
            self.new_photo = normalise_photo(upload)


class VerifiedFilter(admin.SimpleListFilter):
    title = _("verified")
    parameter_name = "verified"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("no", _("Waiting")), ("yes", _("Verified"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Doctor]) -> QuerySet[Doctor]:
        wanted = {"no": True, "yes": False}.get(self.value() or "")
        return queryset if wanted is None else queryset.filter(verified_at__isnull=wanted)


class SpecialtyInline(TabularInline):
    model = DoctorSpecialty
    extra = 0
    autocomplete_fields = ["specialty"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[DoctorSpecialty]:
        return super().get_queryset(request).select_related("specialty")


class QualificationInline(TabularInline):
    model = Qualification
    extra = 0


class PlaceInline(TabularInline):
    model = PracticePlace
    extra = 0


@admin.register(Doctor)
class DoctorAdmin(PortalModelAdmin):
    form = DoctorForm
    list_display = ["name", "registration_number", "practises", "state", "email", "created_at"]
    list_filter = [VerifiedFilter, ("suspended_at", admin.EmptyFieldListFilter), "specialties", "gender"]
    list_select_related = ["user"]
    list_per_page = 50
    search_fields = ["name", "name_bn", "registration_number", "user__email"]
    search_help_text = _("A name in either script, a registration number or an e-mail address.")
    ordering = ["-created_at", "pk"]
    # Who it is changes by a verification alone.
    readonly_fields = [
        "user",
        "name",
        "name_bn",
        "registration_number",
        "verified_at",
        "suspended_at",
        "suspension_reason",
        "created_at",
    ]
    fieldsets = [
        (None, {"fields": ["user", ("title", "name", "name_bn"), "slug", ("gender", "registration_number")]}),
        (
            _("Practice"),
            {
                "fields": [
                    "languages",
                    "practising_since",
                    ("fee_video", "fee_in_person"),
                    ("follow_up_fee", "follow_up_days"),
                ]
            },
        ),
        (_("Public page"), {"fields": ["photo", "about", "about_bn"]}),
        (_("State"), {"fields": ["verified_at", ("suspended_at", "suspension_reason"), "created_at"]}),
    ]
    inlines = [SpecialtyInline, QualificationInline, PlaceInline]
    actions_detail = ["suspension", "changes"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Doctor]:
        return super().get_queryset(request).prefetch_related("doctor_specialties__specialty")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Doctors come by applying."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Appointments, prescriptions and money hang on a doctor: one who leaves is suspended."""
        return False

    def save_model(self, request: HttpRequest, obj: Doctor, form: DoctorForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if form.new_photo or form.removes_photo:
            services.set_photo(obj, form.new_photo)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        services.write_documents([form.instance.pk])
        services.mark_stale([form.instance.pk])

    @admin.display(description=_("specialties"))
    def practises(self, doctor: Doctor) -> str:
        return doctor.specialty_names

    @display(description=_("state"), label={"verified": "success", "waiting": "warning", "suspended": "danger"})
    def state(self, doctor: Doctor) -> tuple[str, Any]:
        if doctor.suspended_at is not None:
            return "suspended", _("Suspended")
        return ("waiting", _("Waiting")) if doctor.verified_at is None else ("verified", _("Verified"))

    @admin.display(description=_("e-mail address"), ordering="user__email")
    def email(self, doctor: Doctor) -> str:
        return doctor.user.email

    def has_suspend_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return bool(request.user.has_perm("doctors.suspend_doctor"))

    @action(description=_("Suspend or restore"), icon="block", url_path="suspension", permissions=["suspend"])
    def suspension(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To the page that knows what is booked, which is of a floor above."""
        return redirect("admin:appointments_suspension", object_id)

    @action(description=_("What changed"), icon="history", url_path="changes", permissions=["view"])
    def changes(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Every value that became another, and by whom."""
        doctor = get_object_or_404(Doctor, pk=object_id)
        context = self.admin_site.each_context(request) | {
            "title": _("What changed: %(doctor)s") % {"doctor": doctor},
            "opts": self.opts,
            "doctor": doctor,
            "changes": changes_of(doctor, most=MOST_CHANGES),
        }
        return TemplateResponse(request, "admin/doctors/doctor/changes.html", context)
