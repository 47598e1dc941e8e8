"""What one wants to be told, and how; a mobile number of one's own."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField
from phonenumber_field.phonenumber import PhoneNumber
from phonenumbers import region_code_for_number

from accounts.forms.fields import CodeField
from accounts.models import Channel, User
from accounts.topics import RULES, Topic, key_of, may_refuse, wants


class ChoicesForm(forms.Form):
    """A box for each topic and channel. Those that cannot be refused are ticked, and cannot be unticked."""

    def __init__(self, *args: Any, user: User, channels: list[Channel], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.channels = channels
        for topic in Topic:
            for channel in channels:
                self.fields[key_of(topic, channel)] = forms.BooleanField(
                    label=channel.label,
                    required=False,
                    initial=wants(user, topic, channel),
                    disabled=not may_refuse(topic, channel),
                )

    def by_topic(self) -> Iterator[tuple[Topic, Any, list[forms.BoundField]]]:
        for topic in Topic:
            yield topic, RULES[topic].help, [self[key_of(topic, channel)] for channel in self.channels]

    @property
    def chosen(self) -> dict[tuple[Topic, Channel], bool]:
        return {
            (topic, channel): self.cleaned_data[key_of(topic, channel)] for topic in Topic for channel in self.channels
        }


class MobileForm(forms.Form):
    number = PhoneNumberField(
        label=_("Mobile number"),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
        error_messages={"invalid": _("Enter a mobile number such as 01712 345678.")},
    )

    def clean_number(self) -> PhoneNumber:
        number: PhoneNumber = self.cleaned_data["number"]
        if region_code_for_number(number) not in settings.SMS_REGIONS:
            raise forms.ValidationError(_("We send no text messages to numbers of this country."))
        return number


class MobileCodeForm(forms.Form):
    code = CodeField(label=_("Code from the text message"))
