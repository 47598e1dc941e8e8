"""Reviews as their doctor has them: to read, and to answer."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from config.http import require
from doctors.models import Doctor
from reviews import rules, services
from reviews.forms import ReplyForm
from reviews.models import DoctorRating, Review

PAGE_SIZE = 20


@never_cache
@login_required
@require_safe
def practice(request: HttpRequest) -> HttpResponse:
    """A doctor's reviews: those to be answered, or all."""
    doctor = Doctor.objects.filter(user=request.user).first()
    require(doctor is not None)
    own = Review.objects.of_practice(request.user)
    waiting = own.to_answer().count()
    everything = request.GET.get("show") == "all" or (not waiting and request.GET.get("show") != "waiting")
    rows = (own if everything else own.to_answer()).for_list().order_by("-posted_at", "-pk")
    context = {
        "page": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
        "rating": DoctorRating.objects.filter(doctor=doctor).first(),
        "waiting": waiting,
        "everything": everything,
    }
    return render(request, "reviews/practice.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def reply(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One review, and the doctor's one reply to it."""
    require(Doctor.objects.filter(user=request.user).exists())
    review = get_object_or_404(Review.objects.of_practice(request.user).for_page(), pk=pk)
    can_reply = rules.can_reply(request.user, review)
    posted = request.method == "POST"
    form = ReplyForm(request.POST if posted else None, initial={"text": review.reply})
    if posted and form.is_valid():
        services.reply_to_review(review, form.cleaned_data["text"], by=request.user)
        messages.success(request, _("Your reply stands below the review now. Its author is told."))
        return redirect("reviews:practice")
    context = {"review": review, "form": form, "can_reply": can_reply}
    return render(request, "reviews/reply.html", context, status=422 if form.errors else 200)
