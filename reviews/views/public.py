"""What everybody sees of a doctor's reviews, and how one is reported."""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from allauth.core.internal import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import push_url

from config.found import Found
from config.http import respond
from doctors.models import Doctor
from reviews import rules, services
from reviews.errors import NotReportable
from reviews.forms import LookForm, ReportForm, Sorting
from reviews.models import DoctorRating, Review
from reviews.structured import reviews_of

PAGE_SIZE = 10
SORTED = {
    Sorting.NEWEST: ("-posted_at", "-pk"),
    Sorting.BEST: ("-stars", "-posted_at", "-pk"),
    Sorting.WORST: ("stars", "-posted_at", "-pk"),
}


@require_safe
def of_doctor(request: HttpRequest, slug: str) -> HttpResponse:
    """A doctor's reviews, with the rating and its spread; to htmx the panel alone, for the doctor's page."""
    doctor = get_object_or_404(Doctor.objects.public().select_related("listing"), slug=slug)
    look = LookForm(request.GET)
    shown = Review.objects.published().filter(doctor=doctor)
    wanted = shown.filter(stars=look.only) if look.only else shown
    page = Paginator(wanted.for_list().order_by(*SORTED[look.sorting]), PAGE_SIZE).get_page(request.GET.get("page"))
    page.object_list = list(page.object_list)
    response = respond(
        request,
        "reviews/of_doctor.html",
        partial="panel",
        doctor=doctor,
        rating=DoctorRating.objects.filter(doctor=doctor).first(),
        page=page,
        only=look.only,
        sorting=look.sorting,
        data=reviews_of(doctor, page.object_list),
        found=found_reviews(doctor, listed=not request.GET),
        **_ways(doctor, look, page),
    )
    if request.htmx and urlsplit(request.htmx.current_url_abs_path or "").path != request.path:
        # Shown on the doctor's own page, which stays the one that is open.
        push_url(response, False)
    return response


def found_reviews(doctor: Doctor, *, listed: bool) -> Found:
    """All reviews of a doctor are a page; how they are looked through makes none of its own."""
    return Found(
        title=_("Reviews of %(doctor)s") % {"doctor": doctor},
        description=_("What patients say of visits to %(doctor)s.") % {"doctor": doctor},
        path=reverse("reviews:of_doctor", args=[doctor.slug]),
        listed=listed,
    )


def _ways(doctor: Doctor, look: LookForm, page: Page[Review]) -> dict[str, Any]:
    """Addresses whole, for the panel is shown on another page too: of each order and number of stars."""
    base = reverse("reviews:of_doctor", args=[doctor.slug])

    def way(sorting: Sorting, only: int | None) -> str:
        query = ({} if sorting == Sorting.NEWEST else {"sort": sorting.value}) | ({"stars": only} if only else {})
        return f"{base}?{urlencode(query)}" if query else base

    return {
        "sortings": [(each, way(each, look.only)) for each in Sorting],
        "by_stars": {stars: way(look.sorting, stars) for stars in (5, 4, 3, 2, 1)},
        "all_stars": way(look.sorting, None),
    }


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def report(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Put a review, or the reply to it, before the administrators."""
    found = get_object_or_404(Review.objects.published().for_page(), pk=pk)
    if not rules.can_report(request.user, found):
        raise NotReportable
    form = ReportForm(found, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        if not ratelimit.consume(request, app="allauth.account", action="report_review", user=request.user):
            form.add_error(
                None, _("You have reported many today. Please go on tomorrow: an administrator sees those first.")
            )
            return render(request, "reviews/report.html", {"form": form, "review": found}, status=429)
        if services.report_review(found, **form.cleaned_data, by=request.user):
            messages.success(request, _("Thank you. An administrator looks at it, and you hear what was decided."))
        else:
            messages.info(request, _("You have reported this already. An administrator is going to look at it."))
        return redirect("reviews:of_doctor", found.doctor.slug)
    return render(request, "reviews/report.html", {"form": form, "review": found}, status=422 if form.errors else 200)
