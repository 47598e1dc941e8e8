"""The base of the pages of money: all of it to be read, none to be edited."""

from django import forms
from django.core.validators import MinValueValidator
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from config.admin import PortalModelAdmin, Unchangeable

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

    def has_cash_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("payments.take_cash")


class ReadOnlyInline(ReadOnly, TabularInline):
    extra = 0
    show_title = False
    show_change_link = True


class AmountForm(BaseDialogForm):
    """How much goes back to a payer."""

    amount = forms.DecimalField(
        label=_("Amount"),
        help_text=_("Leave it empty to give back all that is left."),
        required=False,
        max_digits=10,
        decimal_places=2,
        validators=[MinValueValidator(1)],
        widget=UnfoldAdminDecimalFieldWidget,
    )
