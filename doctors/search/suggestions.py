"""What the search bar offers while one types."""

from specialties.models import Specialty, Symptom


def suggestions(specialties: list[Specialty]) -> list[str]:
    """The names of these specialties and of all complaints, in the active language: one query."""
    return list(dict.fromkeys([*(each.name for each in specialties), *(each.name for each in Symptom.objects.all())]))
