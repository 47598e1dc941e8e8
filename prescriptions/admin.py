"""Medicines, what is known of substances, the imports of both; the price list, and who ordered which service of whom.
What was asked and given is not here."""

import csv
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from unfold.admin import TabularInline

from config.admin import HandedInAdmin, PortalModelAdmin, Unchangeable
from config.errors import DomainError
from doctors.models import LOWEST_ONLINE_FEE
from prescriptions import services
from prescriptions.forms import ImportForm
from prescriptions.models import (
    Import,
    ImportStatus,
    Ingredient,
    Interaction,
    OfferedService,
    Order,
    OrderEvent,
    Product,
    Service,
)
from prescriptions.rows import COLUMNS, REFUSALS


class NotAddedByHand:
    """Rows come by the starter set and by imports."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Product)
class ProductAdmin(NotAddedByHand, PortalModelAdmin):
    list_display = ("generic", "brand", "strength", "form", "manufacturer", "is_active")
    list_filter = ("is_active", "form")
    list_select_related = ("generic",)
    search_fields = ("words",)
    search_help_text = _("Brand, generic or strength")
    show_full_result_count = False
    fields = ("generic", "brand", "strength", "form", "route", "manufacturer", "source", "is_active")
    readonly_fields = ("generic", "brand", "strength", "form", "route", "manufacturer", "source")


@admin.register(Ingredient)
class IngredientAdmin(NotAddedByHand, PortalModelAdmin):
    list_display = ("name", "pregnancy", "breastfeeding", "min_age_months", "max_daily_mg", "is_assessed")
    list_filter = ("is_assessed", "pregnancy", "breastfeeding")
    search_fields = ("name", "also")
    readonly_fields = ("name", "also")
    filter_horizontal = ("classes",)


@admin.register(Interaction)
class InteractionAdmin(Unchangeable, PortalModelAdmin):
    list_display = ("low", "high", "severity", "effect", "source")
    list_filter = ("severity",)
    list_select_related = ("low", "high")
    search_fields = ("low__name", "high__name")
    show_full_result_count = False
    fields = ("low", "high", "severity", "effect", "source")


@admin.register(Import)
class ImportAdmin(HandedInAdmin):
    """A file is handed in, looked at, started, and watched; its refused rows can be taken home."""

    folder, form_class = "prescriptions/import", ImportForm
    pages = (("start", "start/"), ("discard", "discard/"), ("refused", "refused.csv"))
    list_display = ("original_name", "kind", "status", "added", "known", "refused", "by", "created_at")

    def hand_in(self, request: HttpRequest, typed: dict[str, Any]) -> Import:
        facts = {name: typed[name] for name in ("kind", "source", "as_of")}
        imported = services.take_file(typed["file"], by=request.user, **facts)
        self.log_addition(request, imported, str(_("Handed in.")))
        return imported

    def about_adding(self) -> dict[str, Any]:
        kinds = [(kind, *columns) for kind, columns in COLUMNS.items()]
        return {"kinds": kinds, "title": _("Import a file")}

    def about(self, request: HttpRequest, imported: Import) -> dict[str, Any]:
        rows, broken = [], ""
        if imported.status == ImportStatus.PREVIEW:
            try:
                rows = [(line, values, REFUSALS.get(code, "")) for line, values, code in services.preview(imported)]
            except DomainError as refusal:
                broken = str(refusal.message)
        return {
            "title": imported.original_name,
            "rows": rows,
            "broken": broken,
            "may_start": self.has_add_permission(request),
            "first_refused": [
                (row.line, row.text, REFUSALS.get(row.code, row.code)) for row in imported.refused_rows.all()[:10]
            ],
        }

    def start(self, request: HttpRequest, object_id: str) -> HttpResponse:
        done = str(_("It is being imported."))
        return self.do(request, object_id, services.start_import, record=done, done=done)

    def discard(self, request: HttpRequest, object_id: str) -> HttpResponse:
        done = str(_("Nothing was imported."))
        return self.do(request, object_id, services.discard_import, record=done, done=done)

    @method_decorator(require_safe)
    def refused(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        imported = self.found(request, object_id)
        answer = StreamingHttpResponse(report(imported), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = 'attachment; filename="refused.csv"'
        return answer


class ServiceForm(forms.ModelForm):
    def clean_price(self) -> Decimal:
        price: Decimal = self.cleaned_data["price"]
        if 0 < price < LOWEST_ONLINE_FEE:
            raise ValidationError(_("A fee is nothing (0), or at least ৳10: the gateway takes no less."))
        return price


@admin.register(Service)
class ServiceAdmin(NotAddedByHand, PortalModelAdmin):
    """The price list. Each kind has its line; what is ordered keeps the price at which it was."""

    form = ServiceForm
    list_display = ("kind", "price", "accept_hours", "fulfil_hours", "is_offered")
    readonly_fields = ("kind",)


@admin.register(OfferedService)
class OfferedServiceAdmin(Unchangeable, PortalModelAdmin):
    list_display = ("doctor", "service", "own_price")
    list_filter = ("service",)
    list_select_related = ("doctor", "service")
    search_fields = ("doctor__name",)
    fields = ("doctor", "service", "own_price")


class OrderEventInline(Unchangeable, TabularInline):
    model = OrderEvent
    fields = ("at", "old", "new", "by", "code")
    readonly_fields = ("at",)
    extra = 0
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrderEvent]:
        return super().get_queryset(request).select_related("by")


@admin.register(Order)
class OrderAdmin(Unchangeable, PortalModelAdmin):
    """How far orders are; the money is in the charge."""

    list_display = ("id", "kind", "doctor", "status", "price", "placed_at", "due_at", "closed_at")
    list_filter = ("status", "kind")
    list_select_related = ("doctor",)
    search_fields = ("id__exact", "doctor__name", "doctor__name_bn", "patient__name")
    search_help_text = _("The order's id, or the name of the doctor or the patient.")
    show_full_result_count = False
    fields = (
        ("kind", "doctor", "patient", "ordered_by"),
        ("status", "price", "currency", "charge"),
        ("placed_at", "paid_at", "due_at", "closed_at"),
    )
    readonly_fields = ("placed_at",)
    inlines = (OrderEventInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        return super().get_queryset(request).defer("question", "no_words")


class Echo:
    """What a CSV writer writes to, to be given out at once."""

    def write(self, text: str) -> str:
        return text


def report(imported: Import) -> Any:
    """The refused rows as CSV, a few at a time. A cell that a spreadsheet would take for a formula is one no more."""
    writer = csv.writer(Echo())
    yield "\ufeff" + str(writer.writerow([_("Line"), _("Why"), _("Row")]))
    for row in imported.refused_rows.iterator(chunk_size=500):
        text = f"'{row.text}" if row.text.startswith(("=", "+", "-", "@")) else row.text
        yield writer.writerow([row.line, REFUSALS.get(row.code, row.code), text])
