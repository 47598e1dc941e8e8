from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.utils import timezone

from doctors.models import Gender, Language, Mode
from doctors.search import PAGE_SIZE, Available, SearchQuery, Sort, find_doctors
from doctors.services import write_documents
from specialties.models import Specialty
from tests.factories.doctors import (
    DoctorFactory,
    DoctorSpecialtyFactory,
    OpenDayFactory,
    PracticePlaceFactory,
    QualificationFactory,
)
from tests.factories.specialties import SpecialtyFactory, SymptomFactory

pytestmark = pytest.mark.django_db


def names(**asked: object) -> list[str]:
    """The names of the doctors found, in order."""
    found = find_doctors(SearchQuery(**asked)).doctor_ids
    doctors = DoctorFactory._meta.model.objects.in_bulk(found)
    return [doctors[pk].name for pk in found]


@pytest.fixture
def specialties() -> dict[str, Specialty]:
    """Those that come with the portal, with their complaints, by slug."""
    call_command("load_specialties", verbosity=0)
    return {specialty.slug: specialty for specialty in Specialty.objects.all()}


# Words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["Farhana", "farhana rahman", "RAHMAN, Farhana", "far rah", "ফারহানা", "রহমান ফারহানা", "ফারহা", "Dr. Farhana", "ডা. ফারহানা"],
)
def test_a_name_is_found_in_both_scripts_and_by_its_beginning(text: str) -> None:
    DoctorFactory(name="Farhana Rahman", name_bn="ডা. ফারহানা রহমান")
    DoctorFactory(name="Anisul Haque", name_bn="ডা. আনিসুল হক")
    assert names(text=text) == ["Farhana Rahman"]


@pytest.mark.parametrize("text", ["card", "cardiology", "Cardiologist", "heart doctor", "হৃদরোগ বিশেষজ্ঞ", "hridrog"])
def test_a_specialty_is_found_by_its_names_its_practitioners_and_other_words(text: str, specialties) -> None:
    DoctorFactory(name="Heart", specialty=specialties["cardiology"])
    DoctorFactory(name="Skin", specialty=specialties["dermatology"])
    assert names(text=text) == ["Heart"]


@pytest.mark.parametrize("text", ["chest pain", "pain in the chest", "বুকে ব্যথা", "buke betha", "amar buke betha"])
def test_a_complaint_leads_to_its_specialties_the_best_first(text: str, specialties) -> None:
    DoctorFactory(name="Skin", specialty=specialties["dermatology"])
    DoctorFactory(name="General", specialty=specialties["internal-medicine"])
    DoctorFactory(name="Heart", specialty=specialties["cardiology"])
    assert names(text=text) == ["Heart", "General"]
    understood = find_doctors(SearchQuery(text=text)).understood
    assert understood[0] == specialties["cardiology"].pk


def test_a_renamed_specialty_and_a_new_complaint_are_found_at_once() -> None:
    specialty = SpecialtyFactory(name_en="Sleep medicine")
    DoctorFactory(name="Sleep", specialty=specialty)
    assert names(text="somnology") == []
    specialty.name_en = "Somnology"
    specialty.save()
    assert names(text="somnology") == ["Sleep"]
    SymptomFactory(name_en="Snoring", synonyms=["nak daka"], specialties=[specialty])
    assert names(text="nak daka") == ["Sleep"]


def test_a_specialty_out_of_use_means_nothing() -> None:
    DoctorFactory(name="Old", specialty=SpecialtyFactory(name_en="Phrenology", retired=True))
    assert names(text="phrenology") == []


def test_places_districts_older_names_and_degrees_are_found() -> None:
    doctor = DoctorFactory(name="Coast")
    PracticePlaceFactory(doctor=doctor, name="Sea View Hospital", district="chattogram")
    PracticePlaceFactory(doctor=doctor, name="Hill Clinic", district="sylhet", is_active=False)
    QualificationFactory(doctor=doctor, degree="F.C.P.S. (Surgery)")
    DoctorFactory(name="Elsewhere")
    write_documents([doctor.pk])
    for text in ("sea view", "Chattogram", "chittagong", "চট্টগ্রাম", "fcps"):
        assert names(text=text) == ["Coast"], text
    assert names(text="hill") == []


def test_a_bangla_word_with_a_nasal_sign_is_one_word() -> None:
    doctor = DoctorFactory(name="North")
    PracticePlaceFactory(doctor=doctor, district="rangpur")
    other = DoctorFactory(name="East")
    PracticePlaceFactory(doctor=other, name="পুর ক্লিনিক", district="dhaka")
    write_documents([doctor.pk, other.pk])
    assert names(text="রংপুর") == ["North"]
    assert names(text="পুর") == ["East"]


def test_all_words_must_fit_whether_they_name_the_doctor_the_specialty_or_the_place(specialties) -> None:
    both = DoctorFactory(name="Karim Rahman", specialty=specialties["cardiology"])
    PracticePlaceFactory(doctor=both, district="khulna")
    write_documents([both.pk])
    DoctorFactory(name="Karim Haque", specialty=specialties["cardiology"])
    DoctorFactory(name="Rahman Das", specialty=specialties["dermatology"])
    assert names(text="heart rahman khulna") == ["Karim Rahman"]
    assert names(text="skin karim") == []


def test_names_come_before_places_of_the_same_name() -> None:
    place = DoctorFactory(name="Anisul Haque")
    PracticePlaceFactory(doctor=place, name="Popular Clinic")
    write_documents([place.pk])
    DoctorFactory(name="Popular Chowdhury")
    assert names(text="popular") == ["Popular Chowdhury", "Anisul Haque"]


@pytest.mark.parametrize("text", ["A-54321", "a 54321", "54321", "BMDC reg. no. A-54321", "৫৪৩২১"])
def test_a_registration_number_is_found_exactly(text: str) -> None:
    DoctorFactory(name="Right", registration_number="A-54321")
    DoctorFactory(name="Longer", registration_number="A-543210")
    assert names(text=text) == ["Right"]


def test_a_registration_number_wins_over_the_same_number_in_an_address() -> None:
    street = DoctorFactory(name="Street", listing__rating=Decimal(5), listing__rating_count=900)
    PracticePlaceFactory(doctor=street, address="House 54321")
    write_documents([street.pk])
    DoctorFactory(name="Right", registration_number="A-54321")
    assert names(text="54321") == ["Right", "Street"]


@pytest.mark.parametrize(
    ("typed", "meant"), [("rahmn", "rahman"), ("Rehman", "rahman"), ("cardiolgy", "cardiology"), ("রহমন", "রহমান")]
)
def test_a_misspelt_word_is_searched_as_what_it_sounds_like(typed: str, meant: str, specialties) -> None:
    DoctorFactory(name="Karim Rahman", name_bn="করিম রহমান", specialty=specialties["cardiology"])
    DoctorFactory(name="Sabina Das", name_bn="সাবিনা দাস", specialty=specialties["dermatology"])
    result = find_doctors(SearchQuery(text=typed))
    assert (result.total, result.corrected) == (1, meant)


def test_a_word_that_somebody_has_is_not_corrected() -> None:
    DoctorFactory(name="Rahim Uddin")
    DoctorFactory(name="Rahman Das")
    assert names(text="rahim") == ["Rahim Uddin"]
    assert find_doctors(SearchQuery(text="rahim")).corrected == ""


def test_words_that_mean_nothing_are_left_out_and_named() -> None:
    DoctorFactory(name="Karim Rahman")
    result = find_doctors(SearchQuery(text="karim xyzzyqwert"))
    assert (result.total, result.ignored, result.corrected) == (1, ("xyzzyqwert",), "")
    assert find_doctors(SearchQuery(text="xyzzyqwert")).total == 0


@pytest.mark.parametrize("text", ["doctor", "Dr.", "ডাক্তার", "  ", "?!"])
def test_words_that_say_nothing_do_not_narrow(text: str) -> None:
    DoctorFactory(name="Karim Rahman")
    assert names(text=text) == ["Karim Rahman"]


@pytest.mark.parametrize(
    "text",
    [
        "name", "@karim", "+1", "#a12345", "'", "\\", ":*", "a & !b | (c", "%", "_", "*",
        "'; DROP TABLE doctors_doctor; --",
        "<b>karim</b>x", "\0", "karim\0zz", "\ud800", "क्या", "x" * 100_000, "ক" * 100_000, " ".join("abcdefgh" * 500),
    ],
)  # fmt: skip
def test_odd_texts_find_nobody_and_break_nothing(text: str) -> None:
    DoctorFactory(name="Rahim Uddin", specialty=SpecialtyFactory(name_en="Oncology", practitioner_en="Oncologist"))
    assert find_doctors(SearchQuery(text=text)).total in {0, 1}


def test_the_signs_of_a_document_cannot_be_typed() -> None:
    specialty = SpecialtyFactory()
    DoctorFactory(name="Karim Rahman", specialty=specialty)
    DoctorFactory(name="Specialty Name", specialty=specialty)
    assert names(text="name") == ["Specialty Name"]
    assert names(text=f"+{specialty.pk}") == []


# Who may be found ------------------------------------------------------------------------------------------------


def test_only_public_doctors_are_found_by_whatever_is_asked() -> None:
    specialty = SpecialtyFactory(name_en="Oncology", slug="oncology")
    facts = {"specialty": specialty, "with_place": True, "listing__rating": Decimal(5), "listing__rating_count": 50}
    DoctorFactory(name="Karim Waiting", registration_number="A-777", unverified=True, **facts)
    DoctorFactory(name="Karim Hidden", registration_number="A-888", hidden=True, **facts)
    DoctorFactory(name="Karim Public", registration_number="A-999", **facts)
    queries = [{}, {"text": "karim"}, {"text": "oncology"}, {"specialty": "oncology"}, {"district": "dhaka"}]
    for asked in [*queries, {"mode": "video"}, {"sort": Sort.RATING}]:
        assert names(**asked) == ["Karim Public"], asked
    for text in ("A-777", "A-888", "waiting", "hidden"):
        assert names(text=text) == []


def test_a_doctor_who_was_hidden_since_is_not_suggested_by_spelling() -> None:
    doctor = DoctorFactory(name="Zebunnessa")
    doctor.suspended_at, doctor.suspension_reason = timezone.now(), "Complaints"
    doctor.save()
    write_documents([doctor.pk])
    result = find_doctors(SearchQuery(text="zebunessa"))
    assert (result.total, result.corrected) == (0, "")


# Filters ---------------------------------------------------------------------------------------------------------


def test_specialty_counts_whether_it_is_the_first_or_a_further_one() -> None:
    specialty = SpecialtyFactory(slug="oncology")
    second = DoctorFactory(name="Second")
    DoctorSpecialtyFactory(doctor=second, specialty=specialty)
    write_documents([second.pk])
    DoctorFactory(name="First", specialty=specialty)
    DoctorFactory(name="Other")
    assert sorted(names(specialty="oncology")) == ["First", "Second"]
    assert names(specialty="nowhere") == []


def test_mode_and_fee_narrow_together() -> None:
    DoctorFactory(name="Video", fee_video=Decimal(500))
    DoctorFactory(name="Both", fee_video=Decimal(2000), fee_in_person=Decimal(400))
    DoctorFactory(name="Chamber", fee_video=None, fee_in_person=Decimal(900))
    assert sorted(names(mode=Mode.VIDEO)) == ["Both", "Video"]
    assert sorted(names(mode=Mode.IN_PERSON)) == ["Both", "Chamber"]
    assert sorted(names(fee_max=Decimal(500))) == ["Both", "Video"]
    assert names(mode=Mode.VIDEO, fee_max=Decimal(500)) == ["Video"]
    assert names(fee_max=Decimal(399)) == []


def test_a_free_doctor_is_within_any_fee() -> None:
    DoctorFactory(name="Free", free=True)
    assert names(fee_max=Decimal(0)) == ["Free"]


def test_district_looks_at_places_in_use() -> None:
    DoctorFactory(name="Dhaka", with_place=True)
    DoctorFactory(name="Left", with_place=True, place__district="sylhet", place__is_active=False)
    DoctorFactory(name="Sylhet", with_place=True, place__district="sylhet")
    assert names(district="sylhet") == ["Sylhet"]


def test_gender_and_any_of_the_languages() -> None:
    DoctorFactory(name="She", gender=Gender.FEMALE, languages=[Language.BANGLA, Language.HINDI])
    DoctorFactory(name="He", gender=Gender.MALE, languages=[Language.ENGLISH])
    assert names(gender=Gender.FEMALE) == ["She"]
    assert names(languages=("hi", "ar")) == ["She"]
    assert sorted(names(languages=("hi", "en"))) == ["He", "She"]


def test_available_looks_at_open_days_of_the_mode() -> None:
    today = OpenDayFactory.build(doctor=None).date
    OpenDayFactory(doctor__name="Today", date=today)
    OpenDayFactory(doctor__name="Tomorrow", date=today + timedelta(days=1), mode=Mode.IN_PERSON)
    OpenDayFactory(doctor__name="Sixth", date=today + timedelta(days=6))
    OpenDayFactory(doctor__name="Seventh", date=today + timedelta(days=7))
    OpenDayFactory(doctor__name="Yesterday", date=today - timedelta(days=1))
    assert names(available=Available.TODAY) == ["Today"]
    assert names(available=Available.TOMORROW) == ["Tomorrow"]
    assert names(available=Available.TOMORROW, mode=Mode.VIDEO) == []
    assert sorted(names(available=Available.WEEK)) == ["Sixth", "Today", "Tomorrow"]


# Order and pages -------------------------------------------------------------------------------------------------


def test_best_prefers_who_can_be_seen_soon_then_the_better_rated() -> None:
    soon, late = timezone.now() + timedelta(hours=20), timezone.now() + timedelta(days=9)
    DoctorFactory(name="Late", listing__next_open_video=late, listing__rating=Decimal(5), listing__rating_count=99)
    open_soon = {"listing__next_open_video": soon, "listing__opens_soon": True}
    DoctorFactory(name="Good", **open_soon, listing__rating=Decimal("4.9"), listing__rating_count=40)
    DoctorFactory(name="One five", **open_soon, listing__rating=Decimal("4.33"), listing__rating_count=1)
    DoctorFactory(name="Poor", **open_soon, listing__rating=Decimal(3), listing__rating_count=40)
    assert names() == ["Good", "One five", "Poor", "Late"]
    assert names(sort=Sort.RATING) == ["Late", "Good", "One five", "Poor"]


def test_earliest_looks_at_the_mode_and_puts_who_has_no_times_last() -> None:
    hours = [timezone.now() + timedelta(hours=number) for number in range(1, 5)]
    DoctorFactory(name="No times")
    DoctorFactory(name="Chamber", listing__next_open_in_person=hours[0], listing__next_open_video=hours[3])
    DoctorFactory(name="Video", listing__next_open_video=hours[1])
    assert names(sort=Sort.EARLIEST) == ["Chamber", "Video", "No times"]
    assert names(sort=Sort.EARLIEST, mode=Mode.VIDEO) == ["Video", "Chamber", "No times"]


def test_lowest_fee_looks_at_the_mode() -> None:
    DoctorFactory(name="A", fee_video=Decimal(900), fee_in_person=Decimal(100))
    DoctorFactory(name="B", fee_video=Decimal(500))
    assert names(sort=Sort.FEE) == ["A", "B"]
    assert names(sort=Sort.FEE, mode=Mode.VIDEO) == ["B", "A"]


def test_pages_hold_everybody_once_and_end_at_the_last() -> None:
    everybody = {DoctorFactory().pk for _ in range(PAGE_SIZE + 3)}
    pages = [find_doctors(SearchQuery(page=page)) for page in (1, 2)]
    assert [len(page.doctor_ids) for page in pages] == [PAGE_SIZE, 3]
    assert {pk for page in pages for pk in page.doctor_ids} == everybody
    assert pages[0].pages == 2
    for absurd in (3, 10**9, 10**30):
        assert find_doctors(SearchQuery(page=absurd)) == pages[1]
    for absurd in (0, -7):
        assert find_doctors(SearchQuery(page=absurd)) == pages[0]


@pytest.mark.parametrize(("asked", "queries"), [({}, 3), ({"text": "karim"}, 4), ({"text": "kerim"}, 9)])
@pytest.mark.parametrize("count", [1, 3])
def test_search_needs_the_same_queries_for_any_number_of_doctors(
    django_assert_num_queries, asked: dict[str, object], queries: int, count: int
) -> None:
    for number in range(count):
        DoctorFactory(name=f"Karim {number}")
    find_doctors(SearchQuery(**asked))
    with django_assert_num_queries(queries):
        assert find_doctors(SearchQuery(**asked)).total == count
