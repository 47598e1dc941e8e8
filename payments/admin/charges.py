"""Charges, how they were tried, what the gateway said, what goes back, and the papers of it."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.validators import MinValueValidator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from config.admin import decided
from payments import services
from payments.admin.base import DECIDE, ReadOnlyAdmin, ReadOnlyInline
from payments.admin.finance import finance_csv, finance_page
from payments.models import Charge, Document, GatewayMessage, PaymentAttempt, Refund


class AttemptInline(ReadOnlyInline):
    model = PaymentAttempt
    fields = ["tran_id", "status", "amount", "currency", "val_id", "is_surplus", "failure", "created_at", "settled_at"]


class RefundInline(ReadOnlyInline):
    model = Refund
    fields = ["refund_trans_id", "status", "amount", "reason", "requested_by", "failure", "created_at", "done_at"]


class RefundForm(BaseDialogForm):
    amount = forms.DecimalField(
        label=_("Amount"),
        help_text=_("Leave it empty to give back all that is left."),
        required=False,
        max_digits=10,
        decimal_places=2,
        validators=[MinValueValidator(1)],
        widget=UnfoldAdminDecimalFieldWidget,
    )


@admin.register(Charge)
class ChargeAdmin(ReadOnlyAdmin):
    list_display = ["id", "payer", "description", "amount", "currency", "status", "created_at", "paid_at"]
    list_filter = ["status", "at_desk", "seller", ("created_at", RangeDateTimeFilter), ("paid_at", RangeDateTimeFilter)]
    list_select_related = ["payer"]
    search_fields = ["id__exact", "payer__email", "attempts__tran_id", "attempts__val_id", "refunds__refund_trans_id"]
    search_help_text = _("The charge, a tran_id, a val_id, a refund_trans_id, or the payer's e-mail address.")
    date_hierarchy = "created_at"
    ordering = ["-created_at"]
    inlines = [AttemptInline, RefundInline]
    actions_list = ["finance"]
    actions_detail = ["refund", "approve", "refuse", "paid_at_desk"]

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.finance_days)
        return [path("finance/days.csv", page, name="payments_finance_days"), *super().get_urls()]

    @action(description=_("Takings, and what waits"), url_path="finance", permissions=["view"], icon="monitoring")
    def finance(self, request: HttpRequest) -> HttpResponse:
        title = {"title": _("Takings, and what waits"), "opts": self.opts}
        return finance_page(request, self.admin_site.each_context(request) | title)

    def finance_days(self, request: HttpRequest) -> HttpResponseBase:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return finance_csv(request)

    @action(
        description=_("Refund"),
        permissions=[DECIDE],
        icon="undo",
        dialog={"title": _("Give money back to the payer"), "form_class": RefundForm, "form_submit_text": _("Refund")},
    )
    def refund(self, request: HttpRequest, form: RefundForm, object_id: str) -> HttpResponse:
        amount = form.cleaned_data["amount"]

        def decide(charge: Charge) -> str:
            refund = services.refund_by_admin(charge, amount=amount, by=request.user)
            return f"Refund {refund.refund_trans_id}: {refund.amount}" if refund else "Nothing was left to refund"

        return decided(self, request, get_object_or_404(Charge, pk=object_id), decide)

    def has_cash_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("payments.take_cash")

    @action(
        description=_("Paid at the desk"),
        url_path="paid-at-the-desk",
        permissions=["cash"],
        icon="payments",
        variant=ActionVariant.SUCCESS,
        dialog={
            "title": _("The payer has paid in cash"),
            "description": _("All of the amount was taken at the desk."),
            "form_submit_text": _("Write it down"),
        },
    )
    def paid_at_desk(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        def decide(charge: Charge) -> str:
            return f"Paid at the desk: {services.take_at_desk(charge, by=request.user).amount}"

        return decided(self, request, get_object_or_404(Charge, pk=object_id), decide)

    @action(
        description=_("Let it stand"),
        permissions=[DECIDE],
        icon="check",
        variant=ActionVariant.SUCCESS,
        dialog={
            "title": _("Let the risky payment stand"),
            "description": _("The charge is paid, and what was bought goes ahead."),
            "form_submit_text": _("Let it stand"),
        },
    )
    def approve(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        def decide(charge: Charge) -> str:
            services.approve_review(charge, by=request.user)
            return "Risky payment approved"

        return decided(self, request, get_object_or_404(Charge, pk=object_id), decide)

    @action(
        description=_("Send it back"),
        permissions=[DECIDE],
        icon="block",
        variant=ActionVariant.DANGER,
        dialog={
            "title": _("Send the risky payment back"),
            "description": _("All of it goes back, and what was bought is called off."),
            "form_submit_text": _("Send it back"),
        },
    )
    def refuse(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        def decide(charge: Charge) -> str:
            services.refuse_review(charge, by=request.user)
            return "Risky payment refused"

        return decided(self, request, get_object_or_404(Charge, pk=object_id), decide)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """What can be decided of this charge as it stands."""
        status, at_desk = self.row(object_id).values_list("status", "at_desk").first() or ("", False)
        offered = {Charge.Status.PAID: {"refund"}, Charge.Status.REVIEW: {"approve", "refuse"}}.get(status, set())
        if status == Charge.Status.OPEN and at_desk:
            offered = {"paid_at_desk"}
        actions = super().get_actions_detail(request, object_id)
        return [each for each in actions if each.method.original_function_name in offered]


@admin.register(PaymentAttempt)
class PaymentAttemptAdmin(ReadOnlyAdmin):
    list_display = ["tran_id", "status", "amount", "currency", "val_id", "is_surplus", "created_at", "settled_at"]
    list_filter = ["status", "is_surplus", ("created_at", RangeDateTimeFilter)]
    search_fields = ["tran_id", "val_id", "bank_tran_id", "charge__id__exact"]
    date_hierarchy = "created_at"
    ordering = ["-created_at"]
    exclude = ["page_url", "session_key"]


@admin.register(GatewayMessage)
class GatewayMessageAdmin(ReadOnlyAdmin):
    list_display = ["id", "source", "tran_id", "status", "verdict", "attempts", "received_at"]
    list_filter = ["status", "verdict", "source", ("received_at", RangeDateTimeFilter)]
    search_fields = ["tran_id", "fields__val_id"]
    date_hierarchy = "received_at"
    ordering = ["-received_at"]


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    list_display = ["refund_trans_id", "status", "amount", "reason", "requested_by", "asked", "created_at", "done_at"]
    list_filter = ["status", "reason", ("created_at", RangeDateTimeFilter)]
    list_select_related = ["requested_by"]
    search_fields = ["refund_trans_id", "refund_ref_id", "attempt__tran_id", "charge__id__exact"]
    date_hierarchy = "created_at"
    ordering = ["-created_at"]
    actions_detail = ["try_again", "given_at_desk"]

    @action(
        description=_("Try again"),
        url_path="try-again",
        permissions=[DECIDE],
        icon="refresh",
        dialog={
            "title": _("Ask the gateway for this refund anew"),
            "description": _("Look first, at the gateway, that the money did not go back."),
            "form_submit_text": _("Try again"),
        },
    )
    def try_again(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        def decide(refund: Refund) -> str:
            return f"Tried again as {services.retry_refund(refund, by=request.user).refund_trans_id}"

        return decided(self, request, get_object_or_404(Refund, pk=object_id), decide)

    def has_cash_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("payments.take_cash")

    @action(
        description=_("Given back at the desk"),
        url_path="given-at-the-desk",
        permissions=["cash"],
        icon="payments",
        dialog={
            "title": _("The payer has the cash back"),
            "description": _("All of the amount was handed over at the desk."),
            "form_submit_text": _("Write it down"),
        },
    )
    def given_at_desk(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        def decide(refund: Refund) -> str:
            return f"Given back at the desk: {services.give_at_desk(refund, by=request.user).amount}"

        return decided(self, request, get_object_or_404(Refund, pk=object_id), decide)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        row = self.row(object_id)
        offered = {"try_again"} if row.filter(status=Refund.Status.FAILED).exists() else set()
        if row.filter(status__in=Refund.UNDECIDED, attempt=None).exists():
            offered = {"given_at_desk"}
        actions = super().get_actions_detail(request, object_id)
        return [each for each in actions if each.method.original_function_name in offered]


@admin.register(Document)
class DocumentAdmin(ReadOnlyAdmin):
    list_display = ["number", "kind", "amount", "currency", "issued_at"]
    list_filter = ["kind", ("issued_at", RangeDateTimeFilter)]
    search_fields = ["number", "code", "charge__id__exact", "charge__payer__email"]
    date_hierarchy = "issued_at"
    ordering = ["-issued_at"]
