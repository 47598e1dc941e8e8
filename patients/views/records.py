"""Records: the list, adding documents, looking at one, changing it and letting it go."""

from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Action
from config.files import page_of_pdf, private_url
from config.http import require, respond
from config.templatetags.portal import digits
from patients import rules, services
from patients.errors import QuotaFull
from patients.forms import AddRecordsForm, ChangeRecordForm, RecordsFilterForm, one_by_one
from patients.models import EmergencyAccess, MedicalRecord, Patient, RecordKind

PAGE_SIZE = 20
# A document's pages are asked for one by one, as they come into view, after its reading was written down.
PAGES_OPEN = 15 * 60
SALT = "patients.record.pages"


def own(request: HttpRequest, pk: UUID) -> MedicalRecord:
    """A record of the user's own or of somebody whom the user acts for."""
    return get_object_or_404(MedicalRecord.objects.kept_by(request.user).for_detail(), pk=pk)


@never_cache
@login_required
@require_safe
def records(request: HttpRequest) -> HttpResponse:
    """One's own records and those of whom one acts for, by person and by kind."""
    wanted = RecordsFilterForm(request.GET)
    wanted.is_valid()
    chosen = wanted.chosen()
    people = list(Patient.objects.acted_for_by(request.user).order_by("created_at"))
    kept = MedicalRecord.objects.filter(patient__in=[person.pk for person in people])
    rows = kept.filter(**{{"person": "patient", "kind": "kind"}[name]: value for name, value in chosen.items()})
    page = Paginator(rows.for_list(), PAGE_SIZE).get_page(request.GET.get("page"))
    page.object_list = list(page.object_list)
    services.note_listed(page.object_list, by=request.user)
    return respond(
        request,
        "patients/records/list.html",
        partial="rows",
        page=page,
        people=people,
        person=chosen.get("person"),
        kind=chosen.get("kind", ""),
        kinds=RecordKind.choices,
    )


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def add_records(request: HttpRequest) -> HttpResponse:
    """Hand in documents, several at once; to a script, which sends them one by one, the answer is JSON."""
    posted = request.method == "POST"
    form = AddRecordsForm(request.user, request.POST if posted else None, request.FILES if posted else None)
    require(bool(form.patients) or rules.is_treated(request.user, None))
    if posted and form.is_valid():
        _keep(request, form)
        if not form.errors:
            onward = reverse("patients:records")
            return JsonResponse({"next": onward}) if _is_script(request) else redirect(onward)
    status = 422 if form.errors else 200
    if _is_script(request):
        return JsonResponse({"errors": form.errors}, status=status)
    return render(request, "patients/records/add.html", {"form": form, "room": _room(form)}, status=status)


def _is_script(request: HttpRequest) -> bool:
    return request.headers.get("Accept") == "application/json"


def _keep(request: HttpRequest, form: AddRecordsForm) -> None:
    """Keep what was handed in, file by file; what no longer fits is said beside the field."""
    patient = form.whose or services.own_patient(request.user)
    new = again = 0
    for name, file in one_by_one(form.cleaned_data["files"]):
        about = form.about(name=name)
        try:
            _record, is_new = services.add_record(patient, file, about, original_name=name, by=request.user)
        except QuotaFull as refusal:
            form.add_error("files", f"{name}: {refusal.message}")
        else:
            new, again = new + is_new, again + (not is_new)
    if _is_script(request):
        # It has said so of each beside its name.
        if "last" in request.POST and not form.errors:
            messages.success(request, _("Your documents are kept."))
        return
    if new:
        words = ngettext("%(count)d document is kept.", "%(count)d documents are kept.", new)
        messages.success(request, digits(words % {"count": new}))
    if again:
        words = ngettext("%(count)d document was there already.", "%(count)d documents were there already.", again)
        messages.info(request, digits(words % {"count": again}))


def _room(form: AddRecordsForm) -> dict[str, int]:
    """How much of their room the people's records take: the fullest of them, for that is whose turn it is to tidy."""
    used = max((MedicalRecord.objects.filter(patient=each).size() for each in form.patients.values()), default=0)
    return {"used": used, "most": services.quota()}


# One record ------------------------------------------------------------------------------------------------------


@never_cache
@login_required
@require_safe
def record(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A document in the page, to whoever may read it, after that is on the trail."""
    record = _read(request, pk, Action.READ)
    keeps = rules.acts_for(request.user, record.patient_id)
    context = {"record": record, "keeps": keeps, "shown": _pages(request, record)}
    if record.is_picture:
        context["picture"] = private_url(record.file, filename=_file_name(record), reader=request.user, inline=True)
    if keeps:
        context["grants"] = record.grants.live().for_list().order_by("expires_at")
    else:
        context["opened"] = EmergencyAccess.objects.live(request.user).filter(patient=record.patient_id).first()
    response = render(request, "patients/records/record.html", context)
    return _with_pictures_from(response, context.get("picture", ""))


def _read(request: HttpRequest, pk: UUID, action: Action) -> MedicalRecord:
    """The record, once it is written down that this user reads it; not found to whom it is not for."""
    record = get_object_or_404(MedicalRecord.objects.readable_by(request.user).for_detail(), pk=pk)
    if not services.note_read(record, by=request.user, action=action):
        raise Http404
    return record


def _pages(request: HttpRequest, record: MedicalRecord) -> list[str]:
    """The addresses of a PDF's pages as pictures, for this reader and for as long as somebody reads."""
    if record.is_picture:
        return []
    seen = signing.dumps([str(record.pk), request.user.pk], salt=SALT)
    return [
        f"{reverse('patients:record_page', args=[record.pk, number])}?seen={seen}"
        for number in range(1, record.pages + 1)
    ]


def _file_name(record: MedicalRecord) -> str:
    """What a download is called: as it was when it came."""
    return record.original_name


def _with_pictures_from(response: HttpResponse, address: str) -> HttpResponse:
    """Let this one page show a picture that lies with a storage of others, and no other page."""
    parts = urlsplit(address)
    if parts.netloc:
        policy = settings.SECURE_CSP
        response._csp_config = policy | {"img-src": [*policy["img-src"], f"{parts.scheme}://{parts.netloc}"]}
    return response


@never_cache
@login_required
@require_safe
def record_page(request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
    """A page of a PDF as a picture. The PDF itself is never opened in the portal's own pages.

    `seen` stands for the line on the trail: only the page of the record gives it out, and to its reader alone. What
    allows the reading is asked for anew at every page.
    """
    try:
        seen = signing.loads(request.GET.get("seen", ""), salt=SALT, max_age=PAGES_OPEN)
    except signing.BadSignature:
        raise Http404 from None
    record = get_object_or_404(MedicalRecord.objects.readable_by(request.user), pk=pk)
    if seen != [str(record.pk), request.user.pk] or record.is_picture or not 0 < number <= record.pages:
        raise Http404
    return HttpResponse(page_of_pdf(record.file, number), content_type="image/webp")


@never_cache
@login_required
@require_safe
def download_record(request: HttpRequest, pk: UUID) -> HttpResponse:
    """To the file itself, for a minute, once that is on the trail."""
    record = _read(request, pk, Action.DOWNLOADED)
    return redirect(private_url(record.file, filename=_file_name(record), reader=request.user))


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def change_record(request: HttpRequest, pk: UUID) -> HttpResponse:
    record = own(request, pk)
    form = ChangeRecordForm(record, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        services.change_record(record, form.about(name=record.original_name), by=request.user)
        messages.success(request, _("Saved."))
        return redirect(record)
    context = {"record": record, "form": form}
    return render(request, "patients/records/change.html", context, status=422 if form.errors else 200)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def remove_record(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Asks once more, and says who can no longer read it."""
    record = own(request, pk)
    if request.method == "POST":
        services.remove_record(record, by=request.user)
        messages.success(request, _("The document is removed."))
        return redirect("patients:records")
    return render(request, "patients/records/remove.html", {"record": record})
