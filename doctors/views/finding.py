"""Finding a doctor: the public home, the results, and a doctor's own page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from config.found import Found
from config.headers import for_position
from config.http import respond
from config.templatetags.portal import day_clock, digits
from doctors import rules
from doctors.figures import home_figures, popular_specialties
from doctors.forms.search import SearchForm, district_choices
from doctors.models import Doctor, DoctorListing, Mode
from doctors.search import PAGE_SIZE, Sort, find_doctors, suggestions
from doctors.search.why import Reason, why_here
from doctors.steps import count_profile, count_search
from doctors.structured import physician
from specialties.models import Specialty

POPULAR = 12
MODE_ICONS = {Mode.VIDEO: "video", Mode.IN_PERSON: "building-2"}
# As many days as a strip of open times shows, today included.
STRIP_DAYS = 3


@dataclass(frozen=True, slots=True)
class Card:
    """A doctor on the results page. `said` is what the component takes; `mode` is what the strip of times will be of,
    `next_open` the first time of it.

    `why` is what the doctor's place among the others is made of, for those who may see that.
    """

    doctor: Doctor
    said: dict[str, object]
    mode: str
    next_open: datetime | None
    why: Sequence[Reason] = ()

    @property
    def opens_soon(self) -> bool:
        """There will be times in the strip, so it needs their space."""
        last = timezone.localdate() + timedelta(days=STRIP_DAYS - 1)
        return self.next_open is not None and timezone.localdate(self.next_open) <= last

    @property
    def next_words(self) -> str:
        return gettext("Next: %(when)s") % {"when": day_clock(self.next_open)}

    @property
    def next_day(self) -> str:
        return timezone.localdate(self.next_open).isoformat()

    @property
    def whose(self) -> str:
        return gettext("of %(doctor)s") % {"doctor": self.doctor}

    @property
    def facts(self) -> tuple[object, ...]:
        """All that the card says and whose language and clock it says it by: the same facts make the same card."""
        doctor = self.doctor
        whose = (get_language(), timezone.get_current_timezone_name())
        return (*whose, doctor.pk, doctor.slug, self.said, self.mode, self.next_open, self.opens_soon)


def card_of(doctor: Doctor, asked: str, why: Sequence[Reason] = ()) -> Card:
    mode = asked if asked in doctor.modes else next(iter(doctor.modes), "")
    listing = getattr(doctor, "listing", None)
    return Card(doctor, _said(doctor, listing), mode, listing.next_open_by(mode) if listing and mode else None, why)


def _said(doctor: Doctor, listing: DoctorListing | None) -> dict[str, object]:
    return {
        "name": str(doctor),
        "photo": doctor.thumbnail,
        "degrees": doctor.degrees,
        "specialty": doctor.specialty_names,
        "registration": doctor.registration_number,
        "languages": doctor.language_names,
        "years": doctor.years_of_practice,
        "rating": listing and listing.shown_rating,
        "ratings": listing.rating_count if listing else 0,
        "fee_video": doctor.fee_video,
        "fee_in_person": doctor.fee_in_person,
        "place": _place(doctor),
    }


def _place(doctor: Doctor) -> str:
    """The first of the places, and how many more there are."""
    first, *others = doctor.active_places or [None]
    if first is None:
        return ""
    more = f" +{digits(len(others))}" if others else ""
    return f"{first.name}, {first.district_name}{more}"


def public_home(request: HttpRequest, *, template: str = "home/public.html", **facts: Any) -> HttpResponse:
    """The page where a search begins, in the template's shape, with whatever facts its caller adds."""
    specialties = list(Specialty.objects.active())
    context = {
        "suggestions": suggestions.suggestions(specialties),
        "districts": district_choices(),
        "modes": [("", _("Any")), *((mode, mode.label, MODE_ICONS[mode]) for mode in Mode)],
        "popular": popular_specialties(POPULAR),
        # Only some of the pages tell them.
        "figures": SimpleLazyObject(home_figures),
        "specialty_count": len(specialties),
    }
    return render(request, template, context | facts)


@for_position
@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """The doctors whom the address asks for, a page of them; to htmx the list alone, and the address cleaned up."""
    specialties = list(Specialty.objects.active())
    form = SearchForm(request.GET, specialties=specialties)
    query = form.query()
    result = find_doctors(query)
    count_search(request, result)
    doctors = Doctor.objects.public().for_cards().in_bulk(result.doctor_ids)
    is_explained = query.sort == Sort.BEST and rules.can_see_ranking(request.user)
    why = why_here(query, result) if is_explained else {}
    by_id = {specialty.pk: specialty for specialty in specialties}
    facets = form.facets(result)
    response = respond(
        request,
        "doctors/find.html",
        partial="results",
        found=found_results(form),
        form=form,
        query=query,
        result=result,
        chips=form.chips(),
        loosened=form.loosened(result),
        facets=facets,
        # With how many each would leave, which the district's own choices say too.
        districts=[(each.value, each.labelled) for each in facets["district"] if each.value],
        near_places=partial(district_choices),
        cards=[card_of(doctors[pk], query.mode, why.get(pk, ())) for pk in result.doctor_ids if pk in doctors],
        strip_ids=",".join(str(pk) for pk in result.doctor_ids),
        page=Paginator(range(result.total), PAGE_SIZE).page(result.page),
        understood=[by_id[pk] for pk in result.understood if pk in by_id],
        suggestions=partial(suggestions.suggestions, specialties),
    )
    if request.htmx:
        response["HX-Push-Url"] = form.address()
    return response


@require_safe
def suggest(request: HttpRequest) -> JsonResponse:
    """What the search bar offers for the letters that were typed; nothing of it is anybody's own."""
    found = [{"value": each.value, "hint": str(each.hint)} for each in suggestions.suggest(request.GET.get("q", ""))]
    response = JsonResponse({"found": found})
    patch_cache_control(response, private=True, max_age=60)
    patch_vary_headers(response, ["Cookie", "Accept-Language"])
    return response


@require_safe
def profile(request: HttpRequest, slug: str) -> HttpResponse:
    """A public doctor's page."""
    doctor = get_object_or_404(Doctor.objects.public().for_profile(), slug=slug)
    count_profile(request, doctor)
    context = {"doctor": doctor, "found": found_profile(doctor), "data": physician(doctor)}
    return render(request, "doctors/profile.html", context)


def found_results(form: SearchForm) -> Found:
    """The results of a field or a district are a page of their own; what else narrows them is not told apart."""
    place = form.only("specialty", "district")
    return Found(
        title=" · ".join([*(chip.words for chip in reversed(place.chips())), gettext("Find a doctor")]),
        description=gettext(
            "Verified doctors with their open times: "
            "search by specialty, symptom, name or place, by video or in person."
        ),
        path=place.address(),
        listed=place.address() == form.address() and form.query().page == 1,
    )


def found_profile(doctor: Doctor) -> Found:
    about = doctor.specialty_names
    return Found(
        title=f"{doctor}, {about}" if about else str(doctor),
        description=gettext("%(doctor)s, %(about)s: fees, places and open times. Book online.")
        % {"doctor": doctor, "about": about},
        path=doctor.get_absolute_url(),
        kind="profile",
        picture=doctor.photo.url if doctor.photo else "",
    )
