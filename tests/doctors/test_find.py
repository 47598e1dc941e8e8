import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.core.cache import caches
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from doctors.models import Doctor, DoctorListing, Gender, Language
from doctors.search import PAGE_SIZE
from tests.factories.doctors import DoctorFactory, DoctorSpecialtyFactory, PracticePlaceFactory, QualificationFactory
from tests.factories.specialties import SpecialtyFactory, SymptomFactory

pytestmark = pytest.mark.django_db

FIND = reverse("doctors:find")


def names(response) -> list[str]:
    return [card.doctor.name for card in response.context["cards"]]


def text_of(response) -> str:
    """What a reader sees, in one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_card_tells_who_the_doctor_is(client: Client) -> None:
    doctor = DoctorFactory(
        name="Farhana Rahman",
        slug="farhana-rahman",
        registration_number="A-54321",
        specialty=SpecialtyFactory(name_en="Oncology"),
        languages=[Language.BANGLA, Language.HINDI],
        practising_since=timezone.localdate().year - 12,
        fee_video=Decimal(123450),
        fee_in_person=Decimal(0),
        listing__rating=Decimal("4.70"),
        listing__rating_count=31,
        listing__next_open_video=timezone.now() + timedelta(days=9),
    )
    QualificationFactory(doctor=doctor, degree="MBBS")
    QualificationFactory(doctor=doctor, degree="FCPS", year=2014)
    PracticePlaceFactory(doctor=doctor, name="Sea View", district="coxs-bazar")
    page = client.get(FIND)
    shown = text_of(page)
    for words in (
        "Dr. Farhana Rahman",
        "Oncology",
        "MBBS, FCPS",
        "BMDC A-54321",
        "Bangla, Hindi",
        "12 years of practice",
    ):
        assert words in shown
    for words in ("4.7", "(31)", "৳1,23,450", "Free", "Sea View, Cox&#x27;s Bazar", "Next:", "1 doctor"):
        assert words in shown
    assert reverse("doctors:profile", args=["farhana-rahman"]) in page.content.decode()
    assert f"{reverse('appointments:strips')}?doctors={doctor.pk}" in page.content.decode()


def test_card_without_open_times_says_so(client: Client) -> None:
    DoctorFactory(listing__next_open_video=timezone.now() - timedelta(minutes=1))
    assert "No open times online" in text_of(client.get(FIND))


def test_a_card_that_was_drawn_before_says_what_is_so_now(client: Client) -> None:
    """After each change to whatever a card tells, it is what it would be had none been drawn."""
    soon = timezone.now() + timedelta(hours=2)
    doctor = DoctorFactory(fee_video=Decimal(500), with_place=True, listing__next_open_video=soon)
    listing, place = DoctorListing.objects.filter(doctor=doctor), doctor.places
    these = Doctor.objects.filter(pk=doctor.pk)

    def card() -> str:
        return re.split("</?ol", client.get(FIND).content.decode())[1]

    changes: list[Callable[[], object]] = [
        lambda: these.update(name="Farhana Rahman", title="Prof. Dr."),
        lambda: these.update(slug="farhana"),
        lambda: these.update(registration_number="B-777"),
        lambda: these.update(languages=[Language.HINDI]),
        lambda: these.update(practising_since=1999),
        lambda: these.update(photo_small="doctors/small.webp"),
        lambda: these.update(fee_video=Decimal(700)),
        lambda: these.update(fee_in_person=Decimal(0)),
        lambda: QualificationFactory(doctor=doctor, degree="FCPS"),
        lambda: DoctorSpecialtyFactory(doctor=doctor, specialty=SpecialtyFactory(name_en="Oncology")),
        lambda: place.update(name="Sea View"),
        lambda: place.update(district="sylhet"),
        lambda: PracticePlaceFactory(doctor=doctor),
        lambda: listing.update(rating=Decimal("4.10"), rating_count=9),
        lambda: listing.update(rating_count=2),
        lambda: listing.update(next_open_video=soon + timedelta(days=9)),
        lambda: listing.update(next_open_video=None),
        lambda: these.update(fee_video=None),
        lambda: these.update(name_bn="ডা. ফারহানা রহমান"),
        lambda: client.cookies.load({settings.LANGUAGE_COOKIE_NAME: "bn"}),
    ]
    for number, change in enumerate(changes):
        before = card()
        assert card() == before
        change()
        after = card()
        caches["template_fragments"].clear()
        assert after == card(), number
        # In English nobody reads the Bangla name.
        assert (after != before) == (number != len(changes) - 2), number


def kept_pieces() -> int:
    return len(caches["template_fragments"]._cache)


def test_places_that_nobody_has_heard_of_leave_no_more_pieces_of_pages_behind(client: Client) -> None:
    """A process has room for so many, and the cards are among them."""
    DoctorFactory(with_place=True)
    positions = [f"{20 + number / 10},{88 + number / 10}" for number in range(50)]
    for first, *others in (
        [{"district": f"atlantis-{number}"} for number in range(50)],
        [{"near": f"atlantis-{number}"} for number in range(50)],
        [{"near": position} for position in positions],
        [{"near": f" {position} "} for position in positions],
    ):
        client.get(FIND, first)
        before = kept_pieces()
        for asked in others:
            client.get(FIND, asked)
        assert kept_pieces() == before, first


@pytest.mark.parametrize("count", [1, 3])
def test_results_need_the_same_queries_for_any_number_of_doctors(
    client: Client, django_assert_num_queries, count: int
) -> None:
    for _ in range(count):
        doctor = DoctorFactory(with_place=True)
        DoctorSpecialtyFactory(doctor=doctor)
        QualificationFactory(doctor=doctor)
    asked = {"q": "anisul", "mode": "video", "district": "dhaka", "sort": "fee"}
    client.get(FIND, asked)
    # Specialties, lexicon, counts with their specialties (2), the page of ids, doctors, their specialties (2), places,
    # degrees, suggestions.
    with django_assert_num_queries(11):
        assert len(client.get(FIND, asked).context["cards"]) == count


def test_every_filter_of_the_address_narrows_and_is_a_chip_that_takes_it_away(client: Client) -> None:
    specialty = SpecialtyFactory(slug="oncology", name_en="Oncology")
    facts = {"gender": Gender.FEMALE, "with_place": True, "place__district": "sylhet"}
    DoctorFactory(name="Karim", specialty=specialty, **facts)
    DoctorFactory(name="Karim Wrong")
    asked = {
        "q": "karim",
        "district": "sylhet",
        "mode": "in_person",
        "specialty": "oncology",
        "fee_max": "১০০০",
        "gender": "female",
        "languages": ["bn", "en"],
        "sort": "earliest",
    }
    page = client.get(FIND, asked)
    assert names(page) == ["Karim"]
    chips = {chip.words: chip.href for chip in page.context["chips"]}
    assert list(chips) == ["karim", "Sylhet", "In person", "Oncology", "1000", "Female", "Bangla", "English"]
    assert "Up to ৳1,000" in text_of(page)
    without_english = client.get(chips["English"])
    assert [chip.words for chip in without_english.context["chips"]] == [*chips][:-1]
    assert without_english.context["query"].sort == "earliest"
    assert [chip.words for chip in client.get(chips["karim"]).context["chips"]] == [*chips][1:]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("q", "x" * 101),
        ("q", "karim\0"),
        ("district", "atlantis"),
        ("mode", "carrier-pigeon"),
        ("available", "yesterday"),
        ("specialty", "' OR 1=1"),
        ("fee_max", "cheap"),
        ("fee_max", "-5"),
        ("fee_max", "9" * 30),
        ("fee_min", "-1"),
        ("near", "atlantis"),
        ("near", "91.0,90.0"),
        ("near", "nan,inf"),
        ("km", "999999"),
        ("rating", "5.5"),
        ("experience", "ten"),
        ("sort", "nearest"),
        ("gender", "x"),
        ("languages", "tlh"),
        ("sort", "-password"),
    ],
)
def test_a_senseless_value_is_told_at_its_field_and_the_rest_is_searched(
    client: Client, field: str, value: str
) -> None:
    DoctorFactory(name="Karim", gender=Gender.FEMALE)
    DoctorFactory(name="Rahim", gender=Gender.MALE)
    asked = {"fee_max": "5000", "gender": "female"} | {field: value}
    page = client.get(FIND, asked)
    assert page.status_code == 200
    (error,) = page.context["form"].errors[field]
    assert str(error) in page.content.decode().replace("&#x27;", "'").replace("&quot;", '"')
    assert list(page.context["form"].errors) == [field]
    assert names(page) == (["Karim"] if field != "gender" else names(client.get(FIND, {"fee_max": "5000"})))


@pytest.mark.parametrize("number", ["0", "-1", "abc", "1e9", "999999999", "9" * 40, "২", "1.5", ""])
def test_an_absurd_page_is_one_that_there_is(client: Client, number: str) -> None:
    for _ in range(PAGE_SIZE + 1):
        DoctorFactory()
    shown = client.get(FIND, {"page": number, "mode": "video"})
    assert shown.context["page"].number in {1, 2}
    assert shown.context["cards"]


def test_pages_keep_what_was_asked(client: Client) -> None:
    for _ in range(PAGE_SIZE + 1):
        DoctorFactory()
    page = client.get(FIND, {"mode": "video"})
    assert 'href="/doctors/?mode=video&amp;page=2"' in page.content.decode()
    assert len(client.get(FIND, {"mode": "video", "page": "2"}).context["cards"]) == 1


def test_nobody_found_offers_what_to_loosen_and_how_many_that_gives(client: Client) -> None:
    for _ in range(2):
        DoctorFactory(name="Karim", gender=Gender.MALE)
    DoctorFactory(name="Sabina", gender=Gender.FEMALE)
    page = client.get(FIND, {"q": "karim", "gender": "female", "fee_min": "0", "fee_max": "5000", "sort": "fee"})
    assert "No doctor fits all of this" in text_of(page)
    loosened = page.context["loosened"]
    assert [(chip.words, chip.count) for chip in loosened] == [("Female", 2), ("karim", 1)]
    for chip in loosened:
        assert client.get(chip.href).context["result"].total == chip.count
    assert "Female +2" in text_of(page)
    assert f'<a href="{FIND}"' in page.content.decode()


def test_what_hides_nobody_alone_is_offered_to_be_taken_away_all_the_same(client: Client) -> None:
    DoctorFactory(name="Karim", gender=Gender.MALE)
    page = client.get(FIND, {"languages": "hi", "gender": "female", "district": "feni"})
    assert page.context["loosened"] == []
    assert len(page.context["chips"]) == 3
    assert "Try again without one of these" in text_of(page)


# Facets ----------------------------------------------------------------------------------------------------------


def test_choices_say_how_many_doctors_they_would_leave(client: Client) -> None:
    field = SpecialtyFactory(slug="oncology", name_en="Oncology")
    DoctorFactory(specialty=field, gender=Gender.FEMALE, with_place=True, place__district="sylhet")
    DoctorFactory(specialty=field, gender=Gender.MALE)
    page = client.get(FIND, {"gender": "female"})
    facets = page.context["facets"]
    assert [(option.value, option.count, option.is_chosen) for option in facets["gender"]] == [
        ("", None, False),
        ("female", 1, True),
        ("male", 1, False),
    ]
    html = page.content.decode()
    assert '<option value="oncology">Oncology (1)</option>' in html
    assert '<option value="sylhet">Sylhet (1)</option>' in html
    assert f'id="{facets["gender"][2].id}" aria-hidden="true">1</span>' in html
    client.cookies["language"] = "bn"
    assert "(১)</option>" in client.get(FIND).content.decode()


def test_htmx_gets_the_counts_for_the_choices_that_stand_there(client: Client) -> None:
    DoctorFactory(gender=Gender.FEMALE, specialty=SpecialtyFactory(slug="oncology", name_en="Oncology"))
    part = client.get(FIND, {"specialty": "oncology"}, headers={"HX-Request": "true"})
    html = part.content.decode()
    assert f'<p hx-swap-oob="innerHTML:#{part.context["facets"]["gender"][1].id}">1</p>' in html
    assert '<option value="oncology" selected>Oncology (1)</option>' in html


def test_filters_are_told_in_bangla_digits_on_a_page_in_bangla(client: Client) -> None:
    client.cookies["language"] = "bn"
    page = client.get(FIND, {"near": "sylhet", "km": "25", "rating": "4.5", "experience": "10"})
    words = [chip.words for chip in page.context["chips"]]
    assert words == ["সিলেট থেকে ২৫ কিমির মধ্যে", "৪.৫ বা বেশি", "১০ বছর বা বেশি"]
    facets = page.context["facets"]
    shown = "".join(option.words for name in ("km", "rating", "experience") for option in facets[name])
    assert not re.search("[0-9]", shown)


def test_fees_from_and_to_the_wrong_way_round_are_told(client: Client) -> None:
    DoctorFactory(fee_video=Decimal(800))
    page = client.get(FIND, {"fee_min": "900", "fee_max": "700"})
    assert list(page.context["form"].errors) == ["fee_min"]
    assert "This is more than the highest fee." in text_of(page)
    assert page.context["result"].total == 0
    assert page.context["query"].fee_min is None


# Near ------------------------------------------------------------------------------------------------------------


def test_near_a_place_or_a_point_that_is_rounded(client: Client) -> None:
    DoctorFactory(name="Sylhet", with_place=True, place__district="sylhet")
    DoctorFactory(name="Dhaka", with_place=True)
    DoctorFactory(name="Gazipur", with_place=True, place__district="gazipur")
    chosen = client.get(FIND, {"near": "sylhet"})
    assert (names(chosen), [chip.words for chip in chosen.context["chips"]]) == (["Sylhet"], ["Within 10 km of Sylhet"])

    asked = {"near": "23.7612345, 90.3898765", "km": "50", "sort": "nearest"}
    here = client.get(FIND, asked, headers={"HX-Request": "true"})
    assert names(here) == ["Dhaka", "Gazipur"]
    assert here["HX-Push-Url"] == f"{FIND}?near=23.76%2C90.39&km=50&sort=nearest"
    page = client.get(here["HX-Push-Url"])
    assert '<option value="23.76,90.39" selected data-near-here>Your position</option>' in page.content.decode()
    assert [chip.words for chip in page.context["chips"]] == ["Within 50 km of your position"]
    assert page.context["chips"][0].href == f"{FIND}?sort=nearest"


def test_the_results_page_alone_may_ask_where_the_browser_is(client: Client) -> None:
    assert "geolocation=(self)" in client.get(FIND)["Permissions-Policy"]
    assert "geolocation=()" in client.get(reverse("home"))["Permissions-Policy"]


# Why here --------------------------------------------------------------------------------------------------------


def test_administrators_see_what_a_place_is_made_of_and_nobody_else(client: Client, admin, client_of) -> None:
    DoctorFactory(name="Karim", listing__opens_soon=True, with_place=True)
    asked = {"q": "karim", "near": "dhaka"}
    (card,) = client_of(admin).get(FIND, asked).context["cards"]
    assert {str(reason.label): round(reason.points, 2) for reason in card.why} == {
        "Text": 10.0,
        "Open soon": 2.0,
        "Rating": 1.2,
        "Complete page": 0.12,
        "Nearness": 2.0,
    }
    assert "Why here: Text 10.00 · Open soon 2.00" in text_of(client_of(admin).get(FIND, asked))
    for visitor in (client, client_of(DoctorFactory().user)):
        assert "Why here" not in text_of(visitor.get(FIND, asked))


def test_the_points_of_a_text_that_was_mended_are_those_of_the_other_text(client_of, admin) -> None:
    DoctorFactory(name="Karim Rahman")
    (card,) = client_of(admin).get(FIND, {"q": "rahmn"}).context["cards"]
    assert card.why[0].points == 10.0


def test_a_correction_is_told_and_markup_in_the_text_stays_text(client: Client) -> None:
    DoctorFactory(name="Karim Rahman")
    page = client.get(FIND, {"q": "<b>rahmn</b>"})
    html = page.content.decode()
    assert names(page) == ["Karim Rahman"]
    assert "<strong>“rahman”</strong>" in html
    assert "<b>rahmn" not in html
    assert "&lt;b&gt;rahmn&lt;/b&gt;" in html


def test_a_complaint_names_the_specialties_it_may_mean(client: Client) -> None:
    specialty = SpecialtyFactory(name_en="Sleep medicine", slug="sleep")
    SymptomFactory(name_en="Snoring", specialties=[specialty])
    DoctorFactory(specialty=specialty)
    page = client.get(FIND, {"q": "snoring"})
    assert f'<a href="{FIND}?specialty=sleep">Sleep medicine</a>' in page.content.decode()


def test_htmx_gets_the_list_alone_with_a_clean_address(client: Client) -> None:
    DoctorFactory(name="Karim")
    asked = {"q": "karim", "district": "", "mode": "video", "fee_max": "x", "languages": [], "sort": "", "page": "7"}
    part = client.get(FIND, asked, headers={"HX-Request": "true"})
    html = part.content.decode()
    assert names(part) == ["Karim"]
    assert "<html" not in html
    assert 'hx-swap-oob="innerHTML:#results-count">1 doctor<' in html
    assert part["HX-Push-Url"] == f"{FIND}?q=karim&mode=video"
    assert "HX-Request" in part["Vary"]
    assert str(part.context["form"].errors["fee_max"][0]) in html


def test_suggestions_are_specialties_and_complaints_in_the_language_of_the_page(client: Client) -> None:
    SpecialtyFactory(name_en="Oncology", name_bn="ক্যান্সার")
    SymptomFactory(name_en="Snoring", name_bn="নাক ডাকা")
    assert client.get(FIND).context["suggestions"]() == ["Oncology", "Snoring"]
    client.cookies["language"] = "bn"
    assert client.get(FIND).context["suggestions"]() == ["ক্যান্সার", "নাক ডাকা"]


def test_finding_only_reads(client: Client) -> None:
    assert client.post(FIND).status_code == 405
    assert client.head(FIND).status_code == 200
