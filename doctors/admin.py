"""Doctors in the admin: who they are, and whether patients may find them."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import TabularInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from config.admin import PortalModelAdmin
from doctors import services
from doctors.models import LOWEST_ONLINE_FEE, Doctor, DoctorSpecialty, Language, PracticePlace, Qualification
from doctors.photos import Photo, normalise_photo


class DoctorForm(forms.ModelForm):
    languages = forms.MultipleChoiceField(
        label=_("Languages"), choices=Language.choices, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )
    new_photo: Photo | None = None
    removes_photo = False

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for field in ("fee_video", "fee_in_person"):
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
    autocomplete_fields = ["user"]
    prepopulated_fields = {"slug": ["name"]}
    readonly_fields = ["verified_at", "suspended_at", "suspension_reason", "created_at"]
    fieldsets = [
        (None, {"fields": ["user", ("title", "name", "name_bn"), "slug", ("gender", "registration_number")]}),
        (_("Practice"), {"fields": ["languages", "practising_since", ("fee_video", "fee_in_person")]}),
        (_("Public page"), {"fields": ["photo", "about", "about_bn"]}),
        (_("State"), {"fields": ["verified_at", ("suspended_at", "suspension_reason"), "created_at"]}),
    ]
    inlines = [SpecialtyInline, QualificationInline, PlaceInline]
    actions = ["verify"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Doctor]:
        return super().get_queryset(request).prefetch_related("doctor_specialties__specialty")

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

    @admin.action(description=_("Verify, and tell the doctor"), permissions=["change"])
    @transaction.atomic
    def verify(self, request: HttpRequest, doctors: QuerySet[Doctor]) -> None:
        verified = [doctor for doctor in doctors.order_by("pk") if services.verify_doctor(doctor)]
        for doctor in verified:
            self.log_change(request, doctor, "Verified")
        self._tell(request, len(verified))

    def _tell(self, request: HttpRequest, count: int) -> None:
        words = ngettext("%(count)d doctor was changed.", "%(count)d doctors were changed.", count)
        messages.success(request, words % {"count": count})
