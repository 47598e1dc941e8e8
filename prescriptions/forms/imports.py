"""What an administrator hands in to be imported."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from patients.models import today
from prescriptions.models import ImportKind


class ImportForm(forms.Form):
    kind = forms.ChoiceField(label=_("What is in it?"), choices=ImportKind)
    file = forms.FileField(
        label=_("File"),
        help_text=_("CSV in UTF-8, with the columns’ names in its first line; a large one packed as .csv.gz."),
    )
    source = forms.CharField(
        label=_("Source"), max_length=300, help_text=_("Where it comes from: composers see it beside the warnings.")
    )
    as_of = forms.DateField(label=_("As of"), widget=forms.DateInput(attrs={"type": "date"}))

    def clean_as_of(self) -> Any:
        as_of = self.cleaned_data["as_of"]
        if as_of > today():
            raise forms.ValidationError(_("This day is still to come."))
        return as_of
