"""What comes from the room's pages without JavaScript."""

from django import forms
from django.utils.translation import gettext_lazy as _

from telehealth import consent
from telehealth.models import LONGEST_TEXT, Outcome

LATENESS = (
    (0, _("Not late")),
    (5, _("5 minutes")),
    (10, _("10 minutes")),
    (20, _("20 minutes")),
    (30, _("30 minutes")),
)


class ConsentForm(forms.Form):
    version = forms.CharField(max_length=20, widget=forms.HiddenInput)
    agree = forms.BooleanField(
        label=_("I have read this and agree"),
        error_messages={"required": _("Please tick this box to go on. Without it a video visit cannot begin.")},
    )

    def clean_version(self) -> str:
        """Nobody agrees to a text that they were not shown."""
        version = self.cleaned_data["version"]
        if version != consent.VERSION:
            raise forms.ValidationError(_("The text has changed in the meantime. Please read it again."))
        return str(version)


class ChatForm(forms.Form):
    text = forms.CharField(
        label=_("Message"),
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off"}),
        error_messages={"required": _("Write something first.")},
    )
    client_id = forms.UUIDField(required=False, widget=forms.HiddenInput)


class LateForm(forms.Form):
    minutes = forms.TypedChoiceField(label=_("I come later by"), choices=LATENESS, coerce=int)


class CloseForm(forms.Form):
    outcome = forms.ChoiceField(choices=Outcome)
