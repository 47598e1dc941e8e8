"""Where browsers report what the content policy kept out: a line in the log each, without what was on the page."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from config.rates import asks_too_often, is_too_often

log = structlog.get_logger()

LARGEST = 16 * 1024
KINDS = frozenset({"application/csp-report", "application/reports+json", "application/json"})
A_MINUTE = 20
OF_ALL = 300
AT_ONCE = 10
DIRECTIVE = re.compile(r"[a-z-]{3,40}")
KEYWORDS = frozenset({"inline", "eval", "wasm-eval", "trusted-types-policy", "trusted-types-sink", "self"})


@csrf_exempt
@require_POST
def csp_report(request: HttpRequest) -> HttpResponse:
    """Anybody may send one: it is small, counted and never quoted. Sources and directives are written down."""
    if request.content_type not in KINDS:
        return HttpResponse(status=415)
    length = str(request.META.get("CONTENT_LENGTH") or "")
    if not (length.isdecimal() and 0 < int(length) <= LARGEST):
        return HttpResponse(status=413)
    if asks_too_often(request, "csp-reports", a_minute=A_MINUTE) or is_too_often("csp-reports:all", OF_ALL):
        return HttpResponse(status=429)
    try:
        sent = json.loads(request.body)
    except (ValueError, RecursionError):
        return HttpResponse(status=400)
    for facts in list(violations(sent))[:AT_ONCE]:
        log.warning("csp_violation", **facts)
    return HttpResponse(status=204)


def violations(sent: Any) -> Iterator[dict[str, str]]:
    """Of either format: the one report of `report-uri`, the list of `report-to`."""
    if isinstance(sent, dict):
        body = sent.get("csp-report")
        if isinstance(body, dict):
            directive = body.get("effective-directive") or body.get("violated-directive")
            yield facts_of(body.get("document-uri"), directive, body.get("blocked-uri"))
    elif isinstance(sent, list):
        for report in sent:
            body = report.get("body") if isinstance(report, dict) and report.get("type") == "csp-violation" else None
            if isinstance(body, dict):
                yield facts_of(body.get("documentURL"), body.get("effectiveDirective"), body.get("blockedURL"))


def facts_of(page: Any, directive: Any, blocked: Any) -> dict[str, str]:
    word = str(directive or "").partition(" ")[0]
    return {
        "page": page_of(str(page or "")),
        "directive": word if DIRECTIVE.fullmatch(word) else "",
        "blocked": source_of(str(blocked or "")),
    }


def page_of(address: str) -> str:
    """The path of a page of ours: its query may name a symptom."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return parts.path[:200] if f"{parts.scheme}://{parts.netloc}" == settings.SITE_ORIGIN else ""


def source_of(address: str) -> str:
    """Whence something was to come: a keyword, or scheme and host, never the rest of an address."""
    if address in KEYWORDS:
        return address
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.hostname}"[:200] if parts.hostname else parts.scheme[:20]
