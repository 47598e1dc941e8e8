"""What the public home tells of the doctors: counted, never claimed."""

from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q

from doctors.models import Doctor, OpenDay, PracticePlace
from specialties.models import Specialty, SpecialtyQuerySet


@dataclass(frozen=True, slots=True)
class HomeFigures:
    """Doctors whom anybody may find, those of them with an open time today, and the districts where they practise."""

    doctors: int
    open_today: int
    districts: int


def home_figures() -> HomeFigures:
    """As the database has them now: two queries."""
    open_today = Exists(OpenDay.objects.within(0, 0).filter(doctor=OuterRef("pk")))
    public = Doctor.objects.public()
    counted = public.aggregate(doctors=Count("pk"), open_today=Count("pk", filter=Q(open_today)))
    places = PracticePlace.objects.filter(is_active=True, doctor__in=public)
    return HomeFigures(**counted, districts=places.aggregate(districts=Count("district", distinct=True))["districts"])


def popular_specialties(count: int) -> SpecialtyQuerySet:
    """The specialties in use with the most public doctors, each with `doctor_count`; those without any are left out."""
    public = Q(doctors__verified_at__isnull=False, doctors__suspended_at__isnull=True)
    counted = Specialty.objects.active().annotate(doctor_count=Count("doctors", filter=public))
    return counted.filter(doctor_count__gt=0).order_by("-doctor_count", "position", "pk")[:count]
