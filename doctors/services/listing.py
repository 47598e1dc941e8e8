"""Writing down for search what it finds doctors by."""

from collections.abc import Collection
from itertools import batched

from django.db import transaction
from django.db.models.functions import Now

from doctors.models import Doctor, DoctorListing, SearchWord
from doctors.search.documents import Document, document, spellable
from doctors.search.words import sound

BATCH = 500


def write_documents(doctor_ids: Collection[int] | None = None) -> None:
    """Write anew what search finds these doctors by, all doctors unless given; a missing listing is made.

    To be called in the transaction that changes a doctor, the specialties, degrees or places, and whether the doctor is
    public. Six statements for every 500 doctors. Locks their listings, in the order of the keys.
    """
    ids = Doctor.objects.values_list("pk", flat=True) if doctor_ids is None else doctor_ids
    for batch in batched(sorted(ids), BATCH):
        _write_batch(batch)


@transaction.atomic
def _write_batch(ids: tuple[int, ...]) -> None:
    doctors = Doctor.objects.filter(pk__in=ids).for_documents().order_by("pk")
    listings = [DoctorListing(doctor=doctor, document=_text(document(doctor))) for doctor in doctors]
    DoctorListing.objects.bulk_create(
        listings, update_conflicts=True, unique_fields=["doctor"], update_fields=["document"]
    )
    spelt = sorted({word for listing in listings for word in spellable(listing.document)})
    SearchWord.objects.bulk_create([SearchWord(word=word, sound=sound(word)) for word in spelt], ignore_conflicts=True)


def _text(written: Document | None) -> str:
    return " ".join(written.words) if written else ""


def mark_stale(doctor_ids: Collection[int]) -> None:
    """Ask for the open times of these listings to be looked at again soon."""
    DoctorListing.objects.filter(pk__in=doctor_ids).update(stale_at=Now())
