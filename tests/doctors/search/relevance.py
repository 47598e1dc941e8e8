"""How well search orders: sixty queries with what people who sent them want, as nDCG@10 (1.0 is the best order)."""

import json
from collections import defaultdict
from math import log2
from pathlib import Path

from django.core.management import call_command

from doctors.models import Doctor
from doctors.search import SearchQuery, find_doctors
from doctors.services import write_documents
from specialties.models import Specialty
from tests.factories.doctors import DoctorFactory, PracticePlaceFactory, QualificationFactory

LABELLED = Path(__file__).with_name("labelled.json")
BEST, GOOD = 3, 1
DEPTH = 10


def load_doctors() -> dict[int, str]:
    """The doctors of the labelled queries with the portal's own specialties; their keys there, by primary key."""
    call_command("load_specialties", verbosity=0)
    fields = {specialty.slug: specialty for specialty in Specialty.objects.all()}
    keys = {}
    for row in json.loads(LABELLED.read_text())["doctors"]:
        doctor: Doctor = DoctorFactory(
            name=row["name"], name_bn=row["name_bn"], specialty=fields[row["specialty"]], slug=f"labelled-{row['key']}"
        )
        PracticePlaceFactory(doctor=doctor, district=row["district"])
        QualificationFactory(doctor=doctor)
        keys[doctor.pk] = row["key"]
    write_documents(list(keys))
    return keys


def ndcg(found: list[str], wanted: dict[str, int]) -> float:
    def gain(grades: list[int]) -> float:
        return sum((2**grade - 1) / log2(place + 2) for place, grade in enumerate(grades[:DEPTH]))

    return gain([wanted.get(key, 0) for key in found]) / gain(sorted(wanted.values(), reverse=True))


def scores(keys: dict[int, str]) -> dict[str, dict[str, float]]:
    """nDCG@10 of each query, by kind and text."""
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for row in json.loads(LABELLED.read_text())["queries"]:
        wanted = dict.fromkeys(row["best"], BEST) | dict.fromkeys(row["good"], GOOD)
        result = find_doctors(SearchQuery(text=row["text"]))
        order = [keys[pk] for pk in result.doctor_ids if pk in keys]
        found[row["kind"]][row["text"]] = ndcg(order, wanted)
    return found


def mean(values: dict[str, float]) -> float:
    return sum(values.values()) / len(values)
