"""Specialties and symptoms in the admin: shipped rows are shown as they are, an admin's own can be edited."""

from typing import Any

from django.contrib import admin
from django.contrib.postgres.fields import ArrayField
from django.db.models import Count, Model, Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.widgets import UnfoldAdminTextareaWidget

from config.admin import PortalModelAdmin
from specialties.fields import JoinedText, TermLinesField, nfc
from specialties.models import Specialty, Symptom, SymptomSpecialty


class LinkInline(TabularInline):
    """The links of a row that an admin made. Those of a shipped row can be read, and not changed."""

    model = SymptomSpecialty
    extra = 0
    tab = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[SymptomSpecialty]:
        links: QuerySet[SymptomSpecialty] = super().get_queryset(request)
        return links.select_related("symptom", "specialty")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not _is_shipped(obj) and super().has_add_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not _is_shipped(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not _is_shipped(obj) and super().has_delete_permission(request, obj)


class SymptomsInline(LinkInline):
    autocomplete_fields = ["symptom"]
    verbose_name = _("symptom")
    verbose_name_plural = _("symptoms")


class SpecialtiesInline(LinkInline):
    autocomplete_fields = ["specialty"]
    verbose_name = _("specialty")
    verbose_name_plural = _("specialties")


def _is_shipped(obj: Model | None) -> bool:
    return isinstance(obj, Specialty | Symptom) and obj.is_shipped


class ReferenceAdmin(PortalModelAdmin):
    """What both kinds of rows share: search in all names and words, and the next update's rows left alone."""

    formfield_overrides = {ArrayField: {"form_class": TermLinesField, "widget": UnfoldAdminTextareaWidget}}
    prepopulated_fields = {"slug": ["name_en"]}
    search_help_text = _("A name or any other word, in either script.")
    # What an admin decides of a shipped row as well.
    always_editable: tuple[str, ...] = ()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        queryset = queryset.alias(other_words=JoinedText("synonyms"))
        found: tuple[QuerySet[Any], bool] = super().get_search_results(request, queryset, nfc(search_term))
        return found

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        return {} if _is_shipped(obj) else super().get_prepopulated_fields(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        if not _is_shipped(obj):
            return ["is_shipped"]
        return [name for name in self.fields if name not in self.always_editable]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not _is_shipped(obj) and super().has_delete_permission(request, obj)


@admin.register(Specialty)
class SpecialtyAdmin(ReferenceAdmin):
    list_display = ["name_en", "name_bn", "practitioner_en", "symptom_count", "position", "is_active", "is_shipped"]
    list_filter = ["is_active", "is_shipped"]
    search_fields = ["name_en", "name_bn", "practitioner_en", "practitioner_bn", "other_words"]
    fields = [
        "slug", "name_en", "name_bn", "practitioner_en", "practitioner_bn", "icon", "synonyms", "position", "is_active",
        "is_shipped",
    ]  # fmt: skip
    always_editable = ("is_active",)
    inlines = [SymptomsInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Specialty]:
        specialties: QuerySet[Specialty] = super().get_queryset(request)
        return specialties.annotate(symptom_count=Count("symptom_specialties"))

    @admin.display(description=_("symptoms"), ordering="symptom_count")
    def symptom_count(self, specialty: Any) -> int:
        count: int = specialty.symptom_count
        return count


@admin.register(Symptom)
class SymptomAdmin(ReferenceAdmin):
    list_display = ["name_en", "name_bn", "seen_by", "is_shipped"]
    list_filter = ["is_shipped", "specialties"]
    search_fields = ["name_en", "name_bn", "other_words"]
    fields = ["slug", "name_en", "name_bn", "synonyms", "is_shipped"]
    inlines = [SpecialtiesInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Symptom]:
        links = SymptomSpecialty.objects.select_related("specialty")
        symptoms: QuerySet[Symptom] = super().get_queryset(request)
        return symptoms.prefetch_related(Prefetch("symptom_specialties", queryset=links))

    @admin.display(description=_("specialties, best first"))
    def seen_by(self, symptom: Symptom) -> str:
        return ", ".join(link.specialty.name for link in symptom.symptom_specialties.all())
