"""The floors of the house: nobody looks upstairs, nor into the room beside."""

from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

from tests.floors import FLOORS, Backwards, floor_of, foundation_of, may_know, rooms, violations

ROOT = Path(__file__).resolve().parent.parent


def relations() -> list[Backwards]:
    """Every relation between two rooms, from its far end, as Django knows them."""
    found = []
    for model in apps.get_models():
        if model._meta.app_label in rooms():
            for relation in model._meta.related_objects:
                room = relation.related_model._meta.app_label
                if room in rooms() and room != model._meta.app_label:
                    found.append(Backwards(room, relation.get_accessor_name() or "", relation.name))
    return found


def own_names() -> set[tuple[str, str]]:
    """What a room calls attributes of its own: they say nothing of a floor above."""
    found = set()
    for model in apps.get_models():
        if model._meta.app_label in rooms():
            found |= {(model._meta.app_label, field.name) for field in model._meta.concrete_fields}
    return found


def test_no_room_looks_upstairs_or_into_the_room_beside() -> None:
    assert violations(ROOT, backwards=relations(), own=own_names()) == []


def test_settings_name_the_rooms_from_the_lowest_floor_to_the_highest() -> None:
    floors = [floor_of(room) for room in settings.HOUSE]
    assert floors == sorted(floors)
    assert settings.HOUSE[-1] == "config"
    assert {path.parent.name for path in ROOT.glob("*/apps.py")} == set(settings.HOUSE)


def test_foundation_is_what_every_room_stands_on() -> None:
    foundation = foundation_of(ROOT)
    assert {"config.db", "config.errors", "config.http", "config.queue", "config.logging", "config.forms"} <= foundation
    assert not {"config.views", "config.urls"} & foundation


def test_relations_between_rooms_are_seen() -> None:
    """The test above reads Django's own list; it would prove nothing if that were empty."""
    seen = {(each.room, each.accessor) for each in relations()}
    assert {("appointments", "appointments"), ("scheduling", "calendar"), ("patients", "care")} <= seen


# The test of the test --------------------------------------------------------------------------------------------

LISTENS = [Backwards("appointments", "appointments", "appointments"), Backwards("scheduling", "calendar", "calendar")]

BAD = {
    "import upstairs": ("doctors/services.py", "from appointments.models import Appointment"),
    "import upstairs, plainly": ("accounts/models.py", "import doctors.models"),
    "import upstairs in a function": ("payments/services.py", "def f():\n    from appointments import services"),
    "import upstairs for types alone": ("doctors/a.py", "if TYPE_CHECKING:\n    from reviews.models import Review"),
    "import upstairs by a relative path": ("doctors/search/a.py", "from ...appointments import models"),
    "import upstairs by name": ("doctors/a.py", 'import_module("appointments.models")'),
    "import beside": ("patients/models.py", "from scheduling.models import Calendar"),
    "import beside, the other way": ("scheduling/a.py", "import patients"),
    "import of the roof": ("doctors/views.py", "from config.views import home"),
    "import of the roof by its parent": ("doctors/views.py", "from config import views"),
    "import of what leads to the roof": ("doctors/views.py", "from config.pages import home"),
    "foreign key upstairs": ("doctors/models.py", 'x = models.ForeignKey("appointments.Appointment", on_delete=1)'),
    "foreign key upstairs by keyword": ("patients/models.py", 'x = OneToOneField(to="payments.Charge")'),
    "many to many through upstairs": ("doctors/models.py", 'x = ManyToManyField("self", through="reviews.Rating")'),
    "foreign key beside": ("scheduling/models.py", 'x = models.ForeignKey("patients.Patient")'),
    "model by its name": ("doctors/a.py", 'apps.get_model("appointments", "Appointment")'),
    "model in a constant": ("doctors/a.py", 'SELLER = "appointments.Appointment"'),
    "migration upstairs": ("doctors/migrations/0002_x.py", 'dependencies = [("appointments", "0001_initial")]'),
    "migration's field upstairs": ("doctors/migrations/0002_x.py", 'ForeignKey(to="appointments.appointment")'),
    "reverse attribute": ("doctors/models.py", "def f(doctor):\n    return doctor.appointments.count()"),
    "reverse attribute from below that": ("accounts/a.py", "user.doctor.calendar"),
    "reverse look-up by keyword": ("doctors/a.py", 'Doctor.objects.filter(appointments__status="held")'),
    "reverse look-up in text": ("doctors/a.py", 'order_by("appointments__period")'),
    "reverse relation fetched": ("doctors/a.py", 'Doctor.objects.prefetch_related("appointments")'),
    "reverse relation counted": ("specialties/a.py", 'Count("appointments")'),
    "reverse relation by getattr": ("doctors/a.py", 'getattr(doctor, "calendar", None)'),
    "reverse relation beside": ("patients/a.py", "doctor.calendar"),
}

GOOD = {
    "accounts/models.py": "from config.db import lock\nfrom config import db\nclass Delivery:\n    calendar = 1",
    "doctors/models.py": 'from accounts.models import User\nForeignKey("specialties.Specialty")',
    "doctors/urls.py": 'reverse("appointments:times", args=[1])',
    "patients/models.py": "from doctors.models import Doctor\nfrom . import services",
    "scheduling/models.py": "import doctors.models\ndoctor.calendar",
    "payments/services.py": "from accounts.services import notify\nlog.info('appointments are many')",
    "appointments/services.py": "from config.http import respond\nimport payments\nfilter(calendar__pk=1)",
    "appointments/migrations/0001_initial.py": 'dependencies = [("doctors", "0001_initial"), ("auth", "0001")]',
    "reviews/models.py": "from appointments.models import Appointment\nvisit.doctor.appointments",
    "config/views.py": "from appointments.models import Appointment\nfrom reviews import models",
    "config/pages.py": "from config import views",
    "config/db.py": "import functools",
    "config/http.py": "from config.db import lock",
    "config/__init__.py": "from config.celery import app",
    "config/celery.py": "import celery",
}


def build(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_house_that_keeps_to_its_floors_is_left_in_peace(tmp_path: Path) -> None:
    house = build(tmp_path, GOOD)
    assert violations(house, backwards=LISTENS, own=[("accounts", "calendar")]) == []
    assert foundation_of(house) == {"config", "config.db", "config.http", "config.celery"}


@pytest.mark.parametrize(("name", "text"), BAD.values(), ids=BAD)
def test_house_in_which_somebody_looks_upstairs_is_caught(tmp_path: Path, name: str, text: str) -> None:
    house = build(tmp_path, GOOD | {name: text})
    found = violations(house, backwards=LISTENS)
    here = [each for each in found if each.startswith(f"{name}:")]
    assert here, found


@pytest.mark.parametrize("room", sorted(rooms()))
def test_floors_are_in_order(room: str) -> None:
    for other in sorted(rooms()):
        assert may_know(room, other) == (room == other or floor_of(other) < floor_of(room))
    assert sum(room in floor for floor in FLOORS) == 1
