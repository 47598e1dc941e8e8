"""A doctor's own terms, for the bookings that are made from now on."""

from django.db import transaction

from appointments.models import CancellationPolicy, Terms
from config.db import lock
from doctors.models import Doctor


@transaction.atomic
def save_terms(doctor: Doctor, terms: Terms) -> None:
    """What holds for this doctor's bookings from now on; those that are made keep what they were made with.

    Locks the doctor's row, as every booking does: each is made with the terms before or after, and with no mixture.
    """
    lock(Doctor.objects.all(), [doctor.pk])
    CancellationPolicy.objects.update_or_create(doctor=doctor, defaults=terms.snapshot)


def terms_of(doctor: Doctor) -> Terms:
    """Those that hold for this doctor's bookings today."""
    own = CancellationPolicy.objects.filter(doctor=doctor).first()
    return own.terms if own else Terms.usual()
