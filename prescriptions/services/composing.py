"""Composing: a draft is saved as it is typed; templates and earlier prescriptions begin it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Action, Ground, User
from accounts.trail import write_trail
from appointments.models import Appointment
from config.db import constraint_name
from prescriptions.dosage import BadDose, Dose, parse
from prescriptions.errors import DraftChanged, NothingBefore, TemplateNamed, TooManyItems, VisitClosed
from prescriptions.models import Item, Override, Prescription, PrescriptionStatus, Product, Template, TemplateItem
from prescriptions.models.prescriptions import COPIED, MOST_ITEMS
from prescriptions.rules import HAPPENS
from prescriptions.safety import Finding, Report
from prescriptions.search import find_products
from prescriptions.services.checking import Asked, Said, check_medicines

type Row = Mapping[str, Any]


@transaction.atomic
def save_draft(visit: Appointment, facts: Row, rows: Sequence[Row], *, seen: int, tab: UUID, by: User) -> Prescription:
    """Put these facts and medicines into the visit's draft, if `seen` is the version that stands there.

    What was typed and not chosen is the medicine that is called just so, if there is one. The first save stands in the
    trail. Locks the draft. Raises VisitClosed, TooManyItems, and DraftChanged unless the last save came from the same
    tab, whose answer was lost on the way.
    """
    if visit.status not in HAPPENS:
        raise VisitClosed
    if len(rows) > MOST_ITEMS:
        raise TooManyItems
    draft = _locked(visit)
    if draft is None:
        draft = _begun(visit, facts, tab=tab, by=by)
    elif seen != draft.version and not (draft.tab == tab and seen == draft.version - 1):
        raise DraftChanged
    else:
        for name, value in facts.items():
            setattr(draft, name, value)
        draft.version, draft.tab, draft.saved_at = draft.version + 1, tab, timezone.now()
        draft.save()
    _write_items(draft, rows)
    return draft


def _locked(visit: Appointment) -> Prescription | None:
    drafts = Prescription.objects.drafts().filter(appointment=visit)
    return drafts.select_for_update(no_key=True).first()


def _begun(visit: Appointment, facts: Row, *, tab: UUID, by: User) -> Prescription:
    """The visit's draft, new. Raises DraftChanged if another save was faster."""
    try:
        with transaction.atomic():
            draft = Prescription.objects.create(appointment=visit, tab=tab, saved_at=timezone.now(), **facts)
    except IntegrityError as error:
        if constraint_name(error) != "draft_not_twice_for_a_visit":
            raise
        raise DraftChanged from error
    write_trail(Action.ADDED, by=by, about=draft, subject=visit.patient_id, ground=Ground.CARE, ground_id=visit.pk)
    return draft


def _write_items(draft: Prescription, rows: Sequence[Row]) -> None:
    products = Product.objects.for_composer().in_bulk([row["product"] for row in rows if row["product"]])
    items = []
    for position, row in enumerate(rows):
        product = products.get(row["product"])
        if product is None or str(product).casefold() != row["written"].casefold():
            product = _called(row["written"])
        own = {name: row[name] for name in ("dose", "food", "days", "note")}
        written = "" if product else row["written"]
        items.append(Item(prescription=draft, position=position, product=product, written=written, **own))
    draft.items.all().delete()
    Item.objects.bulk_create(items)


def _called(written: str) -> Product | None:
    """The one medicine that is called just so."""
    found = [product for product in find_products(written) if str(product).casefold() == written.casefold()]
    return found[0] if len(found) == 1 else None


def check_draft(draft: Prescription, *, by: User) -> Report:
    """What is known against the draft for its patient. Takes the draft as `for_composer` has it."""
    asked = [Asked(item.position, item.product, dose_of(item), item.written) for item in draft.items.all()]
    said = Said(draft.weight_kg, draft.is_pregnant, draft.is_breastfeeding)
    visit = draft.appointment
    reason = {"ground": Ground.CARE, "ground_id": visit.pk}
    return check_medicines(asked, visit.patient, said, by=by, in_place_of=draft.replaces_id, **reason)


def dose_of(item: Item | TemplateItem) -> Dose | None:
    """The dose of a row, None while it is not understood."""
    try:
        return parse(item.dose)
    except BadDose:
        return None


@transaction.atomic
def give_reasons(draft: Prescription, findings: Sequence[Finding], reasons: Mapping[str, str], *, by: User) -> None:
    """Keep why the doctor goes on in spite of these warnings; what is no warning any more needs no reason.

    Each new reason stands in the trail, by the warning's code alone. Locks the draft. Raises DraftChanged if it was
    saved since `draft` was read: the warnings may be others.
    """
    visit = draft.appointment
    now = _locked(visit)
    if now is None or now.pk != draft.pk or now.version != draft.version:
        raise DraftChanged
    there = dict(Override.objects.filter(prescription=now).values_list("key", "reason"))
    Override.objects.filter(prescription=now).exclude(key__in=[each.key for each in findings]).delete()
    for finding in findings:
        reason = reasons[finding.key]
        Override.objects.update_or_create(
            prescription=now,
            key=finding.key,
            defaults={"code": finding.code, "severity": finding.severity, "reason": reason},
        )
        if there.get(finding.key) != reason:
            write_trail(
                Action.OVERRODE,
                by=by,
                about=now,
                subject=visit.patient_id,
                ground=Ground.CARE,
                ground_id=visit.pk,
                code=finding.code,
            )


# Beginning from something --------------------------------------------------------------------------------------------


@transaction.atomic
def begin_from(visit: Appointment, source: Template | Prescription, *, language: str, by: User) -> Prescription:
    """Add the medicines of a template, or of an earlier prescription, behind those of the draft; what is there twice
    then is for the check to say. Locks the draft. Raises VisitClosed and TooManyItems.
    """
    if visit.status not in HAPPENS:
        raise VisitClosed
    draft = _locked(visit)
    if draft is None:
        draft = _begun(visit, {"language": language}, tab=uuid4(), by=by)
    there = list(draft.items.all())
    more = list(source.items.all())
    if len(there) + len(more) > MOST_ITEMS:
        raise TooManyItems
    first = len(there)
    Item.objects.bulk_create(
        [
            Item(prescription=draft, position=first + number, **{name: getattr(item, name) for name in COPIED})
            for number, item in enumerate(more)
        ]
    )
    for name in ("tests", "advice"):
        parts = [getattr(draft, name), getattr(source, name)]
        setattr(draft, name, "\n".join(dict.fromkeys(filter(None, parts)))[:2000])
    draft.follow_up_days = draft.follow_up_days or source.follow_up_days
    draft.version, draft.tab, draft.saved_at = draft.version + 1, uuid4(), timezone.now()
    draft.save()
    return draft


def last_prescription(visit: Appointment) -> Prescription:
    """What this doctor prescribed to this patient last. Raises NothingBefore."""
    earlier = Prescription.objects.filter(
        appointment__doctor=visit.doctor_id, appointment__patient=visit.patient_id
    ).exclude(status__in=[PrescriptionStatus.DRAFT, PrescriptionStatus.VOID])
    last = earlier.prefetch_related("items").order_by("-saved_at").first()
    if last is None:
        raise NothingBefore
    return last


@transaction.atomic
def keep_template(draft: Prescription, name: str) -> Template:
    """Keep the draft's medicines, tests and advice under this name, without anything of the patient.

    Raises TemplateNamed if the doctor has one of this name.
    """
    facts = {name: getattr(draft, name) for name in ("tests", "advice", "follow_up_days")}
    try:
        with transaction.atomic():
            template = Template.objects.create(doctor=draft.appointment.doctor, name=name, **facts)
    except IntegrityError as error:
        if constraint_name(error) != "template_not_twice_of_a_name":
            raise
        raise TemplateNamed from error
    TemplateItem.objects.bulk_create(
        [
            TemplateItem(template=template, position=item.position, **{field: getattr(item, field) for field in COPIED})
            for item in draft.items.all()
        ]
    )
    return template


def discard_draft(visit: Appointment, *, by: User) -> None:
    """Drop the visit's draft, if there is one: nothing of it was ever given out."""
    with transaction.atomic():
        draft = _locked(visit)
        if draft is not None:
            write_trail(
                Action.REMOVED, by=by, about=draft, subject=visit.patient_id, ground=Ground.CARE, ground_id=visit.pk
            )
            draft.delete()
