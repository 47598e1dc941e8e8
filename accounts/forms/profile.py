"""What people type about themselves."""

from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User


def time_zones() -> list[tuple[str, str]]:
    """The zones of the world's cities, as people know them; abbreviations and historic names are left out."""
    regions = ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
    return [
        (zone, zone.replace("_", " ")) for zone in sorted(available_timezones()) if zone.partition("/")[0] in regions
    ]


class PreferencesForm(forms.ModelForm):
    """In which language a person reads, and on which clock."""

    time_zone = forms.ChoiceField(label=_("Time zone"), choices=time_zones)

    class Meta:
        model = User
        fields = ("language", "time_zone")


class AccountForm(PreferencesForm):
    """A person's name, language and clock."""

    class Meta(PreferencesForm.Meta):
        fields = ("name", "language", "time_zone")
