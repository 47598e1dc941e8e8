"""What people type about themselves, and about those whom they act for."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField

from patients.models import AGE_OF_MAJORITY, PERSONAL, BloodGroup, Kinship, Patient, Relation, Sex, today

OLDEST = 130
# What stands in a list of which nothing is chosen yet: nobody becomes a girl by being overlooked.
CHOOSE = ("", _("Please choose"))


def mobile_number(*, required: bool, label: Any = "", **attrs: str) -> PhoneNumberField:
    return PhoneNumberField(
        label=label or _("Mobile number"),
        region="BD",
        required=required,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"} | attrs),
        error_messages={"invalid": _("Enter a mobile number such as 01712 345678.")},
    )


def check_birth_date(birth_date: date) -> None:
    """Raises ValidationError for a day on which nobody who lives was born."""
    if birth_date > today():
        raise forms.ValidationError(_("This day is still to come."))
    if today().year - birth_date.year > OLDEST:
        raise forms.ValidationError(_("Please check the year."))


def day_of_birth(*, required: bool) -> forms.DateField:
    return forms.DateField(
        label=_("Date of birth"),
        required=required,
        widget=forms.DateInput(attrs={"type": "date", "autocomplete": "bday"}, format="%Y-%m-%d"),
        validators=[check_birth_date],
    )


class FamilyMemberForm(forms.Form):
    """A person whom the user acts for."""

    name = forms.CharField(label=_("Full name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    relation = forms.ChoiceField(label=_("Who is it?"), choices=[CHOOSE, *Relation.choices])
    birth_date = day_of_birth(required=True)
    birth_date.help_text = _("Doctors who are booked for this person see it: doses depend on the age.")
    sex = forms.ChoiceField(label=_("Sex"), choices=[CHOOSE, *Sex.choices])
    phone = mobile_number(required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        birth_date = data.get("birth_date")
        if data.get("relation") == Relation.CHILD and birth_date and not Patient(birth_date=birth_date).is_minor:
            self.add_error("relation", _("Somebody of 18 years or more has an account of their own."))
        return data


class PatientForm(forms.ModelForm):
    """Who a patient is, and whom to call in an emergency.

    `under_guardians`: a child whom somebody acts for until the 18th birthday stays a child here; `keeps_birth_date`: it
    is not for the one who writes to change it.
    """

    birth_date = day_of_birth(required=False)
    sex = forms.ChoiceField(label=_("Sex"), choices=[("", _("Not said")), *Sex.choices], required=False)
    blood_group = forms.ChoiceField(
        label=_("Blood group"), choices=[("", _("I do not know")), *BloodGroup.choices], required=False
    )
    phone = mobile_number(required=False)
    emergency_name = forms.CharField(
        label=_("Name"), max_length=120, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    emergency_relation = forms.ChoiceField(
        label=_("Who is it?"), choices=[("", _("Not said")), *Kinship.choices], required=False
    )
    emergency_phone = mobile_number(required=False, label=_("Phone number"), autocomplete="off")

    class Meta:
        model = Patient
        fields = PERSONAL

    def __init__(
        self, *args: Any, own: bool, under_guardians: bool = False, keeps_birth_date: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.under_guardians = under_guardians
        self.fields["name"].label = _("Full name")
        self.fields["name"].widget.attrs["autocomplete"] = "name" if own else "off"
        if not own:
            for name in ("birth_date", "phone"):
                self.fields[name].widget.attrs["autocomplete"] = "off"
        if keeps_birth_date:
            self.fields["birth_date"].disabled = True
            self.fields["birth_date"].help_text = _(
                "Until the 18th birthday this day cannot be changed here, for those who act for you act until then."
            )

    def clean_birth_date(self) -> date | None:
        birth_date: date | None = self.cleaned_data["birth_date"]
        if self.under_guardians and (birth_date is None or not Patient(birth_date=birth_date).is_minor):
            raise forms.ValidationError(
                _("A child whom you act for is younger than %(age)d.") % {"age": AGE_OF_MAJORITY}
            )
        return birth_date

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        name, phone = data.get("emergency_name"), data.get("emergency_phone")
        if (phone or data.get("emergency_relation")) and not name and "emergency_name" not in self.errors:
            self.add_error("emergency_name", _("Who is to be called?"))
        if (name or data.get("emergency_relation")) and not phone and "emergency_phone" not in self.errors:
            self.add_error("emergency_phone", _("On which number?"))
        return data
