"""What people type about money: where a doctor wants to be paid, which list is handed in, what is wrong."""

import re
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from payments.gateways.lists import ZONE
from payments.models import Dispute, ListKind, PayoutMethod

MOBILE = re.compile(r"01[3-9]\d{8}")
DIGITS = str.maketrans("০১২৩৪৫৬৭৮৯", "0123456789")


class PayoutAccountForm(forms.Form):
    """A bank account, or a mobile wallet by its number."""

    method = forms.ChoiceField(label=_("Where to"), choices=PayoutMethod, widget=forms.RadioSelect)
    holder = forms.CharField(
        label=_("Name of the account's holder"),
        max_length=120,
        help_text=_("As the bank or the wallet has it."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    number = forms.CharField(
        label=_("Account or mobile number"),
        max_length=34,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    bank = forms.CharField(label=_("Bank"), max_length=120, required=False)
    branch = forms.CharField(label=_("Branch"), max_length=120, required=False)
    routing = forms.CharField(
        label=_("Routing number"),
        max_length=9,
        required=False,
        help_text=_("Nine digits; they stand on your cheques."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    def clean_number(self) -> str:
        return re.sub(r"[\s-]", "", self.cleaned_data["number"]).translate(DIGITS)

    def clean_routing(self) -> str:
        return re.sub(r"[\s-]", "", self.cleaned_data["routing"]).translate(DIGITS)

    def clean(self) -> dict[str, Any]:
        """What one method needs is wrong or too much for another."""
        found = self.cleaned_data
        method, number = found.get("method"), found.get("number")
        if method == PayoutMethod.BANK:
            for name, sentence in (("bank", _("Please name the bank.")), ("branch", _("Please name the branch."))):
                if not found.get(name):
                    self.add_error(name, sentence)
            if not re.fullmatch(r"\d{9}", found.get("routing", "")):
                self.add_error("routing", _("A routing number has nine digits."))
            if number and not re.fullmatch(r"\d{6,20}", number):
                self.add_error("number", _("An account number has 6 to 20 digits."))
        elif method:
            found |= {"bank": "", "branch": "", "routing": ""}
            number = (number or "").removeprefix("+88").removeprefix("88")
            if not MOBILE.fullmatch(number):
                self.add_error("number", ValidationError(_("A mobile number has eleven digits and begins with 01.")))
            found["number"] = number
        return found


# A list of more days is handed in in parts.
MOST_DAYS = 31


class ListForm(forms.Form):
    """A list of the gateway, and of which days it is: whole ones, that are over on the gateway's clock."""

    kind = forms.ChoiceField(label=_("What is in it?"), choices=ListKind)
    first = forms.DateField(label=_("First day"), widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(
        label=_("Last day"),
        help_text=_("The days as the gateway counts them, by the clock of Dhaka."),
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    file = forms.FileField(
        label=_("File"),
        help_text=_("CSV in UTF-8, with the columns’ names in its first line; a large one packed as .csv.gz."),
    )

    def clean(self) -> dict[str, Any]:
        found = self.cleaned_data
        first, last = found.get("first"), found.get("last")
        if first and last:
            if last < first:
                self.add_error("last", _("This ends before it begins."))
            elif last - first >= timedelta(days=MOST_DAYS):
                self.add_error("last", _("A list may be of 31 days at the most."))
            elif last >= datetime.now(ZONE).date():
                self.add_error("last", _("This day is not over yet."))
        return found


NO_HEALTH = _(
    "The other side and administrators read it. What was agreed, paid and done is enough: nothing about health."
)


class DisputeForm(forms.Form):
    """What is wrong with a payment."""

    reason = forms.ChoiceField(
        label=_("What is wrong with this payment?"),
        choices=Dispute.Reason,
        widget=forms.RadioSelect,
        error_messages={"required": _("Please choose what is wrong.")},
    )
    words = forms.CharField(
        label=_("What happened?"),
        help_text=NO_HEALTH,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 5, "autocomplete": "off"}),
        error_messages={"required": _("Please say what happened.")},
    )


class AnswerForm(forms.Form):
    """What the doctor says to a complaint."""

    answer = forms.CharField(
        label=_("Your answer"),
        help_text=NO_HEALTH,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 5, "autocomplete": "off"}),
        error_messages={"required": _("Please say what happened.")},
    )
