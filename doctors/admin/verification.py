"""The queue of doctors who want to be verified, and the page on which an administrator decides."""

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from unfold.decorators import display

from config.admin import PortalModelAdmin, Unchangeable
from config.errors import DomainError
from doctors import services
from doctors.errors import OwnVerification, VerificationChanged
from doctors.forms.review import APPROVE, ASK, REJECT, TICK, ReviewForm
from doctors.models import ChecklistItem, Doctor, Verification, VerificationStatus

QUEUE = "admin:doctors_verification_changelist"
MOST_PAGES = 6


class TurnFilter(admin.SimpleListFilter):
    """Whose turn it is: first of all ours."""

    title = _("turn")
    parameter_name = "turn"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("doctor", _("The doctor’s turn")), ("done", _("Decided")), ("all", _("All"))]

    def choices(self, changelist: Any) -> Any:
        """As Django's, but what is shown unless asked otherwise is our turn, and not everything."""
        first, *others = super().choices(changelist)
        yield first | {"display": _("Our turn")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Verification]) -> QuerySet[Verification]:
        pending, asked = VerificationStatus.PENDING, VerificationStatus.MORE_ASKED
        match self.value():
            case "all":
                return queryset
            case "doctor":
                return queryset.filter(status=asked)
            case "done":
                return queryset.exclude(status__in=[pending, asked])
            case _:
                return queryset.filter(status=pending)


@admin.register(Verification)
class VerificationAdmin(Unchangeable, PortalModelAdmin):
    """Oldest first. A row leads to the page with the paper beside the checklist."""

    list_display = ["name", "registration_number", "purpose", "state", "waits", "email"]
    list_filter = [TurnFilter, "purpose"]
    list_per_page = 50
    search_fields = ["name", "name_bn", "registration_number", "doctor__user__email"]
    search_help_text = _("A name in either script, a registration number or an e-mail address.")
    ordering = ["sent_at", "pk"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Verification]:
        return super().get_queryset(request).select_related("doctor__user")

    @display(
        description=_("status"),
        ordering="status",
        label={"pending": "info", "more_asked": "warning", "approved": "success", "rejected": "danger"},
    )
    def state(self, verification: Verification) -> tuple[str, str]:
        return verification.status, verification.get_status_display()

    @admin.display(description=_("waits"), ordering="sent_at")
    def waits(self, verification: Verification) -> str:
        """For how long it has been our turn, or when it was decided."""
        if verification.status == VerificationStatus.PENDING:
            return timesince(verification.sent_at)
        moment = verification.decided_at or verification.sent_at
        return f"{timezone.localtime(moment):%Y-%m-%d}"

    @admin.display(description=_("e-mail address"), ordering="doctor__user__email")
    def email(self, verification: Verification) -> str:
        return verification.doctor.user.email

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("doctors.decide_verification"))

    def get_urls(self) -> list[URLPattern]:
        own = [
            path("<int:pk>/document/", self.document, name="doctors_verification_document"),
            path("<int:pk>/document/<int:number>/", self.document_page, name="doctors_verification_page"),
        ]
        wrapped = [
            path(str(each.pattern), self.admin_site.admin_view(each.callback), name=each.name)  # type: ignore[arg-type]
            for each in own
        ]
        return [*wrapped, *super().get_urls()]

    # The page of one -----------------------------------------------------------------------------------------

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """What was sent, beside the paper and the checklist; the buttons below decide."""
        verification = self._shown(request, unquote(object_id))
        if request.method != "POST":
            return self._page(request, verification, self._fresh_form(verification))
        if not self.has_decide_permission(request):
            raise PermissionDenied
        form = ReviewForm(request.POST)
        if not form.is_valid():
            return self._page(request, verification, form, status=422)
        try:
            done = decide(verification, form, by=request.user)
        except VerificationChanged as refusal:
            messages.error(request, str(refusal.message))
            return redirect(request.path)
        except OwnVerification:
            raise
        except DomainError as refusal:
            form.add_error(None, str(refusal.message))
            return self._page(request, verification, form, status=refusal.status)
        self.log_change(request, verification, done)
        messages.success(request, f"{verification}: {DONE[done]}")
        return redirect(request.path if done == TICK else QUEUE)

    def _shown(self, request: HttpRequest, pk: object) -> Verification:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if not str(pk).isdigit():
            raise Http404
        return get_object_or_404(Verification.objects.for_review(), pk=pk)

    def _fresh_form(self, verification: Verification) -> ReviewForm:
        ticked = services.ticked(verification)
        return ReviewForm(initial={"revision": verification.revision, "items": list(ticked)})

    def _page(
        self, request: HttpRequest, verification: Verification, form: ReviewForm, *, status: int = 200
    ) -> HttpResponse:
        doctor = verification.doctor
        chosen = set(form["items"].value() or [])
        ticked = services.ticked(verification)
        certificate = verification.certificate
        context = self.admin_site.each_context(request) | {
            "title": str(verification),
            "opts": self.opts,
            "verification": verification,
            "doctor": doctor,
            "form": form,
            "checklist": [(item, item in chosen, ticked.get(item)) for item in ChecklistItem],
            "may_decide": self.has_decide_permission(request)
            and verification.status == VerificationStatus.PENDING
            and doctor.user_id != request.user.pk,
            "is_own": doctor.user_id == request.user.pk,
            "pages": range(1, min(certificate.pages, MOST_PAGES) + 1),
            "more_pages": max(0, certificate.pages - MOST_PAGES),
            "namesakes": namesakes(verification),
            "register_url": settings.REGISTER_URL,
        }
        return TemplateResponse(request, "admin/doctors/verification/review.html", context, status=status)

    # Its paper -----------------------------------------------------------------------------------------------

    @method_decorator([never_cache, require_safe])
    def document(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """To the certificate, by an address that is good for a minute."""
        return redirect(services.open_certificate(self._shown(request, pk), by=request.user))

    @method_decorator([never_cache, require_safe])
    def document_page(self, request: HttpRequest, pk: int, number: int) -> HttpResponseBase:
        """A page of a certificate that is a PDF, as a picture: the PDF itself is never opened in our pages."""
        verification = self._shown(request, pk)
        if verification.certificate.is_picture or not 0 < number <= min(verification.certificate.pages, MOST_PAGES):
            raise Http404
        drawn = services.draw_certificate(verification, number, by=request.user)
        return HttpResponse(drawn, content_type="image/webp", headers={"X-Content-Type-Options": "nosniff"})


DONE = {
    TICK: _("the ticks are kept."),
    APPROVE: _("approved. The doctor is told."),
    ASK: _("more is asked. The doctor is told."),
    REJECT: _("rejected. The doctor is told."),
}


def decide(verification: Verification, form: ReviewForm, *, by: Any) -> str:
    """Keep the ticks, and do what the button says; answers which. Raises what the services raise."""
    data = form.cleaned_data
    if data["revision"] != verification.revision:
        raise VerificationChanged
    services.tick_items(verification, [ChecklistItem(item) for item in data["items"]], by=by)
    match data["action"]:
        case "approve":
            services.approve_verification(verification, by=by)
        case "ask":
            services.ask_more(verification, words=data["words"], by=by)
        case "reject":
            services.reject_verification(verification, words=data["words"], by=by)
    return str(data["action"])


def namesakes(verification: Verification) -> list[Doctor]:
    """Others of this very name, or who had this number before: worth a look before somebody is approved."""
    same = Q(name__iexact=verification.name) | Q(registration_number=verification.registration_number)
    return list(Doctor.objects.filter(same).exclude(pk=verification.doctor_id).select_related("user")[:5])
