"""What changes the facts by which doctors are found."""

from collections.abc import Collection
from functools import partial
from itertools import batched

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Kind, Role, User
from accounts.services import notify
from doctors.models import Doctor, DoctorListing, SearchWord
from doctors.photos import Photo
from doctors.search.documents import document, spellable
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
    listings = [DoctorListing(doctor=doctor, document=document(doctor)) for doctor in doctors]
    DoctorListing.objects.bulk_create(
        listings, update_conflicts=True, unique_fields=["doctor"], update_fields=["document"]
    )
    spelt = sorted({word for listing in listings for word in spellable(listing.document)})
    SearchWord.objects.bulk_create([SearchWord(word=word, sound=sound(word)) for word in spelt], ignore_conflicts=True)


def mark_stale(doctor_ids: Collection[int]) -> None:
    """Ask for the open times of these listings to be looked at again soon."""
    DoctorListing.objects.filter(pk__in=doctor_ids).update(stale_at=Now())


@transaction.atomic
def verify_doctor(doctor: Doctor) -> bool:
    """Let a doctor be found and booked from now on, and tell the doctor; False where that was so already.

    Somebody whose home was a patient's gets a doctor's. Locks the doctor's row.
    """
    doctor = Doctor.objects.select_for_update(no_key=True, of=("self",)).select_related("user").get(pk=doctor.pk)
    if doctor.verified_at is not None:
        return False
    doctor.verified_at = timezone.now()
    doctor.save(update_fields=["verified_at"])
    User.objects.filter(pk=doctor.user_id, role=Role.PATIENT).update(role=Role.DOCTOR)
    write_documents([doctor.pk])
    mark_stale([doctor.pk])
    notify(doctor.user, Kind.DOCTOR_VERIFIED, facts={"path": doctor.get_absolute_url()})
    return True


@transaction.atomic
def set_hidden(doctor_ids: Collection[int], hidden: bool) -> int:
    """Keep doctors from the public, or give them back to it; how many that changed. What is booked stays booked."""
    changed = Doctor.objects.filter(pk__in=doctor_ids).exclude(is_hidden=hidden).update(is_hidden=hidden)
    write_documents(doctor_ids)
    return changed


def set_photo(doctor: Doctor, photo: Photo | None) -> None:
    """Give a doctor this photo (photos.normalise_photo makes one), or none.

    The files that it replaces go once that is durable.
    """
    replaced = [file.name for file in (doctor.photo, doctor.photo_small) if file.name]
    storage = doctor.photo.storage
    doctor.photo, doctor.photo_small = (photo.large, photo.small) if photo else ("", "")
    doctor.save(update_fields=["photo", "photo_small"])
    for name in replaced:
        transaction.on_commit(partial(storage.delete, name))
