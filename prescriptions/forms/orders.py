"""What people type about orders: the patient's side when it orders, the doctor who takes and fulfils it."""

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from config.templatetags.portal import day, money
from doctors.forms.fields import FeeField
from patients.forms import FilesField, close_files
from patients.models import MedicalRecord, Patient, today
from patients.services import MOST_ATTACHED
from prescriptions.models import (
    LONGEST_ANSWER,
    LONGEST_QUESTION,
    LONGEST_WORDS_OF_A_NO,
    Attests,
    NoReason,
    OfferedService,
    Prescription,
    Service,
    ServiceKind,
    SignedPrescription,
)
from prescriptions.services import Statement
from specialties.fields import WordsField

# So many records, and prescriptions, are offered to choose from.
LATEST = 20
# A certificate may begin so long ago, and say something of so many days.
EARLIEST = timedelta(days=14)
MOST_DAYS_CERTIFIED = 90

DATE = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})

QUESTIONS = {
    ServiceKind.CERTIFICATE: (
        _("What do you need the certificate for?"),
        _("For which days, and for whom: an employer, a school. Say what has happened since the visit."),
    ),
    ServiceKind.REVIEW: (_("What do you want to know?"), _("Say what the reports are of, and how you are.")),
    ServiceKind.REPEAT: (
        _("Is there anything the doctor should know?"),
        _("How you are, what has changed since, what you take besides."),
    ),
}


class OrderForm(forms.Form):
    """What is asked of the doctor, and what is put to it: new files, and records that are there."""

    repeats = forms.ModelChoiceField(
        Prescription.objects.none(),
        label=_("Which prescription is to be repeated?"),
        widget=forms.RadioSelect,
        empty_label=None,
        error_messages={
            "required": _("Please choose a prescription."),
            "invalid_choice": _("This prescription does not count any more. Please choose another one."),
        },
    )
    question = WordsField(
        max_length=LONGEST_QUESTION,
        widget=forms.Textarea(attrs={"rows": 5, "autocomplete": "off"}),
        error_messages={
            "required": _("Please write something to the doctor."),
            "max_length": _("This is too long: shorten it to %(limit_value)d letters."),
        },
    )
    files = FilesField(label=_("New files"), required=False)
    records = forms.ModelMultipleChoiceField(
        MedicalRecord.objects.none(),
        label=_("From the records"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": _("This record is not there any more.")},
    )

    def __init__(self, offered: OfferedService, patient: Patient, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["question"].label, self.fields["question"].help_text = QUESTIONS[offered.kind]
        self.fields["question"].required = offered.kind != ServiceKind.REPEAT
        kept = MedicalRecord.objects.filter(patient=patient)
        self.offered = list(kept.for_list()[:LATEST])
        self.fields["records"].queryset = kept
        self.fields["records"].choices = [(record.pk, record.title) for record in self.offered]
        if not self.offered:
            del self.fields["records"]
        if offered.kind == ServiceKind.REPEAT:
            self._offer_prescriptions(offered, patient)
        else:
            del self.fields["repeats"]

    def _offer_prescriptions(self, offered: OfferedService, patient: Patient) -> None:
        repeatable = SignedPrescription.objects.to_repeat(offered.doctor_id, patient.pk).for_list()[:LATEST]
        named = {each.prescription_id: f"{day(each.signed_at)}: {', '.join(each.medicines)}" for each in repeatable}
        field = self.fields["repeats"]
        field.queryset = Prescription.objects.filter(pk__in=named).select_related("appointment")
        field.choices = list(named.items())

    @property
    def has_nothing_to_repeat(self) -> bool:
        return "repeats" in self.fields and not self.fields["repeats"].choices

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        files, records = data.get("files", []), data.get("records", [])
        if len(files) + len(records) > MOST_ATTACHED:
            self.add_error("files", _("Five files can be put to one order."))
        if self.errors:
            close_files(data.pop("files", []))
        return data


class DeclineForm(forms.Form):
    reason = forms.ChoiceField(
        label=_("Why do you decline?"),
        choices=NoReason,
        widget=forms.RadioSelect,
        error_messages={"required": _("Please choose a reason.")},
    )
    words = WordsField(
        label=_("Do you want to say more?"),
        help_text=_("The patient reads it."),
        max_length=LONGEST_WORDS_OF_A_NO,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
    )


class WithdrawForm(forms.Form):
    words = WordsField(
        label=_("Why do you take it back?"),
        help_text=_("The patient reads it."),
        max_length=LONGEST_WORDS_OF_A_NO,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
        error_messages={"required": _("Please say why.")},
    )


class AnswerForm(forms.Form):
    words = WordsField(
        label=_("Your answer"),
        help_text=_("What the reports say, what it means, and what to do. It cannot be changed once it is sent."),
        max_length=LONGEST_ANSWER,
        widget=forms.Textarea(attrs={"rows": 10, "autocomplete": "off"}),
        error_messages={
            "required": _("Please write your answer."),
            "max_length": _("This is too long: shorten it to %(limit_value)d letters."),
        },
    )


class CertificateForm(forms.Form):
    """What a certificate says; who and of whom is the order's."""

    attests = forms.ChoiceField(
        label=_("What do you certify?"),
        choices=Attests,
        widget=forms.RadioSelect,
        error_messages={"required": _("Please choose what you certify.")},
    )
    first = forms.DateField(label=_("From"), widget=DATE)
    last = forms.DateField(label=_("Until, this day included"), widget=DATE)
    words = WordsField(
        label=_("Remarks"),
        help_text=_("They stand on the certificate. A diagnosis belongs there only if the patient wants it."),
        max_length=LONGEST_WORDS_OF_A_NO,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
    )
    language = forms.ChoiceField(label=_("language of the paper"), choices=settings.LANGUAGES)

    def clean_first(self) -> Any:
        first = self.cleaned_data["first"]
        if first < today() - EARLIEST:
            raise ValidationError(_("A certificate begins fourteen days ago at the earliest."))
        return first

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first, last = data.get("first"), data.get("last")
        if first and last and last < first:
            self.add_error("last", _("The last day comes before the first."))
        elif first and last and (last - first).days >= MOST_DAYS_CERTIFIED:
            self.add_error("last", _("A certificate is for ninety days at the most."))
        return data

    @property
    def statement(self) -> Statement:
        return Statement(**self.cleaned_data)


class OfferForm(forms.Form):
    """Whether a doctor takes orders of one service, and for how much."""

    is_offered = forms.BooleanField(required=False)
    own_price = FeeField(label=_("Your price in taka"))

    def __init__(self, service: Service, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, prefix=service.kind, **kwargs)
        self.service = service
        self.fields["is_offered"].label = str(service)
        self.fields["own_price"].help_text = _("Empty: as on the price list, %(price)s.") % {
            "price": money(service.price)
        }

    @property
    def is_on(self) -> bool:
        return bool(self.cleaned_data["is_offered"])
