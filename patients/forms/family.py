"""What people type about those who are to act for somebody."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from patients.models import GUARDIAN_AS, Patient, Relation

EMAIL = {"autocomplete": "off", "inputmode": "email", "autocapitalize": "none", "spellcheck": "false"}


class AddressForm(forms.Form):
    """To whom an invitation goes."""

    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        help_text=_("The invitation goes there, and only the owner of this address can accept it."),
        widget=forms.EmailInput(attrs=EMAIL),
    )


class GuardianForm(AddressForm):
    """Who else is to act for a patient."""

    relation = forms.ChoiceField(label=_("Who is it?"))
    field_order = ("relation", "email")

    def __init__(self, patient: Patient, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fitting = [Relation.CHILD, Relation.OTHER] if patient.is_minor else [r for r in Relation if r != Relation.CHILD]
        self.fields["relation"].choices = [(relation, GUARDIAN_AS[relation]) for relation in fitting]


class ConsentForm(AddressForm):
    """A grown-up with an account, who is asked to let somebody act."""

    relation = forms.ChoiceField(label=_("Who is it?"), choices=[(r, r.label) for r in Relation if r != Relation.CHILD])
    field_order = ("relation", "email")
