"""A doctor's own profile: what it says, and how patients will see it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from doctors import services
from doctors.forms.profile import (
    DEGREES,
    DegreeForm,
    DegreeFormSet,
    PhotoForm,
    PlaceForm,
    PlaceFormSet,
    ProfileForm,
    initial_rows,
)
from doctors.models import Doctor, Verification


def own_doctor(request: HttpRequest) -> Doctor:
    """The signed-in doctor with all that the profile says; a 403 for everybody else."""
    doctor = Doctor.objects.for_profile().filter(user=request.user).first()
    if doctor is None:
        raise PermissionDenied
    return doctor


class ProfileForms:
    """The form of a profile with its rows of degrees and places, as one."""

    def __init__(self, doctor: Doctor, data: Any = None) -> None:
        self.doctor = doctor
        self.places = doctor.active_places
        degrees, places = doctor.qualifications.all(), self.places
        self.profile = ProfileForm(data, instance=doctor)
        self.degree_rows = DegreeFormSet(data, prefix="degrees", initial=initial_rows(degrees, DegreeForm))
        self.place_rows = PlaceFormSet(data, prefix="places", initial=initial_rows(places, PlaceForm))

    def is_valid(self) -> bool:
        # Each of them, so that everything wrong is said at once.
        return all([self.profile.is_valid(), self.degree_rows.is_fine, self.place_rows.is_fine])

    def save(self) -> list[Any]:
        return services.save_profile(
            self.profile.save(commit=False),
            specialties=self.profile.chosen_specialties(),
            degrees=self.degree_rows.rows(self.doctor.qualifications.all()),
            places=self.place_rows.rows(self.places),
        )


def profile_page(
    request: HttpRequest, doctor: Doctor, *, forms: ProfileForms, photo: PhotoForm | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "doctor": doctor,
        "form": forms.profile,
        "degree_rows": forms.degree_rows,
        "place_rows": forms.place_rows,
        "formsets": [forms.place_rows, forms.degree_rows],
        "suggested_degrees": DEGREES,
        "retired": [place for place in doctor.places.all() if not place.is_active],
        "photo_form": photo or PhotoForm(),
        "review": Verification.objects.filter(doctor=doctor).order_by("-pk").first(),
    }
    return render(request, "doctors/own_profile.html", context, status=status)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def own_profile(request: HttpRequest) -> HttpResponse:
    """What the doctor says of the practice, in one form."""
    doctor = own_doctor(request)
    if request.method != "POST":
        return profile_page(request, doctor, forms=ProfileForms(doctor))
    forms = ProfileForms(doctor, request.POST)
    if not forms.is_valid():
        return profile_page(request, doctor, forms=forms, status=422)
    retired = forms.save()
    messages.success(request, _("Your profile is saved. Visits that are booked keep their fee and place."))
    if retired:
        words = ngettext(
            "%(names)s is closed for new bookings. It is kept, because hours or visits hang on it.",
            "%(names)s are closed for new bookings. They are kept, because hours or visits hang on them.",
            len(retired),
        )
        messages.info(request, words % {"names": ", ".join(place.name for place in retired)})
    return redirect("doctors:own_profile")


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def preview(request: HttpRequest) -> HttpResponse:
    """The public page as patients will see it: of what is saved, or of what stands in the form."""
    doctor = own_doctor(request)
    if request.method != "POST":
        return render(request, "doctors/preview.html", {"doctor": doctor, "is_saved": True})
    forms = ProfileForms(doctor, request.POST)
    if not forms.is_valid():
        return profile_page(request, doctor, forms=forms, status=422)
    return _as_if(lambda: (forms.save(), _previewed(request))[1])


def _previewed(request: HttpRequest) -> HttpResponse:
    return render(request, "doctors/preview.html", {"doctor": own_doctor(request), "is_saved": False})


def _as_if(shown: Callable[[], HttpResponse]) -> HttpResponse:
    """What it shows, with all that it writes undone."""
    with transaction.atomic():
        response = shown()
        transaction.set_rollback(True)
    return response


@login_required
@require_POST
def photo(request: HttpRequest) -> HttpResponse:
    """Put a photo on the page, or take it away."""
    doctor = own_doctor(request)
    if "remove" in request.POST:
        services.set_photo(doctor, None)
        messages.success(request, _("Your photo is removed."))
        return redirect("doctors:own_profile")
    form = PhotoForm(request.POST, request.FILES)
    if not form.is_valid():
        return profile_page(request, doctor, forms=ProfileForms(doctor), photo=form, status=422)
    services.set_photo(doctor, form.cleaned_data["photo"])
    messages.success(request, _("Your photo is on your page."))
    return redirect("doctors:own_profile")


@login_required
@require_POST
def use_place_again(request: HttpRequest, pk: int) -> HttpResponse:
    doctor = own_doctor(request)
    services.use_place_again(get_object_or_404(doctor.places, pk=pk, is_active=False))
    messages.success(request, _("Patients can be seen there again."))
    return redirect("doctors:own_profile")
