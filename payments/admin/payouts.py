"""How doctors are paid: a run is drafted, approved, and each payout of it settled."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRedirect
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminDateWidget, UnfoldAdminTextInputWidget

from config.admin import decided
from config.errors import DomainError
from config.spreadsheet import csv_response
from payments import services
from payments.admin.base import DECIDE, ReadOnlyAdmin, ReadOnlyInline
from payments.models import Payout, PayoutRun


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
