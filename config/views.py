"""Pages that draw on every room: the homes, one's account, the theme."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Role
from config.found import PORTAL, Found
from config.homes import patient_home
from config.http import THEMES, next_path
from doctors.views.finding import public_home
from patients.models import FactKind, Guardianship, Invitation, Patient
from patients.rules import is_treated
from patients.services import silences


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Where a person begins: visitors and patients with a search, doctors with their day, admins in the admin."""
    if not request.user.is_authenticated:
        return public_home(request, found=found_home())
    if request.user.role == Role.ADMIN and request.user.is_staff:
        return redirect("admin:index")
    if request.user.role == Role.DOCTOR:
        return redirect("practice_home")
    return patient_home(request)


def found_home() -> Found:
    return Found(
        title=gettext("Find a doctor, book online"),
        description=str(PORTAL),
        path=reverse("home"),
    )


@never_cache
@login_required
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """Everything of one's own from one page: who one is, one's family, and the ways to what allauth keeps."""
    patient = Patient.objects.filter(user=request.user).first()
    bonds = list(Guardianship.objects.family_of(request.user))
    over_me = list(Guardianship.objects.over(patient)) if patient else []
    acting = {bond.guardian_id for bond in over_me if bond.is_current}
    context = {
        "patient": patient,
        "silences": silences([patient.pk])[patient.pk] if patient else list(FactKind),
        "is_treated": is_treated(request.user, patient),
        "family": [bond for bond in bonds if bond.is_current],
        "outgrown": [bond for bond in bonds if not bond.is_current],
        "guardians": [bond for bond in over_me if bond.is_current],
        "renewable": [bond for bond in over_me if not bond.is_current and bond.guardian_id not in acting],
        "offers": Invitation.objects.open().filter(invited_by=request.user).select_related("patient").order_by("pk"),
    }
    return render(request, "account/home.html", context)


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Light, dark, or as the system has it; kept in a cookie for a year."""
    response = redirect(next_path(request, otherwise="home"))
    chosen = request.POST.get("theme")
    if chosen in THEMES:
        response.set_cookie(
            settings.THEME_COOKIE_NAME,
            chosen,
            max_age=365 * 24 * 3600,
            secure=settings.HTTPS,
            httponly=True,
            samesite="Lax",
        )
    else:
        response.delete_cookie(settings.THEME_COOKIE_NAME, samesite="Lax")
    return response


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Change the language of the pages; for a signed-in person also that of mails, for good."""
    chosen = request.POST.get("language")
    response = redirect(next_path(request, otherwise="home"))
    if chosen not in dict(settings.LANGUAGES):
        return response
    if request.user.is_authenticated and request.user.language != chosen:
        request.user.language = chosen
        request.user.save(update_fields=["language"])
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        chosen,
        max_age=365 * 24 * 3600,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "errors/csrf.html", status=403)


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """What a limit answers, on the pages of signing in."""
    response = render(request, "errors/429.html", status=429)
    response["Retry-After"] = "300"
    return response
