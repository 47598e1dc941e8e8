"""A doctor writes the own page: what patients read then, and what is wrong with what was typed."""

import io
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.utils.http import urlencode
from PIL import Image

from accounts.models import User
from doctors.forms.fields import latin_digits, normalise_registration
from doctors.models import Doctor, PracticePlace, Qualification, SearchDocument
from doctors.search import SearchQuery, find_doctors
from scheduling.models import WeeklyHours
from tests.doctors.test_find import text_of
from tests.factories.doctors import DoctorFactory, DoctorSpecialtyFactory, PracticePlaceFactory, QualificationFactory
from tests.factories.scheduling import WeeklyHoursFactory
from tests.factories.specialties import SpecialtyFactory
from tests.page import read

pytestmark = pytest.mark.django_db

type ClientOf = Callable[[User], Client]
type Fields = dict[str, Any]

PATH, PREVIEW, PHOTO = "/practice/profile/", "/practice/profile/preview/", "/practice/profile/photo/"


@pytest.fixture(autouse=True)
def _media(settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def rows(prefix: str, *given: Fields, initial: int = 0) -> Fields:
    fields: Fields = {f"{prefix}-TOTAL_FORMS": str(len(given)), f"{prefix}-INITIAL_FORMS": str(initial)}
    for number, row in enumerate(given):
        fields |= {f"{prefix}-{number}-{name}": str(value) for name, value in row.items()}
    return fields


def degree(degree: str = "MBBS", institution: str = "Dhaka Medical College", year: str = "2008", **more: Any) -> Fields:
    return {"degree": degree, "institution": institution, "year": year} | more


def place(name: str = "Sea View", address: str = "2 Beach Road", district: str = "dhaka", **more: Any) -> Fields:
    return {"name": name, "address": address, "district": district, "phone": ""} | more


def form(doctor: Doctor, *, degrees: Fields | None = None, places: Fields | None = None, **changes: Any) -> Fields:
    """What the page of that doctor sends, with these changes."""
    return (
        {
            "title": doctor.title,
            "practising_since": "2010",
            "specialty": str(doctor.doctor_specialties.get().specialty_id),
            "languages": ["bn", "en"],
            "fee_video": "800",
            "fee_in_person": "",
            "follow_up_fee": "",
            "follow_up_days": "",
            "about": "",
            "about_bn": "",
        }
        | (degrees or rows("degrees"))
        | (places or rows("places"))
        | changes
    )


def errors(response: HttpResponse) -> dict[str, list[str]]:
    assert response.status_code == 422
    return dict(response.context["form"].errors)


def photo(kind: str = "JPEG", side: int = 300) -> SimpleUploadedFile:
    output = io.BytesIO()
    Image.new("RGB", (side, side), "teal").save(output, kind)
    return SimpleUploadedFile(f"photo.{kind.lower()}", output.getvalue())


# What is saved ---------------------------------------------------------------------------------------------------


def test_everything_on_the_page_is_saved_and_read_by_patients_at_once(client_of: ClientOf, client: Client) -> None:
    doctor = DoctorFactory(name="Karim")
    main, other = SpecialtyFactory(name_en="Oncology"), SpecialtyFactory(name_en="Cardiology")
    response = client_of(doctor.user).post(
        PATH,
        form(
            doctor,
            title="Prof. Dr.",
            practising_since="১৯৯৮",
            specialty=str(main.pk),
            further=[str(other.pk)],
            languages=["bn", "syl"],
            fee_video="৳ ১,২০০",
            fee_in_person="1,500/-",
            follow_up_fee="0",
            follow_up_days="১৪",
            about="Sees grown-ups.\r\n\r\n<script>alert(1)</script>",
            about_bn="প্রাপ্তবয়স্ক রোগী দেখেন।",
            degrees=rows("degrees", degree("FCPS", "BCPS", "২০১৪"), degree("", "", "")),
            places=rows("places", place("Sea View", "2 Beach Road", "coxs-bazar", phone="01712345678")),
        ),
    )
    assert (response.status_code, response.url) == (302, PATH)
    doctor.refresh_from_db()
    assert doctor.practising_since == 1998
    assert (doctor.fee_video, doctor.fee_in_person) == (Decimal(1200), Decimal(1500))
    assert (doctor.follow_up_fee, doctor.follow_up_days) == (Decimal(0), 14)
    assert doctor.languages == ["bn", "syl"]
    assert [row.specialty for row in doctor.doctor_specialties.all()] == [main, other]
    page = client.get(doctor.get_absolute_url())
    shown = text_of(page)
    for words in ("Prof. Dr. Karim", "Oncology, Cardiology", "৳1,200", "৳1,500", "FCPS BCPS, 2014", "Sees grown-ups."):
        assert words in shown
    assert "Follow-up within 14 days of a visit Free" in shown
    assert "Sea View 2 Beach Road, Cox&#x27;s Bazar +8801712345678" in shown
    assert "<script>alert" not in page.content.decode()
    for text in ("cardiology", "fcps", "beach", "cox's bazar"):
        assert find_doctors(SearchQuery(text=text)).doctor_ids == (doctor.pk,), text


def test_what_is_removed_is_found_no_longer(client_of: ClientOf) -> None:
    doctor = DoctorFactory()
    old, kept = QualificationFactory(doctor=doctor, degree="FRCS"), QualificationFactory(doctor=doctor)
    chamber = PracticePlaceFactory(doctor=doctor, name="Labaid")
    client_of(doctor.user).post(
        PATH,
        form(
            doctor,
            degrees=rows("degrees", degree(row=old.pk, DELETE="on"), degree("MS", row=kept.pk), initial=2),
            places=rows("places", place(row=chamber.pk, DELETE="on"), initial=1),
        ),
    )
    assert Qualification.objects.get().degree == "MS"
    assert Qualification.objects.get().pk == kept.pk
    assert not PracticePlace.objects.exists()
    document = SearchDocument.objects.get(doctor=doctor).words.split()
    assert "ms" in document
    assert not {"frcs", "labaid"} & set(document)


def test_a_place_with_hours_is_closed_and_not_deleted_and_can_be_used_again(client_of: ClientOf) -> None:
    doctor = DoctorFactory(with_place=True)
    chamber = doctor.places.get()
    WeeklyHoursFactory(doctor=doctor, modes=["in_person"], place=chamber)
    client = client_of(doctor.user)
    removed = rows("places", place(row=chamber.pk, DELETE="on"), initial=1)
    page = client.post(PATH, form(doctor, fee_in_person="1000", places=removed), follow=True)
    assert "is closed for new bookings" in text_of(page)
    chamber.refresh_from_db()
    assert not chamber.is_active
    assert WeeklyHours.objects.get().place == chamber
    assert chamber.name.split()[0].lower() not in SearchDocument.objects.get(doctor=doctor).words.split()
    assert "Closed places" in text_of(page)

    again = client.post(f"/practice/places/{chamber.pk}/use-again/")
    assert (again.status_code, again.url) == (302, PATH)
    chamber.refresh_from_db()
    assert chamber.is_active
    assert client.post(f"/practice/places/{chamber.pk}/use-again/").status_code == 404


def test_nothing_but_the_own_facts_is_written(client_of: ClientOf) -> None:
    doctor = DoctorFactory(unverified=True, name="Karim", registration_number="A-111")
    forged = {"name": "Other", "name_bn": "অন্য", "registration_number": "A-222", "verified_at": "2026-01-01"} | {
        "slug": "other",
        "user": "1",
        "suspended_at": "",
        "gender": "female",
    }
    assert client_of(doctor.user).post(PATH, form(doctor, **forged)).status_code == 302
    before = (doctor.name, doctor.name_bn, doctor.registration_number, doctor.verified_at, doctor.slug, doctor.gender)
    doctor.refresh_from_db()
    after = (doctor.name, doctor.name_bn, doctor.registration_number, doctor.verified_at, doctor.slug, doctor.gender)
    assert after == before


def test_rows_of_another_doctor_are_not_touched(client_of: ClientOf) -> None:
    doctor, other = DoctorFactory(), DoctorFactory()
    theirs, chamber = QualificationFactory(doctor=other, degree="FRCS"), PracticePlaceFactory(doctor=other)
    client_of(doctor.user).post(
        PATH,
        form(
            doctor,
            degrees=rows("degrees", degree("MS", row=theirs.pk), degree(row=theirs.pk, DELETE="on"), initial=2),
            places=rows("places", place(row=chamber.pk, DELETE="on"), place("Mine", row=chamber.pk), initial=2),
        ),
    )
    theirs.refresh_from_db()
    chamber.refresh_from_db()
    assert (theirs.degree, theirs.doctor) == ("FRCS", other)
    assert (chamber.doctor, chamber.is_active) == (other, True)
    assert [row.degree for row in doctor.qualifications.all()] == ["MS"]
    assert [row.name for row in doctor.places.all()] == ["Mine"]
    assert client_of(doctor.user).post(f"/practice/places/{chamber.pk}/use-again/").status_code == 404


def test_a_row_that_went_in_another_window_is_written_anew(client_of: ClientOf) -> None:
    doctor = DoctorFactory()
    gone = QualificationFactory(doctor=doctor)
    sent = form(doctor, degrees=rows("degrees", degree("FCPS", row=gone.pk), initial=1))
    gone.delete()
    assert client_of(doctor.user).post(PATH, sent).status_code == 302
    assert [row.degree for row in doctor.qualifications.all()] == ["FCPS"]


def test_a_specialty_that_is_out_of_use_stays_the_doctors(client_of: ClientOf) -> None:
    doctor = DoctorFactory(specialty=SpecialtyFactory(retired=True))
    SpecialtyFactory(retired=True, name_en="Long gone")
    client = client_of(doctor.user)
    assert "Long gone" not in text_of(client.get(PATH))
    assert client.post(PATH, form(doctor)).status_code == 302
    assert doctor.doctor_specialties.count() == 1


# What is wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("fee_video", "9", "at least ৳10"),
        ("fee_video", "-1", "less than 0"),
        ("fee_in_person", "9.99", "at least ৳10"),
        ("fee_in_person", "much", "amount in taka"),
        ("fee_video", "NaN", "amount in taka"),
        ("follow_up_fee", "5", "at least ৳10"),
        ("practising_since", "1890", "check the year"),
        ("practising_since", "2999", "still to come"),
        ("practising_since", "", "required"),
        ("title", "King", "not one of the available choices"),
        ("languages", [], "one at least"),
        ("specialty", "", "required"),
        ("specialty", "99999999", "not one of the available choices"),
        ("about", "x" * 4001, "4001 letters"),
        ("follow_up_days", "500", "180"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_is_kept(
    client_of: ClientOf, field: str, typed: object, said: str
) -> None:
    doctor = DoctorFactory(about="As it was.")
    sent = {"about": "A draft that took an hour."} | {field: typed}
    response = client_of(doctor.user).post(PATH, form(doctor, **sent))
    assert said in " ".join(errors(response)[field])
    assert list(errors(response)) == [field]
    if field != "about":
        assert "A draft that took an hour." in response.content.decode()
    doctor.refresh_from_db()
    assert doctor.about == "As it was."


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"follow_up_fee": "300"}, "follow_up_days"),
        ({"follow_up_days": "10"}, "follow_up_fee"),
        ({"follow_up_fee": "900", "follow_up_days": "10"}, "follow_up_fee"),
    ],
)
def test_a_follow_up_has_a_fee_and_a_window_and_costs_no_more(client_of: ClientOf, sent: Fields, field: str) -> None:
    doctor = DoctorFactory()
    assert list(errors(client_of(doctor.user).post(PATH, form(doctor, **sent)))) == [field]


def test_four_further_specialties_are_too_many(client_of: ClientOf) -> None:
    doctor = DoctorFactory()
    more = [str(SpecialtyFactory().pk) for _ in range(4)]
    assert "three at most" in str(errors(client_of(doctor.user).post(PATH, form(doctor, further=more))))
    assert client_of(doctor.user).post(PATH, form(doctor, further=more[:3])).status_code == 302


def test_what_is_wrong_in_a_row_is_said_there_and_above(client_of: ClientOf) -> None:
    doctor = DoctorFactory()
    response = client_of(doctor.user).post(
        PATH,
        form(
            doctor,
            degrees=rows("degrees", degree("", "Dhaka Medical College", "2999")),
            places=rows("places", place("Sea View", "", "atlantis", phone="12")),
        ),
    )
    assert response.status_code == 422
    assert set(response.context["degree_rows"].forms[0].errors) == {"degree", "year"}
    assert set(response.context["place_rows"].forms[0].errors) == {"address", "district", "phone"}
    page = response.content.decode()
    assert 'href="#id_places-0-address"' in page
    assert 'value="Sea View"' in page


@pytest.mark.parametrize("total", ["", "x", "-1", "9999"])
def test_a_broken_count_of_rows_is_no_error_of_ours(client_of: ClientOf, total: str) -> None:
    doctor = DoctorFactory()
    sent = form(doctor) | {"degrees-TOTAL_FORMS": total, "places-INITIAL_FORMS": total}
    assert client_of(doctor.user).post(PATH, sent).status_code in (302, 422)
    assert doctor.doctor_specialties.count() == 1


# Preview ---------------------------------------------------------------------------------------------------------


def test_preview_shows_what_stands_in_the_form_and_saves_nothing(client_of: ClientOf) -> None:
    doctor = DoctorFactory(unverified=True, about="As it was.")
    chamber = PracticePlaceFactory(doctor=doctor)
    client = client_of(doctor.user)
    sent = form(
        doctor,
        about="As it will be.",
        fee_video="950",
        degrees=rows("degrees", degree("FRCS")),
        places=rows("places", place(row=chamber.pk, DELETE="on"), place("Sea View"), initial=1),
    )
    response = client.post(PREVIEW, sent)
    shown = text_of(response)
    for words in ("As it will be.", "৳950", "FRCS", "Sea View", "Nothing of it is saved yet"):
        assert words in shown
    assert chamber.name not in shown
    doctor.refresh_from_db()
    assert (doctor.about, doctor.fee_video) == ("As it was.", Decimal(800))
    assert not doctor.qualifications.exists()
    assert list(doctor.places.all()) == [chamber]
    assert "As it was." in text_of(client.get(PREVIEW))
    assert client.post(PREVIEW, sent | {"fee_video": "5"}).status_code == 422


def test_preview_is_the_public_page(client_of: ClientOf, client: Client) -> None:
    doctor = DoctorFactory(with_place=True, about="Sees grown-ups.", follow_up_fee=Decimal(300), follow_up_days=7)
    QualificationFactory(doctor=doctor)

    def page(html: str) -> str:
        return html.partition('<div class="profile">')[2].partition("</main>")[0].strip()

    public, preview = (
        page(each.content.decode())
        for each in (client.get(doctor.get_absolute_url()), client_of(doctor.user).get(PREVIEW))
    )
    assert public == preview != ""


# Photo -----------------------------------------------------------------------------------------------------------


def test_a_photo_is_put_on_the_page_and_taken_away(
    client_of: ClientOf, tmp_path: Path, django_capture_on_commit_callbacks
) -> None:
    doctor = DoctorFactory()
    client = client_of(doctor.user)
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(PHOTO, {"photo": photo()}).status_code == 302
        assert client.post(PHOTO, {"photo": photo("PNG")}).status_code == 302
    doctor.refresh_from_db()
    assert doctor.photo.url in client.get(doctor.get_absolute_url()).content.decode()
    assert len(list(tmp_path.rglob("*.webp"))) == 2
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(PHOTO, {"remove": "1"}).status_code == 302
    doctor.refresh_from_db()
    assert not doctor.photo
    assert not list(tmp_path.rglob("*.webp"))


@pytest.mark.parametrize(
    ("upload", "said"),
    [
        (None, "Choose a photo first"),
        (SimpleUploadedFile("a.jpg", b""), "empty"),
        (SimpleUploadedFile("a.jpg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "JPEG, PNG or WebP"),
        (SimpleUploadedFile("a.jpg", b"\xff\xd8\xff\xe0" + b"x" * 2000), "cannot be read"),
        (photo(side=60), "too small"),
    ],
)
def test_a_photo_that_is_none_is_told_at_its_field(
    client_of: ClientOf, upload: SimpleUploadedFile | None, said: str, tmp_path: Path
) -> None:
    doctor = DoctorFactory()
    response = client_of(doctor.user).post(PHOTO, {"photo": upload} if upload else {})
    assert response.status_code == 422
    assert said in str(response.context["photo_form"].errors["photo"])
    assert not list(tmp_path.rglob("*.*"))


# Who, and how many queries ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [PATH, PREVIEW])
def test_the_page_is_a_doctors_own(client: Client, client_of: ClientOf, patient: User, path: str) -> None:
    assert client.get(path).url == f"/accounts/login/?{urlencode({'next': path})}"
    assert client_of(patient).get(path).status_code == 403
    assert client_of(patient).post(path, {}).status_code == 403


def test_a_doctor_who_waits_may_write_the_page_already(client_of: ClientOf) -> None:
    doctor = DoctorFactory(unverified=True)
    page = read(client_of(doctor.user), PATH)
    assert "Patients cannot see this yet" in page.html
    assert "Preview" in page.links


def test_a_suspended_doctor_reads_why(client_of: ClientOf) -> None:
    doctor = DoctorFactory(hidden=True, suspension_reason="Three complaints about <cash>.")
    page = read(client_of(doctor.user), PATH)
    assert "Three complaints about &lt;cash&gt;." in page.html


@pytest.mark.parametrize("count", [1, 3])
def test_page_needs_the_same_queries_for_any_number_of_rows(
    client_of: ClientOf, django_assert_num_queries, count: int
) -> None:
    doctor = DoctorFactory(specialty=False)
    for _ in range(count):
        DoctorSpecialtyFactory(doctor=doctor)
        QualificationFactory(doctor=doctor)
        PracticePlaceFactory(doctor=doctor)
        PracticePlaceFactory(doctor=doctor, is_active=False)
    client = client_of(doctor.user)
    with django_assert_num_queries(9):
        assert client.get(PATH).status_code == 200


# Numbers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("A-12345", "A-12345"),
        ("a12345", "A-12345"),
        (" A 12345 ", "A-12345"),
        ("bmdc reg. no. a-১২৩৪৫", "A-12345"),
        ("BMDC A12345", "A-12345"),
        ("B.M.D.C. Registration Number: D–4321", "D-4321"),
        ("Ａ－１２３４５", "A-12345"),
        ("A/012345", "A-012345"),
    ],
)
def test_registration_numbers_are_kept_in_one_spelling(typed: str, kept: str) -> None:
    assert normalise_registration(typed) == kept


@pytest.mark.parametrize("typed", ["12345", "১২৩৪৫", "A-1", "A", "A-123456789", "A-12B45", "ABCD-1234", "'; --"])
def test_what_is_no_registration_number_is_refused(typed: str) -> None:
    with pytest.raises(Exception, match="certificate"):
        normalise_registration(typed)


def test_digits_of_any_script_are_read() -> None:
    assert latin_digits("১২৩ ٤٥ 67 A") == "123 45 67 A"
