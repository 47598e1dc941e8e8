"""What people type about the people whom they act for."""

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField

from patients.models import Patient, Relation, Sex

OLDEST = 130


def mobile_number(*, required: bool) -> PhoneNumberField:
    return PhoneNumberField(
        label=_("Mobile number"),
        region="BD",
        required=required,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
        error_messages={"invalid": _("Enter a mobile number such as 01712 345678.")},
    )


class FamilyMemberForm(forms.Form):
    """A person whom the user acts for."""

    name = forms.CharField(label=_("Full name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    relation = forms.ChoiceField(label=_("Who is it?"), choices=Relation)
    birth_date = forms.DateField(
        label=_("Date of birth"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    sex = forms.ChoiceField(label=_("Sex"), choices=Sex)
    phone = mobile_number(required=False)

    def clean_birth_date(self):
        birth_date = self.cleaned_data["birth_date"]
        today = timezone.localdate()
        if birth_date > today:
            raise forms.ValidationError(_("This day is still to come."))
        if today.year - birth_date.year > OLDEST:
            raise forms.ValidationError(_("Please check the year."))
        return birth_date

    def clean(self):
        data = super().clean()
        birth_date = data.get("birth_date")
        if data.get("relation") == Relation.CHILD and birth_date and Patient(birth_date=birth_date).age() >= 18:
            self.add_error("relation", _("Somebody of 18 years or more has an account of their own."))
        return data
