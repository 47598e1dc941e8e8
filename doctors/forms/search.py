"""The filters of the results page. Its address holds them all."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from config.templatetags.portal import digits
from doctors.districts import DISTRICTS, district
from doctors.models import Gender, Language, Mode
from doctors.search import Available, Filter, Near, SearchQuery, SearchResult, Sort
from doctors.search.query import KILOMETRES, LONGEST_TEXT, RATINGS, YEARS
from specialties.models import Specialty

DEFAULT_KM = 10
# Two decimals are a kilometre or so: enough to search by, and not the house.
_POINT = re.compile(r"(-?\d{1,2}(?:\.\d{1,8})?),(-?\d{1,3}(?:\.\d{1,8})?)", re.ASCII)
DECIMALS = 2

# The fields of the form that make up each filter.
FIELDS: Mapping[Filter, tuple[str, ...]] = {each: (each.value,) for each in Filter} | {
    Filter.TEXT: ("q",),
    Filter.NEAR: ("near", "km"),
    Filter.FEE: ("fee_min", "fee_max"),
}


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on, and the address of the same page without it. The page puts texts and fees into words.

    `count` is how many doctors there would be without it, where that was counted.
    """

    name: str
    words: str
    href: str
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """A value of a facet: `count` doctors have it among those whom all other filters leave; None for all values."""

    id: str
    value: str
    words: str
    is_chosen: bool
    count: int | None

    @property
    def labelled(self) -> str:
        return self.words if self.count is None else f"{self.words} ({digits(self.count)})"


def district_choices() -> list[tuple[str, str]]:
    """All districts by their names in the active language."""
    return sorted(((each.slug, each.name) for each in DISTRICTS), key=lambda choice: choice[1])


def _years(number: int) -> str:
    return digits(ngettext("%(number)d year or more", "%(number)d years or more", number) % {"number": number})


class SearchForm(forms.Form):
    """Reads the address. What makes no sense in it gets an error at its field, and the search goes by the rest."""

    q = forms.CharField(
        label=_("Specialty, symptom or doctor"),
        required=False,
        max_length=LONGEST_TEXT,
        error_messages={"max_length": _("Please use at most 100 letters.")},
    )
    district = forms.ChoiceField(label=_("District"), required=False)
    near = forms.CharField(label=_("Near"), required=False, max_length=40)
    km = forms.TypedChoiceField(label=_("Distance"), required=False, coerce=int, empty_value=None)
    mode = forms.ChoiceField(label=_("Visit"), required=False, choices=[("", _("Any")), *Mode.choices])
    available = forms.ChoiceField(
        label=_("Open times"),
        required=False,
        choices=[("" if value == Available.ANY else value, words) for value, words in Available.choices],
    )
    specialty = forms.ChoiceField(label=_("Specialty"), required=False)
    fee_min = forms.IntegerField(label=_("Fee from"), required=False, min_value=0, max_value=1_000_000)
    fee_max = forms.IntegerField(label=_("Fee up to"), required=False, min_value=0, max_value=1_000_000)
    gender = forms.ChoiceField(label=_("Doctor"), required=False, choices=[("", _("Any")), *Gender.choices])
    languages = forms.MultipleChoiceField(label=_("Speaks"), required=False, choices=Language.choices)
    rating = forms.ChoiceField(label=_("Rating"), required=False)
    experience = forms.ChoiceField(label=_("In practice for"), required=False)
    sort = forms.ChoiceField(
        label=_("Sort by"),
        required=False,
        choices=[("" if value == Sort.BEST else value, words) for value, words in Sort.choices],
    )

    def __init__(self, data: QueryDict, *, specialties: Sequence[Specialty]) -> None:
        super().__init__(data)
        self.specialties = specialties
        self.fields["specialty"].choices = [("", _("All")), *((each.slug, each.name) for each in specialties)]
        self.fields["district"].choices = [("", _("All of Bangladesh")), *district_choices()]
        self.fields["km"].choices = [(str(km), gettext("Within %(km)s km") % {"km": digits(km)}) for km in KILOMETRES]
        self.fields["rating"].choices = [
            ("", _("Any")),
            *((str(least), gettext("%(stars)s or more") % {"stars": digits(least)}) for least in RATINGS),
        ]
        self.fields["experience"].choices = [("", _("Any")), *((str(years), _years(years)) for years in YEARS)]

    def clean_near(self) -> str:
        """A district, whose town is meant, or a point, less exact than it was given."""
        given: str = self.cleaned_data["near"].replace(" ", "")
        point = _POINT.fullmatch(given)
        if not given or given in {each.slug for each in DISTRICTS}:
            return given
        if point is None or abs(float(point[1])) > 90 or abs(float(point[2])) > 180:
            raise ValidationError(_("Choose a place from the list."))
        return ",".join(f"{round(float(degrees), DECIMALS):.{DECIMALS}f}" for degrees in point.groups())

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        fee_min, fee_max = data.get("fee_min"), data.get("fee_max")
        if fee_min is not None and fee_max is not None and fee_min > fee_max:
            self.add_error("fee_min", _("This is more than the highest fee."))
        if data.get("sort") == Sort.NEAREST and not data.get("near"):
            self.add_error("sort", _("Choose first what it should be near to."))
        return data

    def query(self) -> SearchQuery:
        """What the address asks for, as far as it makes sense."""
        self.is_valid()
        data = self.cleaned_data
        page = str(self.data.get("page", ""))
        fee_min, fee_max = data.get("fee_min"), data.get("fee_max")
        return SearchQuery(
            text=data.get("q", ""),
            specialty=data.get("specialty", ""),
            mode=data.get("mode", ""),
            district=data.get("district", ""),
            near=self.point(),
            fee_min=None if fee_min is None else Decimal(fee_min),
            fee_max=None if fee_max is None else Decimal(fee_max),
            gender=data.get("gender", ""),
            languages=tuple(data.get("languages", ())),
            rating_min=Decimal(data["rating"]) if data.get("rating") else None,
            experience_min=int(data["experience"]) if data.get("experience") else None,
            available=data.get("available") or Available.ANY,
            sort=data.get("sort") or Sort.BEST,
            page=max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 10 else 1,
        )

    def point(self) -> Near | None:
        near = self.cleaned_data.get("near")
        if not near:
            return None
        if "," in near:
            latitude, longitude = map(float, near.split(","))
        else:
            latitude, longitude = district(near).latitude, district(near).longitude
        return Near(latitude, longitude, self.cleaned_data.get("km") or DEFAULT_KM)

    @property
    def town(self) -> str:
        """The district that was chosen, whose town is meant; of a position none."""
        self.is_valid()
        near: str = self.cleaned_data.get("near", "")
        return "" if "," in near else near

    @property
    def position(self) -> str:
        """The point that was given, where it is no district's town."""
        self.is_valid()
        near: str = self.cleaned_data.get("near", "")
        return near if "," in near else ""

    def address(self, *, without: str = "", value: str = "", leaving_out: Collection[str] = ()) -> str:
        """The results page for what the form makes sense of, from its first page; without one value of one field, or
        without some fields."""
        self.is_valid()
        kept = QueryDict(mutable=True)
        for name, given in self.cleaned_data.items():
            if name in leaving_out or (name == "km" and (without == "near" or not self.cleaned_data.get("near"))):
                continue
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
        chips = []
        for name, value in self.cleaned_data.items():
            if value in ("", None) or name in ("sort", "km"):
                continue
            for each in value if isinstance(value, list) else [value]:
                chips.append(Chip(name, self._words(name, each), self.address(without=name, value=str(each))))
        return chips

    def _words(self, name: str, value: Any) -> str:
        if name == "near":
            km = self.cleaned_data.get("km") or DEFAULT_KM
            where = gettext("your position") if "," in value else district(value).name
            return gettext("Within %(km)s km of %(place)s") % {"km": digits(km), "place": where}
        return str(dict(getattr(self.fields[name], "choices", ())).get(value, value))

    def loosened(self, result: SearchResult) -> list[Chip]:
        """The filters without which somebody would be found, those that hide the most first."""
        chips = self.chips()
        loosened = []
        for taken_away, count in sorted(result.without.items(), key=lambda item: -item[1]):
            fields = FIELDS[taken_away]
            on = [chip for chip in chips if chip.name in fields]
            if count and on:
                words = ", ".join(chip.words for chip in on)
                loosened.append(Chip(on[0].name, words, self.address(leaving_out=fields), count))
        return loosened

    def facets(self, result: SearchResult) -> dict[str, list[Option]]:
        """The choices of each field that counts doctors, by its name."""
        counted = {FIELDS[facet][-1]: counts for facet, counts in result.facets.items() if facet != Filter.FEE}
        return {name: self._options(name, counted.get(name)) for name in COUNTED}

    def _options(self, name: str, counts: Mapping[str, int] | None) -> list[Option]:
        given = self[name].value()
        chosen = {str(each) for each in (given if isinstance(given, list) else [given or ""])}
        if name == "km" and chosen == {""}:
            chosen = {str(DEFAULT_KM)}
        return [
            Option(
                id=f"count-{name}-{place}",
                value=str(value),
                words=str(words),
                is_chosen=str(value) in chosen,
                count=None if counts is None or value == "" else counts.get(str(value), 0),
            )
            for place, (value, words) in enumerate(self.fields[name].choices)
        ]


# The fields whose choices say how many doctors they would leave.
COUNTED = ("mode", "available", "specialty", "district", "km", "gender", "languages", "rating", "experience")
