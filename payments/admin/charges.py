"""Charges, how they were tried, what the gateway said, what goes back, and the papers of it."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import action
from unfold.enums import ActionVariant

from accounts.models import User
from config.admin import decision
from payments import services
from payments.admin.base import DECIDE, AmountForm, ReadOnlyAdmin, ReadOnlyInline
from payments.admin.finance import finance_csv, finance_page
from payments.models import Charge, Document, GatewayMessage, PaymentAttempt, Refund


class AttemptInline(ReadOnlyInline):
    model = PaymentAttempt
    fields = ["tran_id", "status", "amount", "currency", "val_id", "is_surplus", "failure", "created_at", "settled_at"]


class RefundInline(ReadOnlyInline):
    model = Refund
    fields = ["refund_trans_id", "status", "amount", "reason", "requested_by", "failure", "created_at", "done_at"]


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

    @decision(DECIDE, _("Refund"), title=_("Give money back to the payer"), form=AmountForm, icon="undo")
    def refund(self, charge: Charge, by: User, typed: dict[str, Any]) -> str:
        refund = services.refund_by_admin(charge, amount=typed["amount"], by=by)
        return f"Refund {refund.refund_trans_id}: {refund.amount}" if refund else "Nothing was left to refund"

    @decision(
        "cash",
        _("Paid at the desk"),
        end="paid-at-the-desk",
        title=_("The payer has paid in cash"),
        about=_("All of the amount was taken at the desk."),
        submit=_("Write it down"),
        icon="payments",
        variant=ActionVariant.SUCCESS,
    )
    def paid_at_desk(self, charge: Charge, by: User, typed: dict[str, Any]) -> str:
        return f"Paid at the desk: {services.take_at_desk(charge, by=by).amount}"

    @decision(
        DECIDE,
        _("Let it stand"),
        title=_("Let the risky payment stand"),
        about=_("The charge is paid, and what was bought goes ahead."),
        icon="check",
        variant=ActionVariant.SUCCESS,
    )
    def approve(self, charge: Charge, by: User, typed: dict[str, Any]) -> str:
        services.approve_review(charge, by=by)
        return "Risky payment approved"

    @decision(
        DECIDE,
        _("Send it back"),
        title=_("Send the risky payment back"),
        about=_("All of it goes back, and what was bought is called off."),
        icon="block",
        variant=ActionVariant.DANGER,
    )
    def refuse(self, charge: Charge, by: User, typed: dict[str, Any]) -> str:
        services.refuse_review(charge, by=by)
        return "Risky payment refused"

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

    @decision(
        DECIDE,
        _("Try again"),
        title=_("Ask the gateway for this refund anew"),
        about=_("Look first, at the gateway, that the money did not go back."),
        icon="refresh",
    )
    def try_again(self, refund: Refund, by: User, typed: dict[str, Any]) -> str:
        return f"Tried again as {services.retry_refund(refund, by=by).refund_trans_id}"

    @decision(
        "cash",
        _("Given back at the desk"),
        end="given-at-the-desk",
        title=_("The payer has the cash back"),
        about=_("All of the amount was handed over at the desk."),
        submit=_("Write it down"),
        icon="payments",
    )
    def given_at_desk(self, refund: Refund, by: User, typed: dict[str, Any]) -> str:
        return f"Given back at the desk: {services.give_at_desk(refund, by=by).amount}"

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
