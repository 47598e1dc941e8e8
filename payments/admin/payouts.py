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

from accounts.models import User
from config.admin import decision
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

    @decision(
        DECIDE,
        _("Approve"),
        end="approve",
        title=_("Approve the run"),
        about=_("Compare the sums and accounts first. Who drafted it cannot approve it."),
        icon="check",
        variant=ActionVariant.SUCCESS,
    )
    def approve_run(self, run: PayoutRun, by: User, typed: dict[str, Any]) -> str:
        services.approve_payouts(run, by=by)
        return "Payout run approved"

    @decision(
        DECIDE,
        _("Drop"),
        end="drop",
        title=_("Drop the draft"),
        about=_("Nobody is paid by it. The sums can be drafted anew."),
        icon="block",
        variant=ActionVariant.DANGER,
    )
    def drop_run(self, run: PayoutRun, by: User, typed: dict[str, Any]) -> str:
        services.drop_payouts(run, by=by)
        return "Payout run dropped"

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

    @decision(
        DECIDE,
        _("Paid"),
        title=_("It was paid"),
        submit=_("It was paid"),
        form=PaidForm,
        icon="check",
        variant=ActionVariant.SUCCESS,
    )
    def paid(self, payout: Payout, by: User, typed: dict[str, Any]) -> str:
        services.mark_paid_out(payout, reference=typed["reference"], by=by)
        return f"Paid under {typed['reference']}"

    @decision(
        DECIDE,
        _("Did not go through"),
        title=_("It did not go through"),
        about=_("The money stays owed to the doctor, who is asked to look at the account."),
        submit=_("It did not go through"),
        form=NotPaidForm,
        icon="block",
        variant=ActionVariant.DANGER,
    )
    def not_paid(self, payout: Payout, by: User, typed: dict[str, Any]) -> str:
        services.mark_not_paid_out(payout, failure=typed["failure"], by=by)
        return "Did not go through"

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        due = self.row(object_id).filter(status=Payout.Status.DUE, run__status=PayoutRun.Status.APPROVED).exists()
        return super().get_actions_detail(request, object_id) if due else []
