"""What an administrator decides about a verification."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from doctors.errors import WordsMissing
from doctors.models import LONGEST_WORDS, ChecklistItem

TICK, APPROVE, ASK, REJECT = "tick", "approve", "ask", "reject"


class ReviewForm(forms.Form):
    """Ticks, words, and which button was pressed; `revision` is what the administrator had before the eyes."""

    revision = forms.IntegerField(widget=forms.HiddenInput)
    items = forms.MultipleChoiceField(
        label=_("Checklist"), choices=ChecklistItem, required=False, widget=forms.CheckboxSelectMultiple
    )
    words = forms.CharField(
        label=_("Words to the doctor"),
        required=False,
        max_length=LONGEST_WORDS,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("What is missing, or why not. The doctor reads them on the portal; the mail only leads there."),
    )
    action = forms.ChoiceField(choices=[(name, name) for name in (TICK, APPROVE, ASK, REJECT)])

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("action") in (ASK, REJECT) and not data.get("words") and "words" not in self.errors:
            self.add_error("words", WordsMissing.message)
        if data.get("action") == APPROVE and len(data.get("items", [])) < len(ChecklistItem):
            self.add_error("items", _("Tick every item before you approve."))
        return data
