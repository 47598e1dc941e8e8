"""The inbox: what one was told, read and unread; what is new, for pages that are open."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import services
from accounts.inbox import letters
from config.db import PAGE

PAGE_SIZE = 20


@never_cache
@login_required
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    only_unread = request.GET.get("show") == "unread"
    rows = request.user.notifications.for_inbox().fetch_mode(PAGE)
    page = Paginator(rows.unread() if only_unread else rows, PAGE_SIZE).get_page(request.GET.get("page"))
    page.object_list = letters(page.object_list, request.user)
    context = {
        "page": page,
        "only_unread": only_unread,
        "unread": services.count_unread(request.user),
    }
    return render(request, "accounts/inbox.html", context)


@never_cache
@login_required
@require_safe
def message(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One message in its own words: where push messages lead, which name nothing themselves."""
    row = get_object_or_404(request.user.notifications.fetch_mode(PAGE), pk=pk)
    (letter,) = letters([row], request.user, whole=True)
    return render(request, "accounts/message.html", {"letter": letter})


@login_required
@require_POST
def open_message(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Read, and on to what it is about."""
    row = get_object_or_404(request.user.notifications, pk=pk)
    services.mark_read(row)
    return redirect(services.path_of(row) or "inbox")


@login_required
@require_POST
def read_message(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Read where it stands; asked by the page of the message itself."""
    services.mark_read(get_object_or_404(request.user.notifications, pk=pk))
    return HttpResponse(status=204)


@login_required
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """Everything up to the newest that the page showed."""
    try:
        newest = request.user.notifications.filter(pk=UUID(request.POST.get("upto", ""))).first()
    except ValueError:
        newest = None
    if newest is not None:
        services.mark_all_read(request.user, upto=newest)
    return redirect("inbox")


@never_cache
@login_required
@require_safe
def news(request: HttpRequest) -> HttpResponse:
    """For pages whose socket does not hold: what the socket would say (static/js/live.js)."""
    return JsonResponse(services.news_for(request.user))
