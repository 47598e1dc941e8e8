"""The filters of the results page. Its address holds them all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from django import forms
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from doctors.districts import DISTRICTS
from doctors.models import Gender, Language, Mode
from doctors.search import Available, SearchQuery, Sort
from specialties.models import Specialty

LONGEST_TEXT = 100


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on, and the address of the same page without it. The page puts texts and fees into words."""

    name: str
    words: str
    href: str


def district_choices() -> list[tuple[str, str]]:
    """All districts by their names in the active language."""
    return sorted(((each.slug, each.name) for each in DISTRICTS), key=lambda choice: choice[1])


class SearchForm(forms.Form):
    """Reads the address. What makes no sense in it gets an error at its field, and the search goes by the rest."""

    q = forms.CharField(
        label=_("Specialty, symptom or doctor"),
        required=False,
        max_length=LONGEST_TEXT,
        error_messages={"max_length": _("Please use at most 100 letters.")},
    )
    district = forms.ChoiceField(label=_("District"), required=False)
    mode = forms.ChoiceField(label=_("Visit"), required=False, choices=[("", _("Any")), *Mode.choices])
    available = forms.ChoiceField(
        label=_("Open times"),
        required=False,
        choices=[("" if value == Available.ANY else value, words) for value, words in Available.choices],
    )
    specialty = forms.ChoiceField(label=_("Specialty"), required=False)
    fee_max = forms.IntegerField(label=_("Fee up to"), required=False, min_value=0, max_value=1_000_000)
    gender = forms.ChoiceField(label=_("Doctor"), required=False, choices=[("", _("Any")), *Gender.choices])
    languages = forms.MultipleChoiceField(label=_("Speaks"), required=False, choices=Language.choices)
    sort = forms.ChoiceField(
        label=_("Sort by"),
        required=False,
        choices=[
            ("" if value == Sort.BEST else value, words) for value, words in Sort.choices if value != Sort.NEAREST
        ],
    )

    def __init__(self, data: QueryDict, *, specialties: Sequence[Specialty]) -> None:
        super().__init__(data)
        self.specialties = specialties
        self.fields["specialty"].choices = [("", _("All")), *((each.slug, each.name) for each in specialties)]
        self.fields["district"].choices = [("", _("All of Bangladesh")), *district_choices()]

    def query(self) -> SearchQuery:
        """What the address asks for, as far as it makes sense."""
        self.is_valid()
        page = str(self.data.get("page", ""))
        return SearchQuery(
            text=self.cleaned_data.get("q", ""),
            specialty=self.cleaned_data.get("specialty", ""),
            mode=self.cleaned_data.get("mode", ""),
            district=self.cleaned_data.get("district", ""),
            fee_max=self.cleaned_data.get("fee_max"),
            gender=self.cleaned_data.get("gender", ""),
            languages=tuple(self.cleaned_data.get("languages", ())),
            available=self.cleaned_data.get("available") or Available.ANY,
            sort=self.cleaned_data.get("sort") or Sort.BEST,
            page=max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 10 else 1,
        )

    def address(self, *, without: str = "", value: str = "") -> str:
        """The results page for what the form makes sense of, from its first page; without one value of one field."""
        self.is_valid()
        kept = QueryDict(mutable=True)
        for name, given in self.cleaned_data.items():
            values = [str(each) for each in (given if isinstance(given, list) else [given]) if each not in ("", None)]
            kept.setlist(name, [each for each in values if (name, each) != (without, value)])
        return f"{reverse('doctors:find')}?{kept.urlencode()}".rstrip("?")

    def only(self, *names: str) -> Self:
        """The same search by these fields alone."""
        self.is_valid()
        kept = QueryDict(mutable=True)
        for name in names:
            kept.setlist(name, [value for value in [self.cleaned_data.get(name)] if value])
        return type(self)(kept, specialties=self.specialties)

    def chips(self) -> list[Chip]:
        """The filters that are on, in the order of the page; sorting is none."""
        self.is_valid()
        given = {name: value for name, value in self.cleaned_data.items() if value not in ("", None) and name != "sort"}
        chips = []
        for name, value in given.items():
            for each in value if isinstance(value, list) else [value]:
                words = dict(getattr(self.fields[name], "choices", ())).get(each, each)
                chips.append(Chip(name, str(words), self.address(without=name, value=str(each))))
        return chips
