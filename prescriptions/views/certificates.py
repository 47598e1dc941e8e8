"""Medical certificates: on paper for the patient's side and the doctor, and the page where anybody verifies one."""

from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Action
from config.codes import look_up, no_such_paper
from config.rates import asks_too_often, too_often
from prescriptions import services
from prescriptions.models import Attests, Certificate, OrderStatus
from prescriptions.paper import certificate_paper
from prescriptions.signing import read_code, spaced

log = structlog.get_logger()

VERIFY = "prescriptions/certificates/verify.html"


class Standing(StrEnum):
    """What somebody is told who was given one."""

    GENUINE = "genuine"
    WITHDRAWN = "withdrawn"
    BROKEN = "broken"


def standing_of(certificate: Certificate) -> Standing:
    """Takes the key and the order along."""
    if not services.is_unchanged(certificate):
        log.error("certificate_not_genuine", certificate=str(certificate.pk))
        return Standing.BROKEN
    return Standing.GENUINE if certificate.order.status == OrderStatus.FULFILLED else Standing.WITHDRAWN


def facts_of(certificate: Certificate) -> dict[str, Any]:
    """For its pages. One that is not what was signed is not read: there may be anything in it."""
    standing = standing_of(certificate)
    document = certificate.facts if standing != Standing.BROKEN else None
    facts: dict[str, Any] = {
        "certificate": certificate,
        "document": document,
        "standing": standing,
        "code": spaced(certificate.code),
    }
    if document is not None:
        facts |= {
            "attests": Attests(document["attests"]).label,
            "first": date.fromisoformat(document["first"]),
            "last": date.fromisoformat(document["last"]),
        }
    return facts


@never_cache
@login_required
@require_safe
def paper_of(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A certificate as a PDF, as long as it counts; that somebody takes it is written down first."""
    found = get_object_or_404(Certificate.objects.for_page(), order=pk)
    if standing_of(found) != Standing.GENUINE:
        raise Http404
    if services.read_order(found.order, by=request.user, action=Action.DOWNLOADED) is None:
        raise Http404
    address = settings.SITE_ORIGIN + reverse("prescriptions:certificate", args=[found.code])
    with translation.override(found.facts["language"]):
        content = certificate_paper(found.facts, address=address, code=spaced(found.code))
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = 'attachment; filename="certificate.pdf"'
    return answer


@never_cache
@require_safe
def verify(request: HttpRequest) -> HttpResponse:
    """Where a code is typed."""
    return look_up(request, read_code, template=VERIFY, leads_to="prescriptions:certificate")


@never_cache
@require_http_methods(["GET", "HEAD"])
def verified(request: HttpRequest, code: str) -> HttpResponse:
    """What an employer or a school needs to know of the certificate that has this code, and no more."""
    if asks_too_often(request, "certificates", a_minute=settings.VERIFICATIONS_A_MINUTE):
        return too_often(request)
    read = read_code(code)
    found = Certificate.objects.for_page().filter(code=read).first() if read else None
    if found is None:
        return no_such_paper(request, code, template=VERIFY)
    return render(request, "prescriptions/certificates/verified.html", facts_of(found))
