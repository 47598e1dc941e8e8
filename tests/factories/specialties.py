"""Specialties and symptoms of a test's own, as an admin would make them."""

import factory
from factory.django import DjangoModelFactory

from specialties.models import BEST_FIT, Specialty, Symptom, SymptomSpecialty


class SpecialtyFactory(DjangoModelFactory[Specialty]):
    """A specialty in use.

    - `retired=True` is out of use, `shipped=True` comes with the portal
    """

    class Meta:
        model = Specialty

    slug = factory.Sequence(lambda n: f"sports-medicine-{n}")
    name_en = factory.Sequence(lambda n: f"Sports medicine {n}")
    name_bn = factory.Sequence(lambda n: f"ক্রীড়া চিকিৎসা {n}")
    practitioner_en = "Sports physician"
    practitioner_bn = "ক্রীড়া চিকিৎসক"
    icon = "dumbbell"
    synonyms = factory.LazyFunction(list)
    position = factory.Sequence(lambda n: 1000 + n)

    class Params:
        retired = factory.Trait(is_active=False)
        shipped = factory.Trait(is_shipped=True)


class SymptomFactory(DjangoModelFactory[Symptom]):
    """A symptom that no specialty treats yet.

    - `specialties=[best, next, …]` links these, with falling weights
    - `shipped=True` comes with the portal
    """

    class Meta:
        model = Symptom
        skip_postgeneration_save = True

    slug = factory.Sequence(lambda n: f"sore-elbow-{n}")
    name_en = factory.Sequence(lambda n: f"Sore elbow {n}")
    name_bn = factory.Sequence(lambda n: f"কনুই ব্যথা {n}")
    synonyms = factory.LazyFunction(list)

    class Params:
        shipped = factory.Trait(is_shipped=True)

    @factory.post_generation
    def specialties(self: Symptom, create: bool, extracted: list[Specialty] | None, **kwargs: object) -> None:
        if create:
            for number, specialty in enumerate(extracted or []):
                SymptomSpecialtyFactory(symptom=self, specialty=specialty, weight=BEST_FIT - number)


class SymptomSpecialtyFactory(DjangoModelFactory[SymptomSpecialty]):
    class Meta:
        model = SymptomSpecialty

    symptom = factory.SubFactory(SymptomFactory)
    specialty = factory.SubFactory(SpecialtyFactory)
    weight = BEST_FIT
