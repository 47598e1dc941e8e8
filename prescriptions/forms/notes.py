"""What a doctor types about a visit."""

from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from prescriptions.models import LONGEST_PART, PARTS
from specialties.fields import WordsField

LABELS = {
    "complaint": _("What brings the patient"),
    "findings": _("What you found"),
    "assessment": _("Assessment"),
    "plan": _("Plan"),
}


def part_field(part: str) -> WordsField:
    return WordsField(
        label=LABELS[part],
        required=False,
        max_length=LONGEST_PART,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"max_length": _("This is too long: shorten it to %(limit_value)d letters.")},
    )


class NoteForm(forms.Form):
    """The four parts; `version` is what the page has seen, `tab` the page itself."""

    complaint = part_field("complaint")
    findings = part_field("findings")
    assessment = part_field("assessment")
    plan = part_field("plan")
    version = forms.IntegerField(min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)
    tab = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, note: Any = None, **kwargs: Any) -> None:
        begin = {"version": note.version if note else 0, "tab": uuid4(), **(note.words if note else {})}
        super().__init__(*args, initial=begin, auto_id="note_%s", **kwargs)

    @property
    def words(self) -> dict[str, str]:
        return {part: self.cleaned_data[part] for part in PARTS}

    def put_beside(self, note: Any) -> None:
        """Another save was faster: what was typed stays, what is saved stands beside it, the next save has seen it."""
        self.data = self.data.copy()
        self.data["version"] = str(note.version)
        for part in PARTS:
            self.fields[part].saved = note.words[part] if note.words[part] != self.cleaned_data[part] else None
