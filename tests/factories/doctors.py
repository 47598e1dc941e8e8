"""Doctors as an admin has verified them, with their places, degrees and listings."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import factory
from django.conf import settings
from django.db.models import F, Func, Value
from django.utils import timezone
from factory.django import DjangoModelFactory

from doctors.models import (
    Doctor,
    DoctorListing,
    DoctorSpecialty,
    Gender,
    Language,
    Mode,
    OpenDay,
    Part,
    PracticePlace,
    Qualification,
    open_bits,
)
from doctors.services import write_documents
from tests.factories.accounts import UserFactory
from tests.factories.specialties import SpecialtyFactory


class DoctorFactory(DjangoModelFactory[Doctor]):
    """A verified doctor of one specialty, whom search finds; consults by video alone.

    - `specialty=…` gives that specialty, False gives none; more of them by DoctorSpecialtyFactory
    - `with_place=True` also receives patients at a chamber in Dhaka
    - `with_hours=True` has a calendar and offers video visits every day from 09:00 to 17:00
    - `unverified=True`, `hidden=True` (suspended) keep the doctor from the public
    - `listing=False` leaves out the row that search reads; `listing__rating=…` and the like go into it
    """

    class Meta:
        model = Doctor
        skip_postgeneration_save = True

    user = factory.SubFactory(UserFactory, as_doctor=True, name=factory.SelfAttribute("..name"))
    name = factory.Sequence(lambda n: f"Anisul Haque {n}")
    slug = factory.Sequence(lambda n: f"anisul-haque-{n}")
    gender = Gender.MALE
    registration_number = factory.Sequence(lambda n: f"A-{10000 + n}")
    languages = factory.LazyFunction(lambda: [Language.BANGLA, Language.ENGLISH])
    practising_since = 2010
    fee_video = Decimal(800)
    verified_at = datetime(2026, 1, 5, 9, tzinfo=UTC)

    class Params:
        unverified = factory.Trait(verified_at=None)
        hidden = factory.Trait(suspended_at=datetime(2026, 2, 1, 9, tzinfo=UTC), suspension_reason="Complaints")
        free = factory.Trait(fee_video=Decimal(0))
        with_place = factory.Trait(
            fee_in_person=Decimal(1000),
            place=factory.RelatedFactory("tests.factories.doctors.PracticePlaceFactory", "doctor"),
        )
        with_hours = factory.Trait(
            calendar=factory.RelatedFactory("tests.factories.scheduling.CalendarFactory", "doctor"),
            hours=factory.RelatedFactoryList("tests.factories.scheduling.WeeklyHoursFactory", "doctor", size=7),
        )

    @factory.post_generation
    def specialty(self: Doctor, create: bool, extracted: object, **kwargs: object) -> None:
        if create and extracted is not False:
            DoctorSpecialtyFactory(doctor=self, specialty=extracted or SpecialtyFactory(**kwargs))

    @factory.post_generation
    def listing(self: Doctor, create: bool, extracted: object, **facts: object) -> None:
        if create and extracted is not False:
            write_documents([self.pk])
            if facts:
                DoctorListing.objects.filter(doctor=self).update(**facts)


class DoctorSpecialtyFactory(DjangoModelFactory[DoctorSpecialty]):
    """Search learns of it by services.write_documents."""

    class Meta:
        model = DoctorSpecialty

    doctor = factory.SubFactory(DoctorFactory, specialty=False)
    specialty = factory.SubFactory(SpecialtyFactory)
    position = factory.Sequence(int)


class QualificationFactory(DjangoModelFactory[Qualification]):
    class Meta:
        model = Qualification

    doctor = factory.SubFactory(DoctorFactory)
    degree = "MBBS"
    institution = "Dhaka Medical College"
    year = 2008


class PracticePlaceFactory(DjangoModelFactory[PracticePlace]):
    """A chamber in Dhaka. Search filters by its district at once, and learns its words by services.write_documents."""

    class Meta:
        model = PracticePlace
        skip_postgeneration_save = True

    doctor = factory.SubFactory(DoctorFactory, fee_in_person=Decimal(1000))
    name = factory.Sequence(lambda n: f"Green Road Chamber {n}")
    address = "12 Green Road"
    district = "dhaka"

    @factory.post_generation
    def listing(self: PracticePlace, create: bool, extracted: object, **kwargs: object) -> None:
        if create and self.is_active:
            listings = DoctorListing.objects.filter(doctor=self.doctor)
            listings.update(districts=Func(F("districts"), Value(self.district), function="array_append"))


class OpenDayFactory(DjangoModelFactory[OpenDay]):
    """Some open time on a day, as the floors above write it down: today in Dhaka unless given."""

    class Meta:
        model = OpenDay
        skip_postgeneration_save = True

    doctor = factory.SubFactory(DoctorFactory)
    date = factory.LazyFunction(lambda: timezone.localdate(timezone=ZoneInfo(settings.PORTAL_TIME_ZONE)))
    part = Part.MORNING
    mode = Mode.VIDEO

    @factory.post_generation
    def bits(self: OpenDay, create: bool, extracted: object, **kwargs: object) -> None:
        if create:
            name = {Mode.VIDEO: "open_video", Mode.IN_PERSON: "open_in_person"}[Mode(self.mode)]
            bits = F(name).bitor(open_bits([(self.date, Part(self.part))]))
            DoctorListing.objects.filter(doctor=self.doctor).update(**{name: bits})
