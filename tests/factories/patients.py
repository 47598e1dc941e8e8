"""Patients and those who act for them."""

from datetime import date, timedelta
from uuid import uuid4

import factory
from django.db.backends.postgresql.psycopg_any import DateRange, DateTimeTZRange
from django.utils import timezone
from factory.django import DjangoModelFactory

from patients.models import (
    Allergy,
    CareRelationship,
    Condition,
    Guardianship,
    MedicationStatement,
    Patient,
    Relation,
    Sex,
)
from tests.factories.accounts import UserFactory
from tests.factories.doctors import DoctorFactory


class PatientFactory(DjangoModelFactory[Patient]):
    """A grown-up patient with a user of their own; `user=None` for one who only has guardians."""

    class Meta:
        model = Patient

    user = factory.SubFactory(UserFactory)
    name = factory.LazyAttributeSequence(lambda patient, n: patient.user.name if patient.user else f"Patient {n}")
    birth_date = date(1990, 5, 17)
    sex = Sex.FEMALE
    phone = factory.Sequence(lambda n: f"+88017{n % 10**8:08d}")

    class Params:
        child = factory.Trait(user=None, birth_date=date(2020, 3, 1))


class GuardianshipFactory(DjangoModelFactory[Guardianship]):
    """A user acts for a child, from long ago and without an end."""

    class Meta:
        model = Guardianship

    guardian = factory.SubFactory(UserFactory)
    patient = factory.SubFactory(PatientFactory, child=True)
    relation = Relation.CHILD
    valid = DateRange(date(2020, 1, 1), None)


class AllergyFactory(DjangoModelFactory[Allergy]):
    class Meta:
        model = Allergy

    patient = factory.SubFactory(PatientFactory)
    category = Allergy.Category.MEDICATION
    substance = factory.Sequence(lambda n: f"Penicillin {n}")
    reaction = "Rash"
    severity = Allergy.Severity.SEVERE


class ConditionFactory(DjangoModelFactory[Condition]):
    class Meta:
        model = Condition

    patient = factory.SubFactory(PatientFactory)
    name = factory.Sequence(lambda n: f"Asthma {n}")
    onset_year = 2015


class MedicationStatementFactory(DjangoModelFactory[MedicationStatement]):
    class Meta:
        model = MedicationStatement

    patient = factory.SubFactory(PatientFactory)
    name = factory.Sequence(lambda n: f"Salbutamol {n}")
    dose = "2 puffs when short of breath"


class CareRelationshipFactory(DjangoModelFactory[CareRelationship]):
    """A doctor treats a patient: the visit was an hour ago, unless `visit_at` says otherwise."""

    class Meta:
        model = CareRelationship

    patient = factory.SubFactory(PatientFactory)
    doctor = factory.SubFactory(DoctorFactory)
    source = factory.LazyFunction(uuid4)
    visit_at = factory.LazyFunction(lambda: timezone.now() - timedelta(hours=1))
    valid = factory.LazyAttribute(
        lambda care: DateTimeTZRange(care.visit_at - timedelta(days=1), care.visit_at + timedelta(days=90))
    )
