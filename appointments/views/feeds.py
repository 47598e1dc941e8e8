"""Calendars elsewhere: the page where a person makes and takes back a secret address, and what it answers."""

import hashlib

from allauth.core.internal import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import parse_etags
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from appointments.feeds import feed_by, feed_text, make_feed, note_read, revoke_feed
from appointments.models import CalendarFeed
from doctors.models import Doctor

# A secret address is told once: it waits here for the page that shows it.
FRESH = "calendar_feed"


def sides_of(user: User) -> list[CalendarFeed.Side]:
    is_doctor = Doctor.objects.filter(user=user).exists()
    return [CalendarFeed.Side.PATIENT, *([CalendarFeed.Side.PRACTICE] if is_doctor else [])]


def asked_side(request: HttpRequest) -> CalendarFeed.Side:
    """The side that the form names, if it is one of the user's."""
    side = request.POST.get("side")
    if side not in sides_of(request.user):
        raise Http404
    return CalendarFeed.Side(side)


@never_cache
@login_required
@require_safe
def calendars(request: HttpRequest) -> HttpResponse:
    """One's feeds; a secret that was just made is shown this once."""
    made = {feed.side: feed for feed in CalendarFeed.objects.filter(user=request.user)}
    fresh = request.session.pop(FRESH, {})
    address = ""
    if fresh:
        address = settings.SITE_ORIGIN + reverse("appointments:feed", args=[fresh["token"]])
    sides = [
        {"side": side, "feed": made.get(side), "address": address if fresh.get("side") == side else ""}
        for side in sides_of(request.user)
    ]
    return render(request, "appointments/calendars.html", {"sides": sides})


@login_required
@require_POST
def make(request: HttpRequest) -> HttpResponse:
    side = asked_side(request)
    request.session[FRESH] = {"side": side, "token": make_feed(request.user, side)}
    return redirect("appointments:calendars")


@login_required
@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    revoke_feed(request.user, asked_side(request))
    messages.success(request, _("Nobody can read this calendar by its address any more."))
    return redirect("appointments:calendars")


@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """The calendar behind a secret address, for whoever has it: no cookie, no session.

    Asked with the ETag of what is unchanged, it answers 304. Asked too often, by address or for one feed, it says
    when to come back; a wrong secret counts too.
    """
    if not ratelimit.consume(request, app="allauth.account", action="calendar_feed", key=token, limit_get=True):
        return HttpResponse(status=429, headers={"Retry-After": "900"})
    found = feed_by(token)
    if found is None:
        raise Http404
    note_read(found)
    text = feed_text(found)
    etag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    headers = {
        "ETag": etag,
        "Cache-Control": "private, max-age=900",
        "X-Robots-Tag": "noindex",
    }
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(text, content_type="text/calendar; charset=utf-8", headers=headers)
