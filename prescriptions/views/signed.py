"""What was signed: for its doctor, the patient’s side, who treats the patient; and the page where anybody verifies."""

from enum import StrEnum
from typing import Any
from uuid import UUID

import segno
import structlog
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Action, Ground, User
from config.codes import look_up, no_such_paper
from config.http import require
from config.rates import asks_too_often, too_often
from patients.models import today
from prescriptions import rules, services, words
from prescriptions.dosage import parse, unit_of
from prescriptions.forms import VoidForm
from prescriptions.models import (
    Food,
    OfferedService,
    Prescription,
    PrescriptionStatus,
    ServiceKind,
    SignedPrescription,
    SigningKey,
)
from prescriptions.paper import paper
from prescriptions.signing import public_pem, read_code, spaced
from prescriptions.views.composer import draft_of, own_visit

log = structlog.get_logger()

VERIFY = "prescriptions/verify.html"


class Standing(StrEnum):
    """What a pharmacist is told."""

    GENUINE = "genuine"
    SUPERSEDED = "superseded"
    VOID = "void"
    EXPIRED = "expired"
    BROKEN = "broken"


def standing_of(signed: SignedPrescription) -> Standing:
    """Takes what `for_page` takes along."""
    if not services.is_untouched(signed):
        log.error("signed_row_not_genuine", signed=str(signed.pk))
        return Standing.BROKEN
    status = signed.prescription.status
    if status == PrescriptionStatus.VOID:
        return Standing.VOID
    if status == PrescriptionStatus.SUPERSEDED:
        return Standing.SUPERSEDED
    return Standing.EXPIRED if signed.expires_on < today() else Standing.GENUINE


def lines_of(document: dict[str, Any]) -> list[dict[str, str]]:
    """The medicines as they are read, in the active language."""
    lines = []
    for item in document["items"]:
        dose, unit = parse(item["dose"]), unit_of(item["form"])
        parts = [words.dose_in_words(dose, unit), str(Food(item["food"]).label) if item["food"] else ""]
        parts.append(words.in_days(item["days"]) if item["days"] and dose.kind != "once" else "")
        parts.append(words.handed_out_text(item["quantity"], unit) if item["quantity"] else "")
        lines.append(
            {
                "name": item["name"],
                "generic": item["generic"],
                "dose": item["dose"],
                "how": ", ".join(filter(None, parts)),
                "note": item["note"],
            }
        )
    return lines


def facts_of(signed: SignedPrescription) -> dict[str, Any]:
    """For its pages. One that is not what was signed is not read: there may be anything in it."""
    standing = standing_of(signed)
    document = signed.facts if standing != Standing.BROKEN else None
    return {
        "signed": signed,
        "document": document,
        "lines": lines_of(document) if document else [],
        "standing": standing,
        "code": spaced(signed.code),
        "newer": getattr(getattr(signed.prescription, "replaced_by", None), "signed", None),
        "expires_on": signed.expires_on,
    }


def repeat_of(signed: SignedPrescription, user: User) -> OfferedService | None:
    """By which service the user can order it once more of its doctor, if it counts still."""
    if signed.prescription.status != PrescriptionStatus.SIGNED:
        return None
    visit = signed.prescription.appointment
    offers = OfferedService.objects.to_order_for(visit.patient, user)
    return offers.filter(doctor=visit.doctor_id, service=ServiceKind.REPEAT).first()


def address_of(signed: SignedPrescription) -> str:
    """Where anybody verifies it: what the QR code says."""
    return settings.SITE_ORIGIN + reverse("prescriptions:verified", args=[signed.code])


@login_required
@require_POST
def sign(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Freeze the visit's draft. What is in the way is said on the page that looks it through."""
    visit = own_visit(request, pk)
    draft = draft_of(visit)
    if draft is None:
        raise Http404
    signed = services.sign_draft(draft, by=request.user)
    messages.success(request, _("The prescription is signed."))
    return redirect("prescriptions:signed", signed.prescription_id)


@never_cache
@login_required
@require_safe
def signed(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A signed prescription, to whoever may read it; that somebody does is written down first."""
    found = get_object_or_404(SignedPrescription.objects.for_page(), prescription=pk)
    visit = found.prescription.appointment
    reading = services.read_signed(found, by=request.user)
    if reading is None:
        raise Http404
    code = segno.make(address_of(found), error="m", micro=False)
    context = facts_of(found) | {
        "is_doctor": rules.is_practising_doctor_of(request.user, visit),
        "is_lent": reading.ground == Ground.SHARE,
        "repeat": repeat_of(found, request.user) if reading.ground in (Ground.SELF, Ground.GUARDIAN) else None,
        "visit": visit,
        "qr": mark_safe(code.svg_inline(border=2, omitsize=True, svgclass="rx-qr", lineclass=None)),
        "void_form": VoidForm(),
    }
    return render(request, "prescriptions/signed.html", context)


@never_cache
@login_required
@require_safe
def paper_of(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A signed prescription as a PDF, in its own language; one that counts no more is not given out on paper."""
    found = get_object_or_404(SignedPrescription.objects.for_page(), prescription=pk)
    counts = standing_of(found) in (Standing.GENUINE, Standing.EXPIRED)
    if not counts or services.read_signed(found, by=request.user, action=Action.DOWNLOADED) is None:
        raise Http404
    document = found.facts
    with translation.override(document["language"]):
        content = paper(document, lines_of(document), address=address_of(found), code=spaced(found.code))
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = 'attachment; filename="prescription.pdf"'
    return answer


def _own_signed(request: HttpRequest, pk: UUID) -> Prescription:
    found = get_object_or_404(
        Prescription.objects.select_related("appointment__doctor").exclude(status=PrescriptionStatus.DRAFT), pk=pk
    )
    reading = rules.reading_of_prescription(request.user, found.appointment)
    if reading is None:
        raise Http404
    require(rules.is_practising_doctor_of(request.user, found.appointment))
    return found


@login_required
@require_POST
def amend(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Begin the one that takes its place."""
    draft = services.amend_prescription(_own_signed(request, pk), by=request.user)
    return redirect("prescriptions:compose", draft.appointment_id)


@login_required
@require_POST
def void(request: HttpRequest, pk: UUID) -> HttpResponse:
    prescription = _own_signed(request, pk)
    form = VoidForm(request.POST)
    if form.is_valid():
        services.void_prescription(prescription, reason=form.cleaned_data["reason"], by=request.user)
        messages.success(request, _("The prescription is void: no pharmacy hands out on it any more."))
    else:
        messages.error(request, _("Please say why it is void."))
    return redirect("prescriptions:signed", prescription.pk)


# For anybody ---------------------------------------------------------------------------------------------------------


@never_cache
@require_safe
def verify(request: HttpRequest) -> HttpResponse:
    """Where a code is typed."""
    return look_up(request, read_code, template=VERIFY, leads_to="prescriptions:verified")


@never_cache
@require_http_methods(["GET", "HEAD"])
def verified(request: HttpRequest, code: str) -> HttpResponse:
    """What a pharmacist needs to know of the prescription that has this code, and no more."""
    if asks_too_often(request, "verifications", a_minute=settings.VERIFICATIONS_A_MINUTE):
        return too_often(request)
    read = read_code(code)
    found = SignedPrescription.objects.for_page().filter(code=read).first() if read else None
    if found is None:
        return no_such_paper(request, code, template=VERIFY)
    return render(request, "prescriptions/verified.html", facts_of(found))


@require_safe
def public_key(request: HttpRequest, kid: str) -> HttpResponse:
    """The public half of a key, as other tools read it: a signed document names its key. It never changes."""
    key = get_object_or_404(SigningKey, kid=kid)
    answer = HttpResponse(public_pem(key.public), content_type="application/x-pem-file")
    answer["Cache-Control"] = "public, max-age=86400"
    return answer
