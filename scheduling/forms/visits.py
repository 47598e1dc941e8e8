"""The kinds of visit that a doctor offers beside the usual one."""

from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory
from django.utils.translation import gettext_lazy as _

from doctors.forms.fields import FeeField, number_input
from doctors.models import Doctor
from scheduling.models import LONGEST_PAUSE, LONGEST_VISIT, SHORTEST_VISIT, VisitKind, VisitType

MOST_TYPES = 8


def _minutes(label: Any, most: int, least: int = 0, **more: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=least, max_value=most, widget=number_input("numeric"), **more)


class VisitTypeForm(forms.Form):
    """One kind of visit. What is left empty is as with the usual visit."""

    row = forms.IntegerField(required=False, widget=forms.HiddenInput)
    # Without a choice of its own an untouched row would be taken for one that lacks its length.
    kind = forms.ChoiceField(label=_("Kind"), choices=[("", _("Choose")), *VisitKind.choices])
    label = forms.CharField(
        label=_("Name for patients"),
        max_length=60,
        required=False,
        help_text=_("Such as “First visit”. Left empty, it is called as its kind."),
    )
    minutes = _minutes(_("Length (minutes)"), LONGEST_VISIT, SHORTEST_VISIT)
    fee_video = FeeField(label=_("Fee by video"), help_text=_("Empty: as on your profile."))
    fee_in_person = FeeField(label=_("Fee in person"), help_text=_("Empty: as on your profile."))
    buffer_before_minutes = _minutes(_("Pause before (minutes)"), LONGEST_PAUSE, required=False)
    buffer_after_minutes = _minutes(_("Pause after (minutes)"), LONGEST_PAUSE, required=False)
    # Ticked beforehand; in a row that nobody touched it says nothing.
    is_active = forms.BooleanField(label=_("Offered to patients"), required=False, initial=True)

    def __init__(self, *args: Any, doctor: Doctor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.doctor = doctor
        for mode in ("video", "in_person"):
            if mode not in doctor.modes:
                del self.fields[f"fee_{mode}"]

    def has_changed(self) -> bool:
        return any(name not in ("is_active", "row") for name in self.changed_data)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        kind, label = data.get("kind"), data.get("label", "")
        if kind == VisitKind.NEW and not label:
            self.add_error("label", _("Give it a name: without one it is called as your usual visit."))
        if kind == VisitKind.FOLLOW_UP:
            if self.doctor.follow_up_days is None:
                self.add_error("kind", _("Set the fee for a follow-up, and its days, on your profile first."))
            for name in ("fee_video", "fee_in_person"):
                if data.get(name) is not None:
                    self.add_error(name, _("A follow-up costs what your profile says. Leave this empty."))
        return data


class BaseVisitTypeFormSet(BaseFormSet):
    """All of a doctor's kinds of visit: no two are called the same."""

    def clean(self) -> None:
        if any(self.errors):
            return
        named: set[tuple[str, str]] = set()
        for form in self._kept():
            name = (form.cleaned_data["kind"], form.cleaned_data["label"].casefold())
            if name in named:
                form.add_error("label", _("Another kind of visit has this name already."))
            named.add(name)

    def _kept(self) -> list[VisitTypeForm]:
        return [form for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]

    def types(self, doctor: Doctor) -> list[VisitType]:
        """The types as they were typed, in their order, unsaved; those that were there keep their key."""
        known = {each.pk for each in doctor.visit_types.all()}
        found = []
        for position, form in enumerate(self._kept()):
            data = dict(form.cleaned_data)
            key = data.pop("row", None)
            data.pop("DELETE", None)
            found.append(VisitType(doctor=doctor, pk=key if key in known else None, position=position, **data))
        return found


VisitTypeFormSet = formset_factory(
    VisitTypeForm,
    formset=BaseVisitTypeFormSet,
    extra=1,
    max_num=MOST_TYPES,
    absolute_max=MOST_TYPES,
    can_delete=True,
)


def initial_of(types: list[VisitType]) -> list[dict[str, Any]]:
    names = [name for name in VisitTypeForm.base_fields if name != "row"]
    return [{"row": each.pk} | {name: getattr(each, name) for name in names} for each in types]
