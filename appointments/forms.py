"""What people type when they book or cancel."""

from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.db.backends.postgresql.psycopg_any import DateRange
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from appointments.lists import Side, Wanted, When
from appointments.models import REASONS, Appointment, CancellationPolicy, Terms
from doctors.models import Doctor, Mode, Part
from patients.forms import FilesField, close_files, mobile_number
from patients.models import MedicalRecord, Patient, today
from patients.services import MOST_ATTACHED
from scheduling.visits import OfferedVisit

ME = "me"
# So many records are offered to be put to an appointment.
LATEST_RECORDS = 20
# One waits for a time within so many days.
LONGEST_WAIT = 90
DATE = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


def is_near(day: date) -> bool:
    """Whether sums on it stay within the calendar, whatever the zone."""
    return 2000 <= day.year <= 2200


class InstantField(forms.Field):
    """An instant in ISO 8601 with its offset, as the links to open times carry it."""

    default_error_messages = {
        "required": _("Please choose a time."),
        "invalid": _("This is not a time that we can read. Please choose a time again."),
    }

    def to_python(self, value: Any) -> datetime | None:
        if value in self.empty_values:
            return None
        try:
            # A plus sign in a link arrives as a blank.
            instant = parse_datetime(str(value).strip().replace(" ", "+"))
        except ValueError:
            instant = None
        if instant is None or instant.tzinfo is None or not is_near(instant):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return instant


class ChosenTimeForm(forms.Form):
    """The time that a link to the booking page names."""

    start = InstantField()
    mode = forms.ChoiceField(choices=Mode)
    # The number of a visit type; without it the usual visit is meant.
    type = forms.CharField(max_length=20, required=False)


class TimesForm(forms.Form):
    """Which days of a doctor's calendar to show: this very day, or the seven days with it in them."""

    mode = forms.ChoiceField(choices=Mode, required=False)
    type = forms.CharField(max_length=20, required=False)
    day = forms.DateField(required=False)
    week = forms.DateField(required=False)

    def clean_day(self) -> date | None:
        return self._near("day")

    def clean_week(self) -> date | None:
        return self._near("week")

    def _near(self, name: str) -> date | None:
        day: date | None = self.cleaned_data[name]
        if day and not is_near(day):
            raise ValidationError(_("This is not a day that we can show."))
        return day


class ListForm(forms.Form):
    """Which appointments a list shows; all of it stands in the address. A wrong value counts as none."""

    when = forms.ChoiceField(choices=When.choices, required=False, widget=forms.HiddenInput)
    side = forms.ChoiceField(choices=Side.choices, required=False, widget=forms.HiddenInput)
    q = forms.CharField(label=_("Name"), max_length=100, required=False, widget=forms.SearchInput)
    mode = forms.ChoiceField(label=_("How to meet"), choices=[("", _("Either")), *Mode.choices], required=False)
    first = forms.DateField(label=_("From"), required=False, widget=DATE)
    last = forms.DateField(label=_("Until"), required=False, widget=DATE)
    patient = forms.ChoiceField(label=_("For whom"), required=False)
    page = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, user: User, data: Any) -> None:
        super().__init__(data)
        patients = list(Patient.objects.acted_for_by(user).order_by("created_at"))
        self.by_pk = {str(patient.pk): patient for patient in patients}
        self.fields["patient"].choices = [("", _("Everybody")), *((key, each.name) for key, each in self.by_pk.items())]
        self.is_valid()

    def clean_first(self) -> date | None:
        return self._near("first")

    def clean_last(self) -> date | None:
        return self._near("last")

    def _near(self, name: str) -> date | None:
        day: date | None = self.cleaned_data[name]
        if day and not is_near(day):
            raise ValidationError(_("Please check the year."))
        return day

    def wanted(self) -> Wanted:
        data = self.cleaned_data
        return Wanted(
            when=When(data.get("when") or When.COMING),
            side=Side(data.get("side") or Side.BOTH),
            patient=self.by_pk.get(data.get("patient", "")),
            mode=data.get("mode", ""),
            first=data.get("first"),
            last=data.get("last"),
            q=data.get("q", ""),
        )

    def after(self) -> UUID | None:
        return self.cleaned_data.get("page")

    def address(self, **changes: Any) -> str:
        """The list's address as it is asked for, but for these; at its beginning unless `page` says otherwise."""
        return reverse("appointments:list") + self._query({"page": None} | changes)

    def file_address(self) -> str:
        return reverse("appointments:list_file") + self._query({"page": None})

    def _query(self, changes: dict[str, Any]) -> str:
        asked = {name: value for name, value in (self.cleaned_data | changes).items() if value and value != When.COMING}
        return f"?{urlencode(asked)}" if asked else ""


class VisitForm(forms.Form):
    """What a visitor says before signing in: why. For whom is asked when we know who asks."""

    reason = forms.CharField(
        label=_("Reason for the visit"),
        help_text=_("What troubles you, and since when? Only the doctor reads this."),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off"}),
    )


def offer_patients(field: Any, user: User, patients: list[Patient]) -> dict[str, Patient]:
    """Let the field ask for whom: oneself first, then the others for whom one acts. The patients by what it answers."""
    own = next((patient for patient in patients if patient.user_id == user.pk), None)
    family = [patient for patient in patients if patient is not own]
    me = (str(own.pk) if own else ME, _("Me (%(name)s)") % {"name": own.name if own else user.name})
    field.choices = [me, *((str(patient.pk), patient.name) for patient in family)]
    field.initial = me[0]
    return {str(patient.pk): patient for patient in patients}


class BookingForm(VisitForm):
    """For whom a signed-in user books, and why."""

    patient = forms.ChoiceField(label=_("Who is the visit for?"), widget=forms.RadioSelect)
    phone = mobile_number(required=False)
    files = FilesField(
        label=_("Reports and pictures for the doctor"),
        help_text=_("They are kept in the records, and only this doctor reads them."),
        required=False,
    )
    field_order = ("patient", "phone", "reason", "files")

    def __init__(self, user: User, *args: Any, patients: list[Patient] | None = None, **kwargs: Any) -> None:
        """`patients` are those whom the user acts for, where they have been read already."""
        super().__init__(*args, **kwargs)
        self.user = user
        if patients is None:
            patients = list(Patient.objects.acted_for_by(user).order_by("created_at"))
        self.by_pk = offer_patients(self.fields["patient"], user, patients)
        own = next((patient for patient in patients if patient.user_id == user.pk), None)
        if own is not None and own.phone:
            del self.fields["phone"]
        else:
            self.fields["phone"].required = True
            self.fields["phone"].help_text = _("For the payment, and if the doctor has to reach you.")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.errors and data.get("files"):
            close_files(data.pop("files"))
            self.add_error("files", _("Please choose your files once more; the browser does not keep them."))
        return data

    @property
    def chosen(self) -> Patient | None:
        """The patient that was chosen; None stands for the user who has no patient yet."""
        return self.by_pk.get(self.cleaned_data["patient"])


class WaitForm(forms.Form):
    """For whom somebody waits for a doctor, on which days and how."""

    patient = forms.ChoiceField(label=_("Who is the visit for?"), widget=forms.RadioSelect)
    type = forms.ChoiceField(label=_("What kind of visit"), required=False)
    mode = forms.ChoiceField(label=_("How to meet"), required=False)
    first = forms.DateField(label=_("From"), widget=DATE)
    last = forms.DateField(label=_("Until"), widget=DATE)
    part = forms.ChoiceField(
        label=_("Part of the day"), choices=[("", _("Any time of the day")), *Part.choices], required=False
    )

    def __init__(
        self, user: User, doctor: Doctor, kinds: list[OfferedVisit], data: Any = None, *, kind: str = "", mode: str = ""
    ) -> None:
        first = today()
        initial = {"first": first, "last": first + timedelta(days=13), "type": kind, "mode": mode}
        super().__init__(data, initial=initial)
        patients = list(Patient.objects.acted_for_by(user).order_by("created_at"))
        self.by_pk = offer_patients(self.fields["patient"], user, patients)
        offered = [(mode, Mode(mode).label) for mode in doctor.modes]
        self.fields["mode"].choices = [("", _("Either")), *offered] if len(offered) > 1 else offered
        self.fields["type"].choices = [(str(visit.type_id or ""), visit.name) for visit in kinds]
        if len(kinds) < 2:
            del self.fields["type"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first, last = data.get("first"), data.get("last")
        data.setdefault("type", "")
        if not first or not last:
            return data
        if last < first:
            self.add_error("last", _("This ends before it begins."))
        elif last < today():
            self.add_error("last", _("These days are over."))
        elif last > today() + timedelta(days=LONGEST_WAIT):
            self.add_error("last", _("You can wait for a time within the next 90 days."))
        else:
            data["days"] = DateRange(max(first, today()), last + timedelta(days=1))
        return data

    @property
    def chosen(self) -> Patient | None:
        """The patient that was chosen; None stands for the user who has no patient yet."""
        return self.by_pk.get(self.cleaned_data["patient"])


class AttachForm(forms.Form):
    """What is put to an appointment for its doctor: new files, and records that are there."""

    files = FilesField(label=_("New files"), required=False)
    records = forms.ModelMultipleChoiceField(
        MedicalRecord.objects.none(),
        label=_("From the records"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": _("This record is not there any more.")},
    )

    def __init__(self, appointment: Appointment, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kept = MedicalRecord.objects.filter(patient=appointment.patient_id).exclude(attachments__source=appointment.pk)
        self.room = MOST_ATTACHED - MedicalRecord.objects.put_to(appointment.pk).count()
        self.fields["records"].queryset = kept
        self.offered = list(kept.for_list()[:LATEST_RECORDS])
        self.fields["records"].choices = [(record.pk, record.title) for record in self.offered]
        if not self.offered:
            del self.fields["records"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        files, records = data.get("files", []), data.get("records", [])
        if not self.errors and not files and not records:
            self.add_error("files", _("Please choose a file or a record."))
        elif len(files) + len(records) > self.room:
            self.add_error("files", _("Five files can be put to one appointment. Take one away first."))
        if self.errors:
            close_files(data.pop("files", []))
        return data


class CancelForm(forms.Form):
    """Why a visit is called off; what would come back as the page said it goes along."""

    reason = forms.ChoiceField(
        label=_("Why do you cancel?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Please choose a reason.")},
    )
    words = forms.CharField(
        label=_("Do you want to say more?"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
    )
    promised = forms.DecimalField(min_value=0, required=False, widget=forms.HiddenInput)

    def __init__(self, side: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].choices = REASONS[side].choices
        other = _("The doctor reads it.") if side == "patient" else _("The patient reads it.")
        self.fields["words"].help_text = other


class TermsForm(forms.ModelForm):
    """What a doctor asks of those who book: until when they may cancel for nothing, what goes back later."""

    class Meta:
        model = CancellationPolicy
        fields = ("free_until_hours", "percent_after", "move_until_hours", "pay_at_desk")
        help_texts = {
            "free_until_hours": _("0: all of the fee goes back until the visit begins."),
            "percent_after": _("How much of the fee goes back to a patient who cancels later. 100 is all of it."),
            "pay_at_desk": _("They are booked without paying here, and your desk takes the fee."),
            "move_until_hours": _("Until then patients take another of your open times by themselves."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, forms.IntegerField):
                field.widget.attrs["inputmode"] = "numeric"
        if Mode.IN_PERSON not in self.instance.doctor.modes:
            del self.fields["pay_at_desk"]

    @property
    def terms(self) -> Terms:
        """What was typed; as it stands where it makes no sense."""
        data = getattr(self, "cleaned_data", {})
        now = self.instance.terms
        return Terms(**{name: data.get(name, getattr(now, name)) for name in self._meta.fields})


class MoveForm(forms.Form):
    """The time to which a visit is to move, and how often it had moved when the page was made."""

    start = InstantField(required=False)
    sequence = forms.IntegerField(min_value=0, max_value=32767, required=False)


class AnswerForm(forms.Form):
    """What a patient answers to what the doctor changed; another doctor comes with the time that was chosen."""

    answer = forms.ChoiceField(choices=[("accept", ""), ("refund", ""), ("replace", "")])
    doctor = forms.IntegerField(min_value=1, max_value=2**62, required=False)
    start = InstantField(required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("answer") == "replace" and not (data.get("doctor") and data.get("start")):
            raise ValidationError(_("Please choose a time."))
        return data


class FinishForm(forms.Form):
    outcome = forms.ChoiceField(choices=[("completed", ""), ("no_show", "")])


class ContestForm(forms.Form):
    """What happened, for the administrator who decides."""

    words = forms.CharField(
        label=_("What happened?"),
        help_text=_("Administrators read it. When you were there and how you waited is enough: nothing about health."),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off"}),
        error_messages={"required": _("Please say what happened.")},
    )
