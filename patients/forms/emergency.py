"""Why an administrator looks, and what another finds of it."""

from django import forms
from django.utils.translation import gettext_lazy as _

from patients.models import EmergencyAccess, EmergencyReason

WHY = _("Please say in a sentence why you need to look.")


class FindPatientForm(forms.Form):
    """By what the desk knows of a person. Nothing is listed before something is asked for."""

    q = forms.CharField(
        label=_("Name, mobile number or e-mail address"),
        min_length=3,
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off", "type": "search"}),
        error_messages={"min_length": _("Please type at least three letters or digits.")},
    )


class EmergencyAccessForm(forms.ModelForm):
    reason = forms.ChoiceField(
        label=_("Reason"),
        choices=EmergencyReason,
        widget=forms.RadioSelect,
        error_messages={"required": _("Please choose a reason.")},
    )

    class Meta:
        model = EmergencyAccess
        fields = ("reason", "words")
        widgets = {"words": forms.Textarea(attrs={"rows": 4})}
        error_messages = {"words": dict.fromkeys(("required", "min_length"), WHY)}
