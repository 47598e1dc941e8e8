import io
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from doctors.models import Doctor
from doctors.search import SearchQuery, find_doctors
from tests.factories.accounts import UserFactory
from tests.factories.doctors import DoctorFactory

pytestmark = pytest.mark.django_db

LIST = reverse("admin:doctors_doctor_changelist")


@pytest.fixture
def desk(client: Client, admin) -> Client:
    client.force_login(admin)
    return client


@pytest.fixture(autouse=True)
def _media(settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def form(**changes: object) -> dict[str, object]:
    empty = {
        f"{name}-{kind}_FORMS": "0"
        for name in ("doctor_specialties", "qualifications", "places")
        for kind in ("TOTAL", "INITIAL")
    }
    return (
        empty
        | {
            "title": "Dr.",
            "name": "Karim Rahman",
            "name_bn": "",
            "slug": "karim-rahman",
            "gender": "male",
            "registration_number": "A-54321",
            "languages": ["bn", "en"],
            "practising_since": "2010",
            "fee_video": "800",
            "fee_in_person": "",
            "follow_up_fee": "",
            "follow_up_days": "",
            "about": "",
            "about_bn": "",
        }
        | changes
    )


def acted(desk: Client, action: str, *doctors: Doctor) -> None:
    chosen = [str(doctor.pk) for doctor in doctors]
    assert desk.post(LIST, {"action": action, "_selected_action": chosen}).status_code == 302


def photo(kind: str = "JPEG") -> SimpleUploadedFile:
    output = io.BytesIO()
    Image.new("RGB", (300, 300), "teal").save(output, kind)
    return SimpleUploadedFile(f"photo.{kind.lower()}", output.getvalue())


def test_doctors_come_by_applying(desk: Client) -> None:
    assert desk.get(reverse("admin:doctors_doctor_add")).status_code == 403
    assert desk.post(reverse("admin:doctors_doctor_add"), form(user=str(UserFactory().pk))).status_code == 403


def test_what_is_changed_is_found_at_once(desk: Client) -> None:
    doctor = DoctorFactory(title="Dr.")
    address = reverse("admin:doctors_doctor_change", args=[doctor.pk])
    inlines = {"qualifications-TOTAL_FORMS": "1", "qualifications-0-degree": "FCPS"}
    assert find_doctors(SearchQuery(text="fcps")).total == 0
    assert desk.post(address, form(**inlines)).status_code == 302
    assert find_doctors(SearchQuery(text="fcps")).doctor_ids == (doctor.pk,)


@pytest.mark.parametrize("fee", ["5", "9.99", "-1"])
@pytest.mark.parametrize("field", ["fee_video", "fee_in_person"])
def test_a_fee_that_the_gateway_does_not_take_is_told_at_its_field(desk: Client, field: str, fee: str) -> None:
    page = desk.post(reverse("admin:doctors_doctor_change", args=[DoctorFactory().pk]), form() | {field: fee})
    assert page.context["adminform"].form.errors.keys() == {field}


def test_who_a_doctor_is_cannot_be_typed(desk: Client) -> None:
    doctor = DoctorFactory(unverified=True, name="Karim", registration_number="A-111")
    address = reverse("admin:doctors_doctor_change", args=[doctor.pk])
    forged = {"user": str(UserFactory().pk), "name": "Other", "registration_number": "A-222", "suspended_at_0": ""}
    answer = desk.post(
        address, form(verified_at="2026-01-01", verified_at_0="2026-01-01", verified_at_1="10:00", **forged)
    )
    assert answer.status_code == 302
    after = Doctor.objects.get()
    assert (after.verified_at, after.name, after.registration_number, after.user) == (
        None,
        "Karim",
        "A-111",
        doctor.user,
    )


@pytest.mark.parametrize(
    "upload",
    [
        SimpleUploadedFile("photo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", content_type="image/svg+xml"),
        SimpleUploadedFile("photo.jpg", b"<?php system('id');"),
        photo("GIF"),
    ],
)
def test_a_photo_that_is_none_is_told_at_its_field(desk: Client, upload: SimpleUploadedFile, tmp_path: Path) -> None:
    page = desk.post(reverse("admin:doctors_doctor_change", args=[DoctorFactory().pk]), form(photo=upload))
    assert page.status_code == 200
    assert list(page.context["adminform"].form.errors) == ["photo"]
    assert not Doctor.objects.get().photo
    assert not list(tmp_path.rglob("*.*"))


def test_a_photo_can_be_taken_away(desk: Client, tmp_path: Path, django_capture_on_commit_callbacks) -> None:
    doctor = DoctorFactory()
    address = reverse("admin:doctors_doctor_change", args=[doctor.pk])
    with django_capture_on_commit_callbacks(execute=True):
        desk.post(address, form(user=str(doctor.user_id), photo=photo()))
        assert len(list(tmp_path.rglob("*.webp"))) == 2
        desk.post(address, form(user=str(doctor.user_id), **{"photo-clear": "on"}))
    assert not Doctor.objects.get().photo
    assert list(tmp_path.rglob("*.webp")) == []


@pytest.mark.parametrize("typed", ["Farhana", "ফারহানা", "A-777", "farhana@example.com"])
def test_doctors_are_found_by_name_number_and_address(desk: Client, typed: str) -> None:
    DoctorFactory(name="Farhana", name_bn="ফারহানা", registration_number="A-777", user__email="farhana@example.com")
    DoctorFactory()
    assert [doctor.name for doctor in desk.get(LIST, {"q": typed}).context["cl"].result_list] == ["Farhana"]


def test_those_who_wait_can_be_listed(desk: Client) -> None:
    waiting = DoctorFactory(unverified=True)
    DoctorFactory()
    assert list(desk.get(LIST, {"verified": "no"}).context["cl"].result_list) == [waiting]
    assert len(desk.get(LIST, {"verified": "yes"}).context["cl"].result_list) == 1


def test_doctors_are_never_deleted(desk: Client) -> None:
    doctor = DoctorFactory()
    assert desk.post(reverse("admin:doctors_doctor_delete", args=[doctor.pk])).status_code == 403
    desk.post(LIST, {"action": "delete_selected", "_selected_action": [str(doctor.pk)], "post": "yes"})
    assert Doctor.objects.exists()
