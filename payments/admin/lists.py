"""The gateway's lists: handed in, watched, and their differences from the ledger explained."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.models import User
from config.admin import HandedInAdmin, decision
from config.spreadsheet import csv_response
from payments import services
from payments.admin.base import ReadOnlyAdmin
from payments.forms import ListForm
from payments.gateways.lists import COLUMNS, REFUSALS
from payments.models import Difference, GatewayList, ListKind

# As many as the page of a list shows; its file has all.
SHOWN = 50


@admin.register(GatewayList)
class GatewayListAdmin(HandedInAdmin):
    """A file is handed in, watched, and, if it was the wrong one, withdrawn."""

    folder, form_class = "payments/gatewaylist", ListForm
    pages = (("withdraw", "withdraw/"), ("differences", "differences.csv"))
    list_display = ("kind", "first", "last", "status", "moved", "unread", "by", "created_at")
    ordering = ("-created_at",)

    def hand_in(self, request: HttpRequest, typed: dict[str, Any]) -> GatewayList:
        facts = {name: typed[name] for name in ("kind", "first", "last")}
        taken, is_new = services.take_list(typed["file"], by=request.user, **facts)
        if is_new:
            self.log_addition(request, taken, str(_("Handed in.")))
        else:
            messages.info(request, _("This very file was handed in before: here is what came of it."))
        return taken

    def about_adding(self) -> dict[str, Any]:
        kinds = [(ListKind(kind).label, *columns) for kind, columns in COLUMNS.items()]
        return {"kinds": kinds, "title": _("Compare a list of the gateway")}

    def about(self, request: HttpRequest, taken: GatewayList) -> dict[str, Any]:
        counts = dict(taken.differences.order_by().values_list("status").annotate(Count("pk")))
        return {
            "title": str(taken),
            "sums": taken.entries.order_by().values_list("currency").annotate(Sum("amount"), Count("pk")),
            "open": counts.get(Difference.Status.OPEN, 0),
            "explained": counts.get(Difference.Status.EXPLAINED, 0),
            "cleared": counts.get(Difference.Status.CLEARED, 0),
            "differences": [
                (each, REFUSALS.get(each.code, "")) for each in taken.differences.open().for_page()[:SHOWN]
            ],
            "may_withdraw": self.has_add_permission(request) and taken.status in GatewayList.COUNTED,
        }

    def withdraw(self, request: HttpRequest, object_id: str) -> HttpResponse:
        service = partial(services.withdraw_list, by=request.user)
        record, done = str(_("Withdrawn.")), _("The list is withdrawn: it counts no more.")
        return self.do(request, object_id, service, record=record, done=done)

    @method_decorator(require_safe)
    def differences(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """All differences of a list as CSV, streamed."""
        taken = self.found(request, object_id)
        head = ["line", "difference", "state", "number", "tran_id", "gateway", "ledger", "currency", "explanation"]
        # Read while it is sent, when the request's language is gone.
        kinds = {kind.value: str(kind.label) for kind in Difference.Kind}
        states = {state.value: str(state.label) for state in Difference.Status}
        why = {code: str(words) for code, words in REFUSALS.items()}
        rows = (
            (
                each.line or "",
                kinds[each.kind],
                states[each.status],
                each.reference,
                each.tran_id,
                "" if each.there is None else each.there,
                "" if each.here is None else each.here,
                each.currency,
                each.note or why.get(each.code, ""),
            )
            for each in taken.differences.order_by("pk").iterator(chunk_size=500)
        )
        return csv_response(f"differences-{taken.kind}-{taken.first}", head, rows)


class ExplanationForm(BaseDialogForm):
    note = forms.CharField(
        label=_("Explanation"),
        help_text=_("Why it is none, or what was done about it."),
        max_length=300,
        widget=UnfoldAdminTextInputWidget,
    )


@admin.register(Difference)
class DifferenceAdmin(ReadOnlyAdmin):
    list_display = ["id", "kind", "status", "of", "reference", "tran_id", "there", "here", "currency", "created_at"]
    list_filter = ["status", "kind", "of__kind", ("created_at", RangeDateTimeFilter)]
    list_select_related = ["of"]
    search_fields = ["reference", "tran_id", "attempt__tran_id", "refund__refund_trans_id"]
    date_hierarchy = "created_at"
    ordering = ["-created_at"]
    exclude = ["entry", "ask_at", "asked"]
    actions_detail = ["explain"]

    def has_explain_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("payments.explain_difference")

    @decision(
        "explain",
        _("Explain"),
        title=_("Explain the difference"),
        about=_("It is closed with your name. The ledger stays as it is."),
        form=ExplanationForm,
        icon="edit_note",
        variant=ActionVariant.SUCCESS,
    )
    def explain(self, difference: Difference, by: User, typed: dict[str, Any]) -> str:
        services.explain_difference(difference, note=typed["note"], by=by)
        return "Explained"

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        is_open = self.row(object_id).filter(status=Difference.Status.OPEN).exists()
        return super().get_actions_detail(request, object_id) if is_open else []
