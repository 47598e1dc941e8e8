"""What people type about visits: stars and words, a reply, a report, and how a list of reviews is looked through."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from reviews.models import LONGEST_REPLY, LONGEST_TEXT, ReportReason, ReportSubject, Review
from reviews.models.reports import Report
from reviews.models.reviews import LONGEST_NAME
from reviews.screening import screen
from reviews.services import Words
from specialties.fields import WordsField

STARS = [(1, _("Poor")), (2, _("Not so good")), (3, _("All right")), (4, _("Good")), (5, _("Very good"))]
# Before a name, and no name by which anybody is called.
_NO_NAMES = frozenset(
    ["md", "mohammad", "mohammed", "muhammad", "mst", "mr", "mrs", "ms", "dr", "মো", "মোঃ", "মোছাঃ", "ডা", "ডাঃ"]
)


def first_name(user: User) -> str:
    """The name by which somebody is called: the first that is no title."""
    names = user.name.split()
    called = [name for name in names if name.rstrip(".").casefold() not in _NO_NAMES]
    return (called or names or [""])[0][:LONGEST_NAME]


class StarsInput(forms.RadioSelect):
    """Five stars, from left to right; works by keyboard and without a script, as radio buttons do."""

    template_name = "reviews/stars_input.html"


def stars_input(label: Any, *, required: bool = False) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label,
        choices=STARS,
        coerce=int,
        empty_value=None,
        required=required,
        widget=StarsInput,
        error_messages={"required": _("Please choose how many stars.")},
    )


class ScreenedField(WordsField):
    """Words for everybody to read: without a way to reach anybody."""

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        if contacts := screen(text).contacts:
            raise ValidationError(
                _(
                    "Everybody can read this, so there is no place in it for telephone numbers, mail addresses or "
                    "links. Please take this out: %(found)s"
                ),
                params={"found": ", ".join(contacts)},
            )
        return text


class ReviewForm(forms.Form):
    """`signed` is whether the first name is shown. Health is asked about once, in a box that comes with the answer."""

    stars = stars_input(_("How was the visit as a whole?"), required=True)
    listening = stars_input(_("Did the doctor listen to you?"))
    explaining = stars_input(_("Did the doctor explain things well?"))
    punctuality = stars_input(_("Did the visit begin on time?"))
    text = ScreenedField(
        label=_("Tell others about it"),
        help_text=_("Everybody can read it. Write about the doctor and the visit, not about your illness."),
        max_length=LONGEST_TEXT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "autocomplete": "off"}),
        error_messages={"max_length": _("This is too long: shorten it to %(limit_value)d letters.")},
    )
    says_health = forms.BooleanField(
        label=_("I want this to be read. It is about my own health, or that of whom I act for."), required=False
    )
    signed = forms.ChoiceField(
        label=_("How do you want to be named?"),
        help_text=_("The doctor does not see either who wrote an anonymous review, but may guess it from the words."),
        widget=forms.RadioSelect,
    )

    def __init__(self, user: User, *args: Any, review: Review | None = None, **kwargs: Any) -> None:
        if review is not None:
            kwargs["initial"] = {
                "stars": review.stars,
                "listening": review.listening,
                "explaining": review.explaining,
                "punctuality": review.punctuality,
                "text": review.text,
                "says_health": review.speaks_of_health,
                "signed": "name" if review.signed_as else "anonymous",
            }
        super().__init__(*args, **kwargs)
        self.name = first_name(user)
        by_name = [("name", format_lazy("{} {}", _("By my first name:"), self.name))] if self.name else []
        self.fields["signed"].choices = [*by_name, ("anonymous", _("Not at all: I stay anonymous"))]
        self.fields["signed"].initial = "name" if self.name else "anonymous"
        self.asks_about_health = bool(review and review.speaks_of_health)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        health = screen(data.get("text", "")).health
        self.asks_about_health = bool(health)
        if health and not data.get("says_health"):
            self.add_error(
                "text",
                ValidationError(
                    _(
                        "This may say something about somebody’s health, and everybody can read it: %(found)s. Take it "
                        "out, or tick the box below if you want it to be read."
                    ),
                    params={"found": ", ".join(f"“{word}”" for word in health)},
                ),
            )
        data["health"] = bool(health)
        return data

    @property
    def words(self) -> Words:
        data = self.cleaned_data
        return Words(
            stars=data["stars"],
            listening=data["listening"],
            explaining=data["explaining"],
            punctuality=data["punctuality"],
            text=data["text"].strip(),
            signed_as=self.name if data["signed"] == "name" else "",
            speaks_of_health=data["health"],
        )


class ReplyForm(forms.Form):
    """A doctor's words to everybody: never of the patient's health, not even to say that it is as was written."""

    text = ScreenedField(
        label=_("Your reply"),
        help_text=_(
            "Everybody can read it. You may thank, explain how you work, and offer to talk. Say nothing of the "
            "patient’s health, not even what the review itself says."
        ),
        max_length=LONGEST_REPLY,
        widget=forms.Textarea(attrs={"rows": 5, "autocomplete": "off"}),
        error_messages={
            "required": _("Please write your reply."),
            "max_length": _("This is too long: shorten it to %(limit_value)d letters."),
        },
    )

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        if health := screen(text).health:
            raise ValidationError(
                _("What you know of a patient’s health is not for everybody. Please take this out: %(found)s"),
                params={"found": ", ".join(f"“{word}”" for word in health)},
            )
        return text


class ReportForm(forms.Form):
    about = forms.ChoiceField(
        label=_("What is wrong?"), choices=ReportSubject, widget=forms.RadioSelect, initial="review"
    )
    reason = forms.ChoiceField(
        label=_("Why should it not stand there?"),
        choices=ReportReason,
        widget=forms.RadioSelect,
        error_messages={"required": _("Please choose a reason.")},
    )
    words = WordsField(
        label=_("Do you want to say more?"),
        help_text=_("Only administrators read it. Please write nothing about health."),
        max_length=Report._meta.get_field("words").max_length,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off"}),
        error_messages={"max_length": _("This is too long: shorten it to %(limit_value)d letters.")},
    )

    def __init__(self, review: Review, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not review.reply:
            del self.fields["about"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("reason") == ReportReason.OTHER and not data.get("words"):
            self.add_error("words", _("Please say what it is."))
        data.setdefault("about", ReportSubject.REVIEW)
        return data


class Sorting(models.TextChoices):
    """In which order reviews are looked through."""

    NEWEST = "newest", pgettext_lazy("reviews", "Newest first")
    BEST = "best", pgettext_lazy("reviews", "Best first")
    WORST = "worst", pgettext_lazy("reviews", "Worst first")


class LookForm(forms.Form):
    """What the address of a list of reviews asks for; what it does not understand it leaves out."""

    sort = forms.ChoiceField(choices=Sorting, required=False)
    stars = forms.TypedChoiceField(choices=STARS, coerce=int, required=False, empty_value=None)

    @property
    def sorting(self) -> Sorting:
        self.is_valid()
        return Sorting(self.cleaned_data.get("sort") or Sorting.NEWEST)

    @property
    def only(self) -> int | None:
        self.is_valid()
        return self.cleaned_data.get("stars")
