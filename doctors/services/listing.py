"""Writing down for search what it finds doctors by."""

from collections.abc import Collection, Iterator
from itertools import batched

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from doctors.models import Doctor, DoctorListing, SearchDocument, SearchWord
from doctors.search.documents import FORM, Document, document, spellable
from doctors.search.words import sound

BATCH = 500
# What a listing has of a document.
OWN_FACTS = (
    "specialties",
    "districts",
    "gender",
    "languages",
    "practising_since",
    "fee_video",
    "fee_in_person",
    "completeness",
)


def write_documents(doctor_ids: Collection[int] | None = None) -> None:
    """Write anew what search finds these doctors by, all doctors unless given; a missing listing is made.

    To be called in the transaction that changes a doctor, the specialties, degrees or places, and whether the doctor is
    public. Seven statements for every 500 doctors. Locks their listings and documents, in the order of the keys.
    """
    ids = Doctor.objects.values_list("pk", flat=True) if doctor_ids is None else doctor_ids
    for batch in batched(sorted(ids), BATCH):
        _write_batch(batch)


@transaction.atomic
def _write_batch(ids: tuple[int, ...]) -> None:
    doctors = list(Doctor.objects.filter(pk__in=ids).for_documents().order_by("pk"))
    found = [(doctor, document(doctor)) for doctor in doctors]
    DoctorListing.objects.bulk_create(
        [_listing(doctor, facts) for doctor, facts in found],
        update_conflicts=True,
        unique_fields=["doctor"],
        update_fields=["is_public", *OWN_FACTS],
    )
    written = [
        SearchDocument(doctor=doctor, words=" ".join(facts.words) if facts else "", form=FORM)
        for doctor, facts in found
    ]
    SearchDocument.objects.bulk_create(
        written, update_conflicts=True, unique_fields=["doctor"], update_fields=["words", "form"]
    )
    spelt = sorted({word for row in written for word in spellable(row.words)})
    SearchWord.objects.bulk_create([SearchWord(word=word, sound=sound(word)) for word in spelt], ignore_conflicts=True)


def _listing(doctor: Doctor, facts: Document | None) -> DoctorListing:
    """What a document says besides its words; of a doctor who is not public only that."""
    if facts is None:
        return DoctorListing(doctor=doctor, is_public=False, specialties=[], districts=[], languages=[])
    own = {name: getattr(facts, name) for name in OWN_FACTS}
    lists = {name: list(own[name]) for name in ("specialties", "districts", "languages")}
    return DoctorListing(doctor=doctor, is_public=True, **own | lists)


def write_earlier_forms(most: int) -> int:
    """Write anew, `most` at most, the documents of an earlier form and those that are missing; answers how many."""
    earlier = Doctor.objects.filter(Q(search_document=None) | Q(search_document__form__lt=FORM))
    ids = list(earlier.order_by("pk").values_list("pk", flat=True)[:most])
    write_documents(ids)
    return len(ids)


def unwritten() -> Iterator[tuple[list[int], int, int]]:
    """For each batch of doctors: those whose document or listing is missing or not what they say now, how many were
    looked at so far, and of how many."""
    ids = list(Doctor.objects.order_by("pk").values_list("pk", flat=True))
    done = 0
    for batch in batched(ids, BATCH):
        doctors = Doctor.objects.filter(pk__in=batch).for_documents().select_related("listing", "search_document")
        done += len(batch)
        yield [doctor.pk for doctor in doctors.order_by("pk") if not _is_written(doctor)], done, len(ids)


def _is_written(doctor: Doctor) -> bool:
    listing, kept = getattr(doctor, "listing", None), getattr(doctor, "search_document", None)
    if listing is None or kept is None or kept.form != FORM:
        return False
    facts = document(doctor)
    if facts is None:
        return not listing.is_public and not kept.words
    wanted = _listing(doctor, facts)
    is_listed = all(getattr(listing, name) == getattr(wanted, name) for name in ("is_public", *OWN_FACTS))
    return is_listed and kept.words == " ".join(facts.words)


def mark_stale(doctor_ids: Collection[int]) -> None:
    """Ask for the open times of these listings to be looked at again soon."""
    DoctorListing.objects.filter(pk__in=doctor_ids).update(stale_at=Now())
