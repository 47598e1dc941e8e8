"""What somebody types to be verified as a doctor."""

import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from config.files import CheckedFile, checked_upload
from doctors.errors import NumberTaken
from doctors.forms.fields import RegistrationNumberField, SpecialtiesMixin, YearField, languages_field, title_choices
from doctors.models import Doctor, Gender, Qualification
from doctors.services import Claim, number_is_taken

ACCEPTED = ".pdf,.jpg,.jpeg,.png,application/pdf,image/jpeg,image/png"


def tidy_name(name: str) -> str:
    """In one spelling, and without blanks that nobody sees."""
    return " ".join(unicodedata.normalize("NFC", name).split())


class ClaimForm(forms.Form):
    """The name and the number that a review is about."""

    name = forms.CharField(
        label=_("Full name"),
        max_length=120,
        help_text=_("As it stands on your certificate, without a title."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    name_bn = forms.CharField(
        label=_("Name in Bangla"),
        max_length=120,
        required=False,
        help_text=_("With the title, as patients read it on Bangla pages: ডা. ফারহানা রহমান."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "lang": "bn"}),
    )
    registration_number = RegistrationNumberField()

    def __init__(self, *args: Any, doctor: Doctor | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.doctor = doctor

    def clean_name(self) -> str:
        name = tidy_name(self.cleaned_data["name"])
        if not any(letter.isalpha() for letter in name):
            raise ValidationError(_("Please enter your name."), code="no_name")
        return name

    def clean_name_bn(self) -> str:
        return tidy_name(self.cleaned_data["name_bn"])

    def clean_registration_number(self) -> str:
        number: str = self.cleaned_data["registration_number"]
        if number_is_taken(number, but_by=self.doctor):
            raise ValidationError(NumberTaken.message, code="taken")
        return number

    def claim(self) -> Claim:
        data = self.cleaned_data
        return Claim(data["name"], data["name_bn"], data["registration_number"])


class YouForm(ClaimForm):
    """The first page of an application: who you are."""

    title = forms.ChoiceField(label=_("Title"), choices=title_choices)
    gender = forms.ChoiceField(
        label=_("Gender"),
        choices=Gender,
        widget=forms.RadioSelect,
        help_text=_("Some patients look for a woman doctor, or for a man."),
        error_messages={"required": _("Choose one.")},
    )

    field_order = ("title", "name", "name_bn", "registration_number", "gender")


class PracticeForm(SpecialtiesMixin):
    """The second page: what you practise."""

    practising_since = YearField(label=_("Practising since"), help_text=_("The year in which you began."))
    languages = languages_field()

    field_order = ("specialty", "further", "practising_since", "languages")

    def __init__(self, *args: Any, doctor: Doctor | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer_specialties([row.specialty_id for row in doctor.doctor_specialties.all()] if doctor else [])


class CertificateForm(forms.Form):
    """The last page: the paper that proves it."""

    certificate = forms.FileField(
        label=_("Registration certificate"),
        help_text=_("A photo or a scan on which everything can be read: PDF, JPEG or PNG, at most 20 MB."),
        widget=forms.FileInput(attrs={"accept": ACCEPTED}),
        error_messages={
            "required": _("Please add your certificate."),
            "empty": _("This file is empty. Please choose another one."),
        },
    )

    def __init__(self, *args: Any, has_one: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["certificate"].required = not has_one
        if has_one:
            self.fields["certificate"].label = _("Use another file")

    def clean_certificate(self) -> CheckedFile | None:
        upload = self.cleaned_data["certificate"]
        if not isinstance(upload, UploadedFile):
            return None
        self.filename = upload.name or ""
        return checked_upload(upload)


def degrees_of(rows: list[dict[str, Any]]) -> list[Qualification]:
    """The rows that say something, unsaved."""
    named = ("degree", "institution", "year")
    return [Qualification(**{name: row[name] for name in named}) for row in rows if row and not row.get("DELETE")]
