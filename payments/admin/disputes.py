"""The queue of complaints about payments: both sides are read, then money is given back, or not, with a reason."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Case, F, QuerySet, When
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.models import User
from config.admin import decision
from payments import services
from payments.admin.base import DECIDE, AmountForm, ReadOnlyAdmin, ReadOnlyInline
from payments.models import Dispute, DisputeEvent


class EventInline(ReadOnlyInline):
    model = DisputeEvent
    fields = ["at", "code", "by"]
    show_change_link = False


class ReasonForm(BaseDialogForm):
    note = forms.CharField(
        label=_("Reason"),
        help_text=_("Both sides read it."),
        max_length=1000,
        widget=UnfoldAdminTextareaWidget,
    )


class GiveBackForm(AmountForm, ReasonForm):
    """Why first, then how much: Django takes the fields of the last base first."""


@admin.register(Dispute)
class DisputeAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "reason", "status", "charge", "doctor", "answer_until", "decide_until", "decided_by"]
    list_filter = ["status", "reason", ("created_at", RangeDateTimeFilter)]
    list_select_related = ["charge", "doctor", "decided_by"]
    search_fields = ["id__exact", "charge__id__exact", "charge__payer__email", "doctor__name"]
    inlines = [EventInline]
    actions_detail = ["give_back", "refuse"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dispute]:
        """Those to be decided first, by their deadline; then what is settled, newest first."""
        waits = Case(When(status__in=Dispute.UNSETTLED, then=F("decide_until")))
        return super().get_queryset(request).order_by(waits.asc(nulls_last=True), "-created_at", "-pk")

    def has_decide_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("payments.decide_dispute")

    @decision(
        DECIDE,
        _("Give money back"),
        title=_("Give money back to the payer"),
        about=_("It goes back as any refund does. When it is all that is left, what was bought is off."),
        submit=_("Give it back"),
        form=GiveBackForm,
        icon="undo",
        variant=ActionVariant.SUCCESS,
    )
    def give_back(self, dispute: Dispute, by: User, typed: dict[str, Any]) -> str:
        settled = services.settle_dispute(dispute, amount=typed["amount"], note=typed["note"], by=by)
        return f"Given back: {settled.refund.amount if settled.refund else 0}"

    @decision(
        DECIDE,
        _("Let the payment stand"),
        about=_("Nothing is given back, and the doctor keeps the fee."),
        submit=_("Let it stand"),
        form=ReasonForm,
        icon="block",
        variant=ActionVariant.DANGER,
    )
    def refuse(self, dispute: Dispute, by: User, typed: dict[str, Any]) -> str:
        services.refuse_dispute(dispute, note=typed["note"], by=by)
        return "The payment stands"

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        waits = self.row(object_id).filter(status__in=Dispute.UNSETTLED).exists()
        return super().get_actions_detail(request, object_id) if waits else []
