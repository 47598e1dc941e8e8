"""Money in the admin: all of it to be read, none to be edited. What an administrator decides goes through services."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.validators import MinValueValidator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRedirect
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminDateWidget, UnfoldAdminDecimalFieldWidget, UnfoldAdminTextInputWidget

from config.admin import PortalModelAdmin, Unchangeable, decided
from config.errors import DomainError
from config.spreadsheet import csv_response
from payments import services
from payments.models import (
    Charge,
    CommissionRate,
    Document,
    GatewayMessage,
    Journal,
    LedgerEntry,
    PaymentAttempt,
    Payout,
    PayoutRun,
    Refund,
)

# Not by its whole name: unfold's system check would look that up in a database that may have no tables yet.
DECIDE = "decide"


class ReadOnly(Unchangeable):
    """As the portal's, every field shown, also what a form would leave out because no form may write it."""

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> list[str]:
        return [name for name in (field.name for field in self.opts.fields) if name not in (self.exclude or ())]


class ReadOnlyAdmin(ReadOnly, PortalModelAdmin):
    list_filter_submit = True

    def has_decide_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("payments.decide_charge")


class ReadOnlyInline(ReadOnly, TabularInline):
    extra = 0
    show_title = False
    show_change_link = True


class AttemptInline(ReadOnlyInline):
    model = PaymentAttempt
    fields = ["tran_id", "status", "amount", "currency", "val_id", "is_surplus", "failure", "created_at", "settled_at"]


class RefundInline(ReadOnlyInline):
    model = Refund
    fields = ["refund_trans_id", "status", "amount", "reason", "requested_by", "failure", "created_at", "done_at"]


class EntryInline(ReadOnlyInline):
    model = LedgerEntry
    fields = ["account", "doctor", "amount", "currency"]
    show_change_link = False


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
    actions_detail = ["refund", "approve", "refuse", "paid_at_desk"]

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


@admin.register(Journal)
class JournalAdmin(ReadOnlyAdmin):
    list_display = ["id", "kind", "cause", "charge_id", "at"]
    list_filter = ["kind", ("at", RangeDateTimeFilter)]
    search_fields = ["cause", "charge__id__exact"]
    date_hierarchy = "at"
    ordering = ["-at"]
    inlines = [EntryInline]


@admin.register(CommissionRate)
class CommissionRateAdmin(PortalModelAdmin):
    list_display = ["doctor", "specialty", "percent"]
    list_select_related = ["doctor", "specialty"]
    raw_id_fields = ["doctor"]


class PayoutInline(ReadOnlyInline):
    model = Payout
    fields = ["doctor", "amount", "currency", "method", "masked", "status", "reference", "failure", "settled_at"]
    readonly_fields = fields
    raw_id_fields = ["doctor"]

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> list[str]:
        return self.fields


class PayoutsAdmin(ReadOnlyAdmin):
    """What may be decided here is a right of its own."""

    def has_decide_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("payments.decide_payout")


class DraftForm(BaseDialogForm):
    until = forms.DateField(
        label=_("Earned before"),
        help_text=_("This day's fees are not in it any more."),
        widget=UnfoldAdminDateWidget,
        initial=timezone.localdate,
    )


@admin.register(PayoutRun)
class PayoutRunAdmin(PayoutsAdmin):
    list_display = ["until", "status", "created_by", "created_at", "decided_by", "decided_at"]
    list_filter = ["status"]
    list_select_related = ["created_by", "decided_by"]
    ordering = ["-created_at"]
    inlines = [PayoutInline]
    actions_list = ["draft"]
    actions_detail = ["approve_run", "drop_run", "as_csv"]

    @action(
        description=_("Draft a run"),
        url_path="draft",
        permissions=[DECIDE],
        icon="add",
        dialog={"title": _("Draft a payout run"), "form_class": DraftForm, "form_submit_text": _("Draft")},
    )
    def draft(self, request: HttpRequest, form: DraftForm) -> HttpResponse:
        try:
            run = services.draft_payouts(until=form.cleaned_data["until"], by=request.user)
        except DomainError as refusal:
            messages.error(request, str(refusal.message))
            address = reverse("admin:payments_payoutrun_changelist")
        else:
            self.log_change(request, run, "Drafted")
            address = reverse("admin:payments_payoutrun_change", args=[run.pk])
        return HttpResponseClientRedirect(address) if request.htmx else redirect(address)

    @action(
        description=_("Approve"),
        url_path="approve",
        permissions=[DECIDE],
        icon="check",
        variant=ActionVariant.SUCCESS,
        dialog={
            "title": _("Approve the run"),
            "description": _("Compare the sums and accounts first. Who drafted it cannot approve it."),
            "form_submit_text": _("Approve"),
        },
    )
    def approve_run(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        def decide(run: PayoutRun) -> str:
            services.approve_payouts(run, by=request.user)
            return "Payout run approved"

        return decided(self, request, get_object_or_404(PayoutRun, pk=object_id), decide)

    @action(
        description=_("Drop"),
        url_path="drop",
        permissions=[DECIDE],
        icon="block",
        variant=ActionVariant.DANGER,
        dialog={
            "title": _("Drop the draft"),
            "description": _("Nobody is paid by it. The sums can be drafted anew."),
            "form_submit_text": _("Drop"),
        },
    )
    def drop_run(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        def decide(run: PayoutRun) -> str:
            services.drop_payouts(run, by=request.user)
            return "Payout run dropped"

        return decided(self, request, get_object_or_404(PayoutRun, pk=object_id), decide)

    @action(description=_("Download as CSV"), url_path="csv", permissions=[DECIDE], icon="download")
    def as_csv(self, request: HttpRequest, object_id: str) -> StreamingHttpResponse:
        """The approved run for the bank, with whole account numbers; that somebody took it is on its history."""
        run = get_object_or_404(PayoutRun, pk=object_id, status=PayoutRun.Status.APPROVED)
        self.log_change(request, run, "Downloaded as CSV")
        head = ["payout", "doctor", "method", "holder", "number", "bank", "branch", "routing", "amount", "currency"]
        rows = (
            (
                str(each.pk),
                each.doctor.name,
                each.method,
                each.holder,
                # Leading zeros stay: it is a name, not a number.
                f"'{each.number}",
                each.bank,
                each.branch,
                each.routing,
                each.amount,
                each.currency,
            )
            for each in run.payouts.filter(status=Payout.Status.DUE).select_related("doctor").order_by("pk")
        )
        return csv_response(f"payouts-{run.until:%Y-%m-%d}", head, rows)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """What can be done with this run as it stands."""
        status = self.row(object_id).values_list("status", flat=True).first()
        offered = {PayoutRun.Status.DRAFT: {"approve_run", "drop_run"}, PayoutRun.Status.APPROVED: {"as_csv"}}
        actions = super().get_actions_detail(request, object_id)
        return [each for each in actions if each.method.original_function_name in offered.get(status, set())]


class PaidForm(BaseDialogForm):
    reference = forms.CharField(
        label=_("Reference"),
        help_text=_("Under which the bank or the wallet has it."),
        max_length=80,
        widget=UnfoldAdminTextInputWidget,
    )


class NotPaidForm(BaseDialogForm):
    failure = forms.CharField(
        label=_("Why not"),
        help_text=_("The doctor reads it."),
        max_length=160,
        widget=UnfoldAdminTextInputWidget,
    )


@admin.register(Payout)
class PayoutAdmin(PayoutsAdmin):
    list_display = ["doctor", "amount", "currency", "method", "masked", "status", "reference", "settled_at"]
    list_filter = ["status", "method", ("settled_at", RangeDateTimeFilter)]
    list_select_related = ["doctor"]
    search_fields = ["id__exact", "doctor__name", "reference"]
    ordering = ["-id"]
    exclude = ["sealed_number"]
    actions_detail = ["paid", "not_paid"]

    @action(
        description=_("Paid"),
        url_path="paid",
        permissions=[DECIDE],
        icon="check",
        variant=ActionVariant.SUCCESS,
        dialog={"title": _("It was paid"), "form_class": PaidForm, "form_submit_text": _("It was paid")},
    )
    def paid(self, request: HttpRequest, form: PaidForm, object_id: str) -> HttpResponse:
        def decide(payout: Payout) -> str:
            services.mark_paid_out(payout, reference=form.cleaned_data["reference"], by=request.user)
            return f"Paid under {form.cleaned_data['reference']}"

        return decided(self, request, get_object_or_404(Payout, pk=object_id), decide)

    @action(
        description=_("Did not go through"),
        url_path="not-paid",
        permissions=[DECIDE],
        icon="block",
        variant=ActionVariant.DANGER,
        dialog={
            "title": _("It did not go through"),
            "description": _("The money stays owed to the doctor, who is asked to look at the account."),
            "form_class": NotPaidForm,
            "form_submit_text": _("It did not go through"),
        },
    )
    def not_paid(self, request: HttpRequest, form: NotPaidForm, object_id: str) -> HttpResponse:
        def decide(payout: Payout) -> str:
            services.mark_not_paid_out(payout, failure=form.cleaned_data["failure"], by=request.user)
            return "Did not go through"

        return decided(self, request, get_object_or_404(Payout, pk=object_id), decide)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        due = self.row(object_id).filter(status=Payout.Status.DUE, run__status=PayoutRun.Status.APPROVED).exists()
        return super().get_actions_detail(request, object_id) if due else []
