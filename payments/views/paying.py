"""The payer's page, the way to the gateway and back, and the gateway's own messages."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from config.http import respond
from config.queue import send_on_commit
from payments import rules
from payments.errors import PaymentAway, PaymentRefused, PaymentUnavailable
from payments.models import Charge, GatewayMessage, PaymentAttempt
from payments.services import receive_message, start_attempt
from payments.services.reconciliation import can_be_asked_about
from payments.tasks import reconcile_attempt

# For so long after a payer went to the gateway their page looks by itself how it went.
WATCHED_FOR = timedelta(minutes=30)
# Several times what a real message holds.
MOST_BYTES = 64 * 1024


class SeeOther(HttpResponseRedirect):
    """After a POST: look there with a GET."""

    status_code = 303


@dataclass(frozen=True)
class Progress:
    """How far a charge is, for its page: the latest attempt, those whose payer may be at the gateway, and whether
    something is on its way that will change what the page says."""

    charge: Charge
    last: PaymentAttempt | None
    awaited: list[PaymentAttempt]
    is_asking: bool

    @classmethod
    def of(cls, charge: Charge) -> "Progress":
        since = timezone.now() - WATCHED_FOR
        attempts = [attempt for attempt in charge.attempts.all() if attempt.twin_of_id is None]
        undecided = charge.status in {Charge.Status.OPEN, Charge.Status.VOID}
        awaited = [
            attempt
            for attempt in attempts
            if undecided and attempt.status == PaymentAttempt.Status.OPEN and attempt.created_at > since
        ]
        unread = GatewayMessage.objects.filter(
            status=GatewayMessage.Status.NEW,
            received_at__gt=since,
            tran_id__in=[attempt.tran_id for attempt in attempts],
        )
        return cls(
            charge=charge,
            last=attempts[-1] if attempts else None,
            awaited=awaited,
            is_asking=bool(awaited) or (undecided and unread.exists()),
        )

    @property
    def seen(self) -> str:
        """Changes with whatever the page would show."""
        last = f"{self.last.pk}-{self.last.status}" if self.last else "none"
        return f"{self.charge.status}-{self.charge.can_be_tried}-{self.is_asking}-{last}"


@never_cache
@login_required
@require_safe
def charge(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What is owed and how far it is. While a payment is under way the page asks again by itself, and each time the
    gateway may be asked too."""
    charge = get_object_or_404(Charge.objects.visible_to(request.user).for_page(), pk=pk)
    progress = Progress.of(charge)
    for attempt in filter(can_be_asked_about, progress.awaited):
        send_on_commit(reconcile_attempt, attempt.pk)
    if request.htmx:
        if charge.status == Charge.Status.PAID:
            return HttpResponseClientRedirect(charge.done_path)
        if request.GET.get("seen") == progress.seen:
            return HttpResponse(status=204)
    return respond(
        request,
        "payments/charge.html",
        partial="progress",
        charge=charge,
        progress=progress,
        can_pay=rules.can_pay(request.user, charge),
        # Nothing was paid that one could complain about: no question to the database.
        dispute=charge.disputes.order_by("-pk").first() if charge.paid_at else None,
        can_dispute=rules.can_dispute(request.user, charge),
    )


@login_required
@require_POST
def start(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Begin an attempt and go to the page that leads to the gateway; without one the charge's own page says why."""
    charge = get_object_or_404(Charge.objects.visible_to(request.user), pk=pk)
    try:
        attempt = start_attempt(charge.pk, by=request.user)
    except PaymentAway as away:
        # No attempt on the page would tell.
        messages.error(request, str(away.message))
        return SeeOther(charge.get_absolute_url())
    except (PaymentRefused, PaymentUnavailable):
        return SeeOther(charge.get_absolute_url())
    return SeeOther(reverse("payments:leave", args=[charge.pk, attempt.tran_id]))


@never_cache
@login_required
@require_safe
def leave(request: HttpRequest, pk: UUID, tran_id: str) -> HttpResponse:
    """Off to the gateway. A page and no redirect, for our own rules keep forms from ending on another origin."""
    charge = get_object_or_404(Charge.objects.visible_to(request.user), pk=pk)
    attempt = get_object_or_404(charge.attempts, tran_id=tran_id)
    if attempt.status != PaymentAttempt.Status.OPEN:
        return redirect(charge)
    return render(request, "payments/leave.html", {"charge": charge, "attempt": attempt})


@csrf_exempt
def gateway_return(request: HttpRequest, outcome: str) -> HttpResponse:
    """The payer's browser comes back, with a form from the gateway's origin and without our cookies.

    Nothing in it is believed, its `outcome` least of all: it is kept like any message, and the browser is sent to the
    charge's page, where the cookies come along and the owner is checked.
    """
    if request.method != "POST":
        return redirect("home")
    fields = posted(request)
    if fields is None:
        return SeeOther(reverse("home"))
    message = receive_message(GatewayMessage.Source.RETURN, fields)
    attempt = PaymentAttempt.objects.select_related("charge").filter(tran_id=message.tran_id).first()
    return SeeOther(attempt.charge.get_absolute_url() if attempt else reverse("home"))


@csrf_exempt
@require_POST
def ipn(request: HttpRequest) -> HttpResponse:
    """The gateway tells of a payment, server to server: kept, answered, dealt with later."""
    fields = posted(request)
    if fields is None:
        return HttpResponse("Not a message.\n", status=400, content_type="text/plain")
    receive_message(GatewayMessage.Source.IPN, fields)
    return HttpResponse("OK\n", content_type="text/plain")


def posted(request: HttpRequest) -> dict[str, str] | None:
    """The fields of a small urlencoded form, the last of each name; None for anything else."""
    length = request.headers.get("Content-Length", "")
    if request.content_type != "application/x-www-form-urlencoded" or not length.isdecimal():
        return None
    return request.POST.dict() if int(length) <= MOST_BYTES else None
