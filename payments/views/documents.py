"""What one has paid, the papers of it, and the page where anybody verifies one."""

from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.codes import look_up, no_such_paper
from config.rates import asks_too_often, too_often
from payments.models import CODE_ALPHABET, CODE_LENGTH, Charge, Document
from payments.papers import document_paper

PAGE_SIZE = 20
VERIFY = "payments/verify.html"
# Letters that are taken for digits when a code is read aloud or typed.
ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1"})


@never_cache
@login_required
@require_safe
def own(request: HttpRequest) -> HttpResponse:
    """All that the user paid, newest first, with its receipts and what went back."""
    page = Paginator(Charge.objects.visible_to(request.user).for_list(), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "payments/own.html", {"page": page})


@never_cache
@login_required
@require_safe
def document(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A receipt or refund note as a PDF, to the payer."""
    found = get_object_or_404(Document.objects.visible_to(request.user).for_page(), pk=pk)
    answer = HttpResponse(document_paper(found), content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{found.number}.pdf"'
    return answer


def read_code(typed: str) -> str | None:
    """The code as it was given out, from what somebody typed: case, spaces and dashes do not matter."""
    code = "".join(typed.split()).replace("-", "").upper().translate(ALIKE)
    return code if len(code) == CODE_LENGTH and set(code) <= set(CODE_ALPHABET) else None


@never_cache
@require_safe
def verify(request: HttpRequest) -> HttpResponse:
    """Where a code is typed."""
    return look_up(request, read_code, template=VERIFY, leads_to="payments:verified")


@never_cache
@require_safe
def verified(request: HttpRequest, code: str) -> HttpResponse:
    """What the document with this code says, and what became of the money: no names, and not what it was for."""
    if asks_too_often(request, "receipts", a_minute=settings.VERIFICATIONS_A_MINUTE):
        return too_often(request)
    read = read_code(code)
    found = Document.objects.for_page().filter(code=read).first() if read else None
    if found is None:
        return no_such_paper(request, code, template=VERIFY)
    return render(request, "payments/verified.html", {"document": found, "refunded": found.charge.refunded})
