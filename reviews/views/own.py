"""Reviews as their authors have them: to write one, to see what became of it, to change it or to take it back."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from appointments.models import Appointment, AppointmentQuerySet
from config.db import PAGE
from reviews import rules, services
from reviews.errors import AlreadyReviewed, EditOver, NotReviewable, ReviewChanged
from reviews.forms import ReviewForm
from reviews.models import Review

PAGE_SIZE = 10
# So many visits are offered to be reviewed.
MOST_TO_REVIEW = 5


def to_review(user) -> AppointmentQuerySet:
    """Visits of those for whom the user acts, that nobody has reviewed yet: the latest first."""
    now = timezone.now()
    over = Appointment.objects.completed_between(now - timedelta(days=settings.REVIEW_WITHIN_DAYS), now)
    reviewed = Review.objects.filter(appointment=OuterRef("pk"))
    open_ones = over.held_by(user).exclude(Exists(reviewed)).exclude(doctor__user=user)
    return open_ones.select_related("doctor", "patient").order_by("-period__endswith").fetch_mode(PAGE)


@never_cache
@login_required
@require_safe
def own_reviews(request: HttpRequest) -> HttpResponse:
    """What one has written, and the visits that wait for it."""
    reviews = Review.objects.by_author(request.user).for_list().order_by("-posted_at", "-pk")
    page = Paginator(reviews, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "to_review": list(to_review(request.user)[:MOST_TO_REVIEW])}
    return render(request, "reviews/own.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def write(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Review a visit that took place; what was reviewed already leads to the review."""
    visits = Appointment.objects.held_by(request.user).select_related("doctor__user", "patient")
    visit = get_object_or_404(visits, pk=pk)
    there = Review.objects.filter(appointment=visit).first()
    if there is not None:
        if not rules.is_author(request.user, there):
            raise AlreadyReviewed
        return redirect(there)
    if not rules.can_review(request.user, visit):
        raise NotReviewable
    form = ReviewForm(request.user, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        review, _new = services.post_review(visit, form.words, by=request.user)
        messages.success(request, _("Thank you. Your review stands on the doctor’s page now."))
        return redirect(review)
    context = {"form": form, "doctor": visit.doctor, "visit": visit}
    return render(request, "reviews/write.html", context, status=422 if form.errors else 200)


def _own(request: HttpRequest, pk: UUID) -> Review:
    return get_object_or_404(Review.objects.by_author(request.user).for_page(), pk=pk)


@never_cache
@login_required
@require_safe
def review(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One's own review: as others see it, and what became of it."""
    own = _own(request, pk)
    context = {"review": own, "can_edit": rules.can_edit(request.user, own), "versions": own.versions.all()}
    return render(request, "reviews/review.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Write one's review anew, within its days or because an administrator asked for it."""
    own = _own(request, pk)
    if not rules.can_edit(request.user, own):
        raise EditOver if own.is_shown else ReviewChanged
    form = ReviewForm(request.user, request.POST if request.method == "POST" else None, review=own)
    if request.method == "POST" and form.is_valid():
        own = services.edit_review(own, form.words, by=request.user)
        if own.is_shown:
            messages.success(request, _("Your review is changed."))
        else:
            messages.success(request, _("Your review is changed. It is shown again once an administrator has read it."))
        return redirect(own)
    context = {"form": form, "doctor": own.doctor, "visit": own.appointment, "review": own}
    return render(request, "reviews/write.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take one's review back, for good."""
    own = services.withdraw_review(_own(request, pk), by=request.user)
    messages.success(request, _("Your review is taken back. Nobody sees it any more."))
    return redirect(own)
