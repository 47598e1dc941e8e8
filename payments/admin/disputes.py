"""The queue of complaints about payments: both sides are read, then money is given back, or not, with a reason."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.validators import MinValueValidator
from django.db.models import Case, F, QuerySet, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminTextareaWidget

from config.admin import decided
from payments import services
from payments.admin.base import DECIDE, ReadOnlyAdmin, ReadOnlyInline
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


class GiveBackForm(ReasonForm):
    amount = forms.DecimalField(
        label=_("Amount"),
        help_text=_("Leave it empty to give back all that is left."),
        required=False,
        max_digits=10,
        decimal_places=2,
        validators=[MinValueValidator(1)],
        widget=UnfoldAdminDecimalFieldWidget,
    )


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

    @action(
        description=_("Give money back"),
        url_path="give-back",
        permissions=[DECIDE],
        icon="undo",
        variant=ActionVariant.SUCCESS,
        dialog={
            "title": _("Give money back to the payer"),
            "description": _("It goes back as any refund does. When it is all that is left, what was bought is off."),
            "form_class": GiveBackForm,
            "form_submit_text": _("Give it back"),
        },
    )
    def give_back(self, request: HttpRequest, form: GiveBackForm, object_id: str) -> HttpResponse:
        facts = {"amount": form.cleaned_data["amount"], "note": form.cleaned_data["note"]}

        def decide(dispute: Dispute) -> str:
            settled = services.settle_dispute(dispute, by=request.user, **facts)
            return f"Given back: {settled.refund.amount if settled.refund else 0}"

        return decided(self, request, get_object_or_404(Dispute, pk=object_id), decide)

    @action(
        description=_("Let the payment stand"),
        url_path="refuse",
        permissions=[DECIDE],
        icon="block",
        variant=ActionVariant.DANGER,
        dialog={
            "title": _("Let the payment stand"),
            "description": _("Nothing is given back, and the doctor keeps the fee."),
            "form_class": ReasonForm,
            "form_submit_text": _("Let it stand"),
        },
    )
    def refuse(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        def decide(dispute: Dispute) -> str:
            services.refuse_dispute(dispute, note=form.cleaned_data["note"], by=request.user)
            return "The payment stands"

        return decided(self, request, get_object_or_404(Dispute, pk=object_id), decide)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        waits = self.row(object_id).filter(status__in=Dispute.UNSETTLED).exists()
        return super().get_actions_detail(request, object_id) if waits else []
