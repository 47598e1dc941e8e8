"""Where one is signed in, and signing out there."""

from allauth.account.decorators import reauthentication_required
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import sessions
from config.templatetags.portal import digits


@never_cache
@login_required
@require_safe
def session_list(request: HttpRequest) -> HttpResponse:
    found = sessions.open_sessions(request.user, this=request.session.session_key)
    return render(request, "usersessions/usersession_list.html", {"sessions": found})


@login_required
@require_POST
@reauthentication_required(app="accounts")
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign one's account out on another device, at once."""
    row = get_object_or_404(
        UserSession.objects.exclude(session_key=request.session.session_key), user=request.user, pk=pk
    )
    sessions.end_sessions([row])
    messages.success(request, _("That device is signed out."))
    return redirect("usersessions_list")


@login_required
@require_POST
@reauthentication_required(app="accounts")
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    count = sessions.end_other_sessions(request.user, this=request.session.session_key)
    words = ngettext(
        "You are signed out on %(count)d other device.", "You are signed out on %(count)d other devices.", count
    )
    messages.success(request, digits(words % {"count": count}))
    return redirect("usersessions_list")


@never_cache
@require_http_methods(["GET", "POST"])
def session_left(request: HttpRequest) -> HttpResponse:
    """How many seconds this session lasts if nothing happens, and if it is used; a POST is the person's use of it.

    `who`, `whole` (no second factor is asked for) and `token` let a page that outlived a session go on in the next one
    of the same person (static/js/session.js).
    """
    if not request.user.is_authenticated:
        return JsonResponse({"seconds": 0})
    if request.method == "POST":
        sessions.keep_alive(request.session, request.user, pause=0)
    facts = {
        "seconds": sessions.seconds_left(request.session, request.user),
        "most": sessions.seconds_at_most(request.session, request.user),
        "who": request.user.pk,
        "whole": sessions.is_whole(request.session, request.user),
        "token": get_token(request),
    }
    return JsonResponse(facts)
