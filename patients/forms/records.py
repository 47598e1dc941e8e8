"""What people hand in and say of documents, and whom they let read them."""

import unicodedata
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, time, timedelta
from pathlib import PurePath
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from config.files import CheckedFile, checked_upload
from doctors.models import Doctor
from patients.models import LONGEST_SHARE, MedicalRecord, Patient, RecordKind, today
from patients.services import About

MOST_FILES = 5
ALL = "all"
LONGEST_NAME = 120
# What joins and parts Bangla letters is invisible and belongs to a word; all else that is invisible does not.
JOINERS = "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"
ACCEPT = "application/pdf,image/jpeg,image/png"


def safe_name(name: str, extension: str) -> str:
    """A file's own name as it may be shown and given back: one line in one direction, no folders, a true extension."""
    name = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    kept = "".join(each if _is_visible(each) else " " for each in name)
    stem = " ".join(PurePath(kept.strip()).stem.split()).strip(". ")
    return f"{stem[: LONGEST_NAME - len(extension)] or 'document'}{extension}"


def _is_visible(letter: str) -> bool:
    return letter in JOINERS or not unicodedata.category(letter).startswith(("C", "Z"))


def title_of(name: str) -> str:
    """What a document is called whose owner gave no title."""
    return PurePath(name).stem.replace("_", " ").strip() or str(_("Document"))


type Files = list[tuple[str, CheckedFile]]


def close_files(files: Files) -> None:
    """Let go of files that are not to be kept."""
    for _name, file in files:
        file.content.close()


def one_by_one(files: Files) -> Iterator[tuple[str, CheckedFile]]:
    """The files, each closed when the next is asked for, and all of them where that breaks off."""
    waiting = list(files)
    try:
        while waiting:
            name, file = waiting.pop(0)
            with closing(file.content):
                yield name, file
    finally:
        close_files(waiting)


class FilesInput(forms.FileInput):
    allow_multiple_selected = True

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"multiple": True, "accept": ACCEPT} | (attrs or {}))

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[UploadedFile]:
        return files.getlist(name) if hasattr(files, "getlist") else []


class FilesField(forms.Field):
    """Up to so many documents: pairs of a safe name and a CheckedFile, which whoever takes them closes."""

    widget = FilesInput
    default_error_messages = {
        "required": _("Please choose a file."),
        "too_many": _("Please choose five files at the most, and add the others after them."),
    }

    def clean(self, uploads: list[UploadedFile]) -> Files:
        if not uploads and self.required:
            raise ValidationError(self.error_messages["required"], code="required")
        if len(uploads) > MOST_FILES:
            raise ValidationError(self.error_messages["too_many"], code="too_many")
        checked: Files = []
        errors: list[ValidationError] = []
        for upload in uploads:
            try:
                file = checked_upload(upload)
            except ValidationError as refusal:
                errors.append(_of(upload, refusal) if len(uploads) > 1 else refusal)
            else:
                checked.append((safe_name(upload.name or "", file.extension), file))
        if errors:
            close_files(checked)
            raise ValidationError(errors)
        return checked


def _of(upload: UploadedFile, refusal: ValidationError) -> ValidationError:
    """The refusal with the name of the file that it is about."""
    name = safe_name(upload.name or "", PurePath(upload.name or "").suffix[:8])
    words = _("%(name)s: %(refusal)s")
    return ValidationError(words, code=refusal.code, params={"name": name, "refusal": refusal.message})


class _AboutForm(forms.Form):
    """What a person says of a document."""

    kind = forms.ChoiceField(label=_("Kind of document"), choices=RecordKind)
    dated = forms.DateField(
        label=_("Date of the document"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": _("Enter a date such as 2026-03-31.")},
    )
    title = forms.CharField(
        label=_("Title"),
        max_length=120,
        required=False,
        help_text=_("Such as “Blood count” or “Chest X-ray”. Without one, the file's own name is taken."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    notes = forms.CharField(
        label=_("Notes"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
    )

    def clean_dated(self) -> date:
        dated: date = self.cleaned_data["dated"]
        if dated > today():
            raise ValidationError(_("This day is still to come."))
        if dated.year < 1900:
            raise ValidationError(_("Please check the year."))
        return dated

    def about(self, *, name: str) -> About:
        data = self.cleaned_data
        return About(data["kind"], data["title"] or title_of(name)[:120], data["dated"], data["notes"])


class AddRecordsForm(_AboutForm):
    """Documents of one person, one or several at once."""

    patient = forms.ChoiceField(label=_("Whose document is it?"), widget=forms.RadioSelect)
    files = FilesField(label=_("Files"))
    field_order = ("patient", "files", "kind", "dated", "title", "notes")

    def __init__(self, user: User, data: Any = None, files: Any = None, **kwargs: Any) -> None:
        super().__init__(data, files, **kwargs)
        self.patients = {str(each.pk): each for each in Patient.objects.acted_for_by(user).order_by("created_at")}
        self.fields["patient"].choices = [(pk, patient.name) for pk, patient in self.patients.items()]
        self.fields["patient"].initial = next(iter(self.patients), None)
        self.fields["dated"].initial = today
        if len(self.patients) <= 1:
            del self.fields["patient"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.errors and "files" in data:
            close_files(data.pop("files"))
            self.add_error("files", _("Please choose your files once more; the browser does not keep them."))
        return data

    @property
    def whose(self) -> Patient | None:
        """Whose documents they are: asked only where there are several people, None for a user without a patient."""
        pk = self.cleaned_data.get("patient")
        return self.patients[pk] if pk else next(iter(self.patients.values()), None)


class ChangeRecordForm(_AboutForm):
    """What is said of one document that is kept already."""

    def __init__(self, record: MedicalRecord, data: Any = None) -> None:
        kept = {"kind": record.kind, "dated": record.dated, "title": record.title, "notes": record.notes}
        super().__init__(data, initial=kept)
        self.fields["title"].required = True
        self.fields["title"].help_text = ""


class RecordsFilterForm(forms.Form):
    """Which records a list shows; what it cannot read it leaves out."""

    person = forms.UUIDField(required=False)
    kind = forms.ChoiceField(choices=RecordKind, required=False)

    def chosen(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("person", "kind") if self.cleaned_data.get(name)}


class ShareForm(forms.Form):
    """Which doctor may read what, and until when: the last whole day."""

    doctor = forms.ModelChoiceField(
        Doctor.objects.none(),
        to_field_name="slug",
        error_messages={
            "required": _("Please choose a doctor."),
            "invalid_choice": _("This doctor cannot be given records just now. Please choose another one."),
        },
    )
    until = forms.DateField(
        label=_("Until when?"),
        help_text=_("The last day on which the doctor can read it. You can end it at any time before."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": _("Enter a date such as 2026-03-31.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["doctor"].queryset = Doctor.objects.public()
        first, last = today() + timedelta(days=1), today() + LONGEST_SHARE - timedelta(days=1)
        self.fields["until"].widget.attrs |= {"min": first.isoformat(), "max": last.isoformat()}
        self.fields["until"].initial = today() + timedelta(days=30)

    def clean_until(self) -> datetime:
        """The end of that day on the portal's clock."""
        until: date = self.cleaned_data["until"]
        if not today() < until < today() + LONGEST_SHARE:
            raise ValidationError(_("Please choose a last day between tomorrow and a year from now."))
        return datetime.combine(until + timedelta(days=1), time(), ZoneInfo(settings.PORTAL_TIME_ZONE))


class ShareKindForm(ShareForm):
    """The same, of all records of a person or of those of one kind."""

    patient = forms.ChoiceField(label=_("Whose records?"), widget=forms.RadioSelect)
    kind = forms.ChoiceField(
        label=_("Which records?"),
        choices=[(ALL, _("All records, those that come later included")), *RecordKind.choices],
        help_text=_(
            "With all records the doctor also reads what other doctors wrote after visits, as far as you read it, and "
            "their prescriptions; with prescriptions those that were signed here, too."
        ),
    )
    field_order = ("doctor", "patient", "kind", "until")

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.patients = {str(each.pk): each for each in Patient.objects.acted_for_by(user).order_by("created_at")}
        self.fields["patient"].choices = [(pk, patient.name) for pk, patient in self.patients.items()]
        self.fields["patient"].initial = next(iter(self.patients), None)

    def clean_kind(self) -> str:
        """Empty for all of them."""
        kind: str = self.cleaned_data["kind"]
        return "" if kind == ALL else kind

    @property
    def whose(self) -> Patient:
        return self.patients[self.cleaned_data["patient"]]
