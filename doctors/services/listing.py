"""Writing down for search what it finds doctors by."""

from collections.abc import Collection
from itertools import batched

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from doctors.models import Doctor, DoctorListing, SearchDocument, SearchWord
from doctors.search.documents import FORM, document, spellable
from doctors.search.words import sound

BATCH = 500


def write_documents(doctor_ids: Collection[int] | None = None) -> None:
    """Write anew what search finds these doctors by, all doctors unless given; a missing listing is made.

    To be called in the transaction that changes a doctor, the specialties, degrees or places, and whether the doctor is
    public. Seven statements for every 500 doctors. Locks their documents, in the order of the keys.
    """
    ids = Doctor.objects.values_list("pk", flat=True) if doctor_ids is None else doctor_ids
    for batch in batched(sorted(ids), BATCH):
        _write_batch(batch)


@transaction.atomic
def _write_batch(ids: tuple[int, ...]) -> None:
    doctors = list(Doctor.objects.filter(pk__in=ids).for_documents().order_by("pk"))
    DoctorListing.objects.bulk_create([DoctorListing(doctor=doctor) for doctor in doctors], ignore_conflicts=True)
    written = []
    for doctor in doctors:
        found = document(doctor)
        words = " ".join(found.words) if found else ""
        written.append(SearchDocument(doctor=doctor, words=words, form=FORM))
    SearchDocument.objects.bulk_create(
        written, update_conflicts=True, unique_fields=["doctor"], update_fields=["words", "form"]
    )
    spelt = sorted({word for row in written for word in spellable(row.words)})
    SearchWord.objects.bulk_create([SearchWord(word=word, sound=sound(word)) for word in spelt], ignore_conflicts=True)


def write_earlier_forms(most: int) -> int:
    """Write anew, `most` at most, the documents of an earlier form and those that are missing; answers how many."""
    earlier = Doctor.objects.filter(Q(search_document=None) | Q(search_document__form__lt=FORM))
    ids = list(earlier.order_by("pk").values_list("pk", flat=True)[:most])
    write_documents(ids)
    return len(ids)


def mark_stale(doctor_ids: Collection[int]) -> None:
    """Ask for the open times of these listings to be looked at again soon."""
    DoctorListing.objects.filter(pk__in=doctor_ids).update(stale_at=Now())
