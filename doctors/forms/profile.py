"""What doctors say of themselves on their own page."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import MaxLengthValidator
from django.db import models
from django.forms import BaseFormSet, formset_factory
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField

from doctors.forms.fields import FeeField, SpecialtiesMixin, YearField, languages_field, number_input, title_choices
from doctors.forms.search import district_choices
from doctors.models import (
    LATITUDES,
    LONGEST_ABOUT,
    LONGEST_FOLLOW_UP,
    LONGITUDES,
    Doctor,
    PracticePlace,
    Qualification,
)
from doctors.photos import Photo, normalise_photo
from doctors.services import Rows

MOST_DEGREES = 12
MOST_PLACES = 8
# What a row of degrees suggests.
DEGREES = ("MBBS", "BDS", "FCPS", "MD", "MS", "MCPS", "MPhil", "MPH", "Diploma", "FRCS", "MRCP", "PhD")


def about_field(label: Any) -> forms.CharField:
    """Long text with a counter beside it. Without `maxlength`: a browser would cut off the end of what is pasted."""
    return forms.CharField(
        label=label,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "data-counter": LONGEST_ABOUT}),
        help_text=_("At most 4,000 letters."),
        validators=[MaxLengthValidator(LONGEST_ABOUT, _("This is %(show_value)d letters long; 4,000 are the most."))],
    )


def degrees_field(label: Any, within: tuple[float, float]) -> forms.FloatField:
    """One number of a point on the map, in Bangladesh."""
    outside = _("This point is not in Bangladesh.")
    return forms.FloatField(
        label=label,
        required=False,
        min_value=within[0],
        max_value=within[1],
        widget=number_input("decimal"),
        error_messages={"invalid": _("Enter a number such as 23.7806."), "min_value": outside, "max_value": outside},
    )


class ProfileForm(SpecialtiesMixin, forms.ModelForm):
    """All of a profile but the photo, the rows of degrees and places, and what only a review changes."""

    title = forms.ChoiceField(label=_("Title"))
    practising_since = YearField(
        label=_("Practising since"), help_text=_("The year. Patients see how many years that makes.")
    )
    languages = languages_field()
    fee_video = FeeField(label=_("Video visit"), help_text=_("Leave it empty if you offer none; 0 is free of charge."))
    fee_in_person = FeeField(
        label=_("Visit in person"), help_text=_("Leave it empty if you offer none; 0 is free of charge.")
    )
    follow_up_fee = FeeField(label=_("Follow-up"), help_text=_("What the same patient pays who comes again soon."))
    follow_up_days = forms.IntegerField(
        label=_("Within how many days"),
        required=False,
        min_value=1,
        max_value=LONGEST_FOLLOW_UP,
        widget=number_input("numeric"),
        help_text=_("After the visit that it follows."),
    )
    about = about_field(_("In English"))
    about_bn = about_field(_("In Bangla"))

    field_order = ("title", "practising_since", "specialty", "further", "languages")

    class Meta:
        model = Doctor
        fields = (
            "title",
            "practising_since",
            "languages",
            "fee_video",
            "fee_in_person",
            "follow_up_fee",
            "follow_up_days",
            "about",
            "about_bn",
        )

    def __init__(self, *args: Any, instance: Doctor, **kwargs: Any) -> None:
        own = [row.specialty_id for row in instance.doctor_specialties.all()]
        initial = {"specialty": own[0] if own else "", "further": own[1:]}
        super().__init__(*args, instance=instance, initial=initial, **kwargs)
        self.fields["title"].choices = title_choices(instance)
        self.offer_specialties(own)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        fee, days = data.get("follow_up_fee"), data.get("follow_up_days")
        if fee is not None and days is None and "follow_up_days" not in self.errors:
            self.add_error("follow_up_days", _("Say within how many days a visit counts as a follow-up."))
        if days is not None and fee is None and "follow_up_fee" not in self.errors:
            self.add_error("follow_up_fee", _("Say what a follow-up costs, or leave both empty."))
        fees = [data[name] for name in ("fee_video", "fee_in_person") if data.get(name) is not None]
        if fee is not None and fees and fee > max(fees):
            self.add_error("follow_up_fee", _("A follow-up costs no more than a first visit."))
        return data


class DegreeForm(forms.Form):
    row = forms.IntegerField(required=False, widget=forms.HiddenInput)
    degree = forms.CharField(
        label=_("Degree"), max_length=80, widget=forms.TextInput(attrs={"list": "degrees", "autocomplete": "off"})
    )
    institution = forms.CharField(label=_("College or institution"), max_length=160, required=False)
    year = YearField(label=_("Year"), required=False)


class PlaceForm(forms.Form):
    """Where a doctor sees patients in person."""

    row = forms.IntegerField(required=False, widget=forms.HiddenInput)
    name = forms.CharField(label=_("Name of the chamber or hospital"), max_length=160)
    address = forms.CharField(
        label=_("Address"), max_length=240, help_text=_("House, road and area, so that a patient finds it.")
    )
    district = forms.ChoiceField(label=_("District"))
    phone = PhoneNumberField(
        label=_("Phone for patients"),
        region="BD",
        required=False,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off", "inputmode": "tel"}),
        error_messages={"invalid": _("Enter a number such as 01712 345678 or 02 9661064.")},
    )

    latitude = degrees_field(_("Latitude"), LATITUDES)
    longitude = degrees_field(_("Longitude"), LONGITUDES)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["district"].choices = [("", _("Choose")), *district_choices()]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        for name, other in (("latitude", "longitude"), ("longitude", "latitude")):
            if data.get(name) is None and data.get(other) is not None and name not in self.errors:
                self.add_error(name, _("A point on the map needs both numbers."))
        return data

    def clean_phone(self) -> str:
        return str(self.cleaned_data["phone"] or "")


class BaseRowsFormSet(BaseFormSet):
    """Rows that hang on a profile. One whose row was removed meanwhile, in another window, becomes a new one."""

    model: type[models.Model]

    @property
    def is_fine(self) -> bool:
        return self.is_valid() and not any(self.errors)

    def rows(self, own: Iterable[Any]) -> Rows[Any]:
        """What is to be written and what is to go, given the rows that the doctor has now."""
        known = {row.pk: row for row in own}
        written, removed = [], []
        for form in self.forms:
            values = dict(form.cleaned_data)
            if not values:
                continue
            row = known.get(values.pop("row", None))
            if values.pop("DELETE", False):
                removed += [row] if row else []
                continue
            if row is None or any(getattr(row, name) != value for name, value in values.items()):
                row = row or self.model()
                for name, value in values.items():
                    setattr(row, name, value)
                written.append(row)
        return Rows(written, removed)


class BaseDegreeFormSet(BaseRowsFormSet):
    model = Qualification


class BasePlaceFormSet(BaseRowsFormSet):
    model = PracticePlace


def initial_rows(rows: Iterable[Any], form: type[forms.Form]) -> list[dict[str, Any]]:
    """What the rows' forms begin with."""
    names = [name for name in form.base_fields if name != "row"]
    return [{"row": row.pk} | {name: getattr(row, name) for name in names} for row in rows]


DegreeFormSet = formset_factory(
    DegreeForm,
    formset=BaseDegreeFormSet,
    extra=2,
    can_delete=True,
    max_num=MOST_DEGREES,
    absolute_max=MOST_DEGREES,
    validate_max=True,
)
PlaceFormSet = formset_factory(
    PlaceForm,
    formset=BasePlaceFormSet,
    extra=1,
    can_delete=True,
    max_num=MOST_PLACES,
    absolute_max=MOST_PLACES,
    validate_max=True,
)


class PhotoForm(forms.Form):
    photo = forms.FileField(
        label=_("Photo"),
        help_text=_("JPEG, PNG or WebP, at most 8 MB. The square in the middle is shown."),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
        error_messages={"required": _("Choose a photo first."), "empty": _("This file is empty.")},
    )

    def clean_photo(self) -> Photo:
        upload = self.cleaned_data["photo"]
        if not isinstance(upload, UploadedFile):
            raise ValidationError(_("Choose a photo first."), code="required")
        return normalise_photo(upload)
