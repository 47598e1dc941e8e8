"""What doctors say of themselves."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from django.db import models, transaction
from django.db.models import ProtectedError

from config.db import lock
from doctors.models import Doctor, DoctorSpecialty, PracticePlace, Qualification
from doctors.photos import Photo
from doctors.services.listing import mark_stale, write_documents
from specialties.models import Specialty

# What a doctor writes without a review. The rest of the row is not touched, whatever was done to the object in memory.
OWN_FIELDS = (
    "title",
    "practising_since",
    "languages",
    "fee_video",
    "fee_in_person",
    "follow_up_fee",
    "follow_up_days",
    "about",
    "about_bn",
)


@dataclass(frozen=True, slots=True)
class Rows[M: models.Model]:
    """Rows of a profile to be written, new or changed, and rows to go."""

    written: Sequence[M] = field(default_factory=list)
    removed: Sequence[M] = field(default_factory=list)


@transaction.atomic
def save_profile(
    doctor: Doctor,
    *,
    specialties: Sequence[Specialty],
    degrees: Rows[Qualification],
    places: Rows[PracticePlace],
) -> list[PracticePlace]:
    """Write what a doctor says of the practice; the public page and search have it at once.

    Of the doctor's row only OWN_FIELDS are written; the specialties are these from now on, the main one first. Visits
    that are booked keep their fee and place. Answers which removed places were retired instead, because hours or
    visits hang on them. Locks the doctor's row: a booking has the fee before, or the fee after.
    """
    lock(Doctor.objects.only("pk"), [doctor.pk])
    doctor.save(update_fields=OWN_FIELDS)
    set_specialties(doctor, specialties)
    for degree in degrees.written:
        degree.doctor = doctor
        degree.save()
    for degree in degrees.removed:
        degree.delete()
    for place in places.written:
        place.doctor = doctor
        place.save()
    retired = [place for place in places.removed if not _delete_or_retire(place)]
    write_documents([doctor.pk])
    mark_stale([doctor.pk])
    return retired


def set_specialties(doctor: Doctor, specialties: Sequence[Specialty]) -> None:
    """These from now on, the main one first. The caller writes the documents."""
    DoctorSpecialty.objects.filter(doctor=doctor).exclude(specialty__in=specialties).delete()
    rows = [
        DoctorSpecialty(doctor=doctor, specialty=specialty, position=position)
        for position, specialty in enumerate(specialties)
    ]
    DoctorSpecialty.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["doctor", "specialty"], update_fields=["position"]
    )


def _delete_or_retire(place: PracticePlace) -> bool:
    """Whether nothing hung on the place, and it is gone."""
    try:
        with transaction.atomic():
            place.delete()
    except ProtectedError:
        place.is_active = False
        place.save(update_fields=["is_active"])
        return False
    return True


@transaction.atomic
def use_place_again(place: PracticePlace) -> None:
    """A retired place is one where patients are seen again, with the hours that it had."""
    lock(Doctor.objects.only("pk"), [place.doctor_id])
    place.is_active = True
    place.save(update_fields=["is_active"])
    write_documents([place.doctor_id])
    mark_stale([place.doctor_id])


@transaction.atomic
def set_photo(doctor: Doctor, photo: Photo | None) -> None:
    """Give a doctor this photo (photos.normalise_photo makes one), or none.

    The files that it replaces go once that is durable.
    """
    replaced = [file.name for file in (doctor.photo, doctor.photo_small) if file.name]
    storage = doctor.photo.storage
    doctor.photo, doctor.photo_small = (photo.large, photo.small) if photo else ("", "")
    doctor.save(update_fields=["photo", "photo_small"])
    write_documents([doctor.pk])
    for name in replaced:
        transaction.on_commit(partial(storage.delete, name))
