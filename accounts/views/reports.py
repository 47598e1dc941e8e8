"""What providers of text messages report, and what browsers run for push messages."""

from functools import lru_cache

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from accounts.errors import ReportRefused
from accounts.services import take_report
from accounts.sms import Forged, provider

log = structlog.get_logger()


@csrf_exempt
@require_POST
def sms_report(request: HttpRequest, token: str) -> HttpResponse:
    """A provider's report of one message: 403 unless the provider signed it, 409 for what was reported before."""
    ours = provider()
    try:
        if ours is None:
            raise Forged
        report = ours.read_report(request)
    except (Forged, UnicodeDecodeError):
        log.warning("sms_report_forged")
        return HttpResponse(status=403)
    try:
        take_report(token, report)
    except ReportRefused as refusal:
        return HttpResponse(status=refusal.status)
    return HttpResponse(status=204)


@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """At the root, for a worker sees no pages above its own address; never from a cache, so that a new one is found."""
    response = HttpResponse(worker_source(), content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    return response


@lru_cache(maxsize=1)
def worker_source() -> bytes:
    return (settings.BASE_DIR / "static/js/worker/service-worker.js").read_bytes()
