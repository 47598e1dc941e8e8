"""What one is told, and how: by topic and channel; the number and the devices for it; unsubscribing by a link."""

import json
from typing import Any

from allauth.core.internal import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST
from requests import RequestException

from accounts import services
from accounts.devices import device_of
from accounts.errors import CodeTooOld, CodeTooSoon, WrongCode
from accounts.forms.choices import ChoicesForm, MobileCodeForm, MobileForm
from accounts.models import Channel, MobileProof
from accounts.push import public_key
from accounts.sms import Busy, provider
from config.errors import DomainError
from config.tries import NeverTaken

NOT_REACHED = gettext_lazy("This number could not be reached. Look whether it is right, or try again later.")


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def choices(request: HttpRequest) -> HttpResponse:
    # With every box unticked a form may hold nothing at all.
    told = request.POST if request.method == "POST" else None
    form = ChoicesForm(told, user=request.user, channels=channels_of(request))
    if request.method == "POST" and form.is_valid():
        services.choose(request.user, form.chosen)
        messages.success(request, _("Kept. From now on you are told as you chose."))
        return redirect("notification_choices")
    return page(request, form=form)


def channels_of(request: HttpRequest) -> list[Channel]:
    """Those by which this person is reached, or could be: a box that leads nowhere is not shown."""
    reached = {
        Channel.EMAIL: True,
        Channel.SMS: bool(request.user.mobile) and provider() is not None,
        Channel.PUSH: bool(public_key()),
    }
    return [channel for channel in Channel if reached[channel]]


def page(request: HttpRequest, *, status: int = 200, **forms: Any) -> HttpResponse:
    context = {
        "form": ChoicesForm(user=request.user, channels=channels_of(request)),
        "mobile_form": MobileForm(),
        "code_form": MobileCodeForm(),
        "proof": MobileProof.objects.filter(user=request.user).first(),
        "can_text": provider() is not None,
        "devices": list(request.user.push_devices.order_by("-created_at")),
        "push_key": public_key(),
    }
    return render(request, "accounts/choices.html", context | forms, status=status)


@login_required
@require_POST
def mail_arrives(request: HttpRequest) -> HttpResponse:
    """An address from which a mail came back is tried again: its owner says that it is right."""
    services.confirm_mailbox(request.user)
    messages.success(request, _("Mails go to your address again."))
    return redirect("notification_choices")


@login_required
@require_POST
def send_code(request: HttpRequest) -> HttpResponse:
    """Have a code sent to a number that shall be one's own."""
    form = MobileForm(request.POST)
    if form.is_valid():
        number = str(form.cleaned_data["number"])
        if not ratelimit.consume(request, app="allauth.account", action="prove_mobile", user=request.user, key=number):
            form.add_error("number", CodeTooSoon.message)
        else:
            try:
                services.send_code(request.user, number=number)
            except CodeTooSoon as refusal:
                form.add_error("number", str(refusal.message))
            except (NeverTaken, Busy, RequestException):
                form.add_error("number", NOT_REACHED)
            else:
                return redirect("notification_choices")
    return page(request, mobile_form=form, status=422)


@login_required
@require_POST
def prove_mobile(request: HttpRequest) -> HttpResponse:
    form = MobileCodeForm(request.POST)
    if form.is_valid():
        try:
            services.prove_mobile(request.user, code=form.cleaned_data["code"])
        except (WrongCode, CodeTooOld) as refusal:
            form.add_error("code", str(refusal.message))
        else:
            messages.success(request, _("This number is yours. Text messages go there from now on."))
            return redirect("notification_choices")
    return page(request, code_form=form, status=422)


@login_required
@require_POST
def forget_mobile(request: HttpRequest) -> HttpResponse:
    services.forget_mobile(request.user)
    messages.success(request, _("No text messages go there any more."))
    return redirect("notification_choices")


# Devices ----------------------------------------------------------------------------------------------------------


@login_required
@require_POST
def add_device(request: HttpRequest) -> HttpResponse:
    """What the browser says of itself as JSON, when its user lets messages be shown, or when it still shows them.

    `again` is for the latter: a browser that shows somebody else's messages is told to stop (static/js/push.js).
    """
    told = json_of(request)
    endpoint, session_key = told.get("endpoint"), request.session.session_key or ""
    keys = told.get("keys")
    if not isinstance(endpoint, str) or not isinstance(keys, dict):
        return JsonResponse({"message": str(_("That did not work. Please try again."))}, status=422)
    if told.get("again"):
        is_known = services.find_again(request.user, endpoint=endpoint, session_key=session_key)
        return JsonResponse({"known": is_known})
    facts = {name: str(keys.get(name, ""))[:200] for name in ("p256dh", "auth")}
    name = device_of(request.headers.get("User-Agent", ""))
    try:
        services.add_device(request.user, endpoint=endpoint[:1000], **facts, name=name, session_key=session_key)
    except DomainError as refusal:
        return JsonResponse({"message": str(refusal.message)}, status=refusal.status)
    return JsonResponse({"known": True})


def json_of(request: HttpRequest) -> dict[str, Any]:
    try:
        told = json.loads(request.body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


@login_required
@require_POST
def remove_device(request: HttpRequest, pk: int) -> HttpResponse:
    services.remove_device(get_object_or_404(request.user.push_devices, pk=pk))
    messages.success(request, _("Messages are not shown there any more."))
    return redirect("notification_choices")


# Unsubscribing ----------------------------------------------------------------------------------------------------


@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Ends the mails about one topic. A GET asks first, for mail programs fetch addresses by themselves; a POST is the
    page's button, or the mail program's own (RFC 8058), and is not signed in: the token is who asks."""
    found = services.unsubscribe_by(token)
    if found is None:
        raise Http404
    user, topic = found
    if request.method == "POST":
        services.choose(user, {(topic, Channel.EMAIL): False})
    return render(request, "accounts/unsubscribe.html", {"topic": topic, "is_done": request.method == "POST"})
