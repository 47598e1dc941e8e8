"""The demo's queue looks like life: every state, every kind of paper, one administrator a group."""

from random import Random

import pytest

from accounts.models import User
from config.demo.applications import STORIES, make_applications
from config.demo.people import make_group_admins, sign_ins
from config.files import private_storage
from config.groups import RIGHTS
from doctors.models import Certificate, Doctor, Verification
from tests.factories.doctors import DoctorFactory
from tests.factories.specialties import SpecialtyFactory

pytestmark = pytest.mark.django_db


def test_there_are_applications_in_every_state(admin: User) -> None:
    SpecialtyFactory()
    made = make_applications(Random(1), "!", set(), admin, [DoctorFactory(), DoctorFactory()])
    assert made == Verification.objects.count() == len(STORIES) + 1
    assert set(Verification.objects.values_list("status", flat=True)) == {"pending", "more_asked", "rejected"}
    assert set(Verification.objects.values_list("purpose", flat=True)) == {"application", "change"}
    papers = Certificate.objects.all()
    assert {paper.content_type for paper in papers} == {"application/pdf", "image/png", "image/jpeg"}
    assert all(private_storage().exists(paper.file) for paper in papers)
    for verification in Verification.objects.all():
        assert verification.events.last().new == verification.status
        assert verification.events.first().at == verification.sent_at
    assert Doctor.objects.public().count() == 2


def test_each_group_has_its_administrator_and_the_sign_ins_name_them() -> None:
    make_group_admins("!")
    for name, rights in RIGHTS.items():
        user = User.objects.get(email=f"{name}@example.com")
        assert (user.is_staff, user.is_superuser, user.get_all_permissions()) == (True, False, rights)
        assert f"{name}@example.com" in sign_ins()
