"""Patients and those who act for them."""

from datetime import date

import factory
from django.db.backends.postgresql.psycopg_any import DateRange
from factory.django import DjangoModelFactory

from patients.models import Guardianship, Patient, Relation, Sex
from tests.factories.accounts import UserFactory


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
