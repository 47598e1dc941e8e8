"""What doctors say of themselves."""

from functools import partial

from django.db import transaction

from doctors.models import Doctor
from doctors.photos import Photo


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
