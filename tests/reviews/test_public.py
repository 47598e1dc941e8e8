"""What everybody sees of a doctor's reviews: in which order, of how many stars, page by page, on two pages."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from doctors.models import Doctor
from reviews.models import Review
from reviews.services import hide_review, reply_to_review, withdraw_review
from tests.factories.doctors import DoctorFactory
from tests.page import HTMX, read
from tests.reviews.visits import reviewed

pytestmark = pytest.mark.django_db

type ClientOf = Callable[[User], Client]


def path_of(doctor: User) -> str:
    return reverse("reviews:of_doctor", args=[doctor.doctor.slug])


def texts(client: Client, address: str) -> list[str]:
    return re.findall(r"<p>(Said \d+)</p>", client.get(address).content.decode())


@pytest.fixture
def five(doctor: User, patient: User) -> list[Review]:
    """Of two, five, three, five and one star, in this order, and each a day after the one before."""
    found = []
    for number, stars in enumerate((2, 5, 3, 5, 1)):
        review = reviewed(doctor, patient, stars, text=f"Said {number}")
        Review.objects.filter(pk=review.pk).update(posted_at=timezone.now() - timedelta(days=9 - number))
        found.append(review)
    return found


@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("", "43210"),
        ("?sort=newest", "43210"),
        ("?sort=best", "31204"),
        ("?sort=worst", "40231"),
        ("?stars=5", "31"),
        ("?stars=5&sort=best", "31"),
        ("?stars=4", ""),
        ("?stars=9&sort=never&page=minus", "43210"),
    ],
)
def test_reviews_are_sorted_and_narrowed(
    client: Client, doctor: User, five: list[Review], query: str, order: str
) -> None:
    assert texts(client, path_of(doctor) + query) == [f"Said {number}" for number in order]


def test_reviews_come_page_by_page_with_the_choice_kept(client: Client, doctor: User, patient: User) -> None:
    for number in range(12):
        reviewed(doctor, patient, 4 if number else 1, text=f"Said {number}")
    address = path_of(doctor)
    assert len(texts(client, address)) == 10
    assert len(texts(client, f"{address}?page=2")) == 2
    page = client.get(f"{address}?stars=4").content.decode()
    assert f'href="{address}?stars=4&amp;page=2"' in page
    assert len(texts(client, f"{address}?stars=4&page=2")) == 1


def test_what_is_hidden_or_taken_back_is_nowhere(
    client: Client, doctor: User, patient: User, admin: User, five: list[Review]
) -> None:
    hide_review(five[0], note="No.", by=admin)
    withdraw_review(five[1], by=patient)
    assert texts(client, path_of(doctor)) == ["Said 4", "Said 3", "Said 2"]
    page = read(client, path_of(doctor))
    assert "Said 0" not in page.html
    assert "Said 1" not in page.html


def test_a_doctor_who_is_not_public_has_no_page_of_reviews(client: Client, doctor: User, patient: User) -> None:
    reviewed(doctor, patient)
    Doctor.objects.update(suspended_at=timezone.now(), suspension_reason="A complaint.")
    assert client.get(path_of(doctor)).status_code == 404


def test_without_reviews_it_says_so(client: Client) -> None:
    page = read(client, reverse("reviews:of_doctor", args=[DoctorFactory().slug]))
    assert "No reviews yet" in page.html


def test_doctors_page_leads_to_the_reviews_and_gets_the_panel(client: Client, doctor: User, five: list[Review]) -> None:
    page = read(client, doctor.doctor.get_absolute_url())
    assert page.links["What patients say"] == path_of(doctor)
    assert f'hx-get="{path_of(doctor)}"' in page.html
    there = HTMX | {"HX-Current-URL": f"http://testserver{doctor.doctor.get_absolute_url()}"}
    answer = client.get(path_of(doctor), headers=there)
    assert answer.headers["HX-Push-Url"] == "false"
    own = HTMX | {"HX-Current-URL": f"http://testserver{path_of(doctor)}?stars=5"}
    assert "HX-Push-Url" not in client.get(path_of(doctor), headers=own).headers
    panel = answer.content.decode()
    assert "<html" not in panel
    assert 'id="reviews"' in panel
    assert "Said 4" in panel


def test_reply_stands_below_its_review(client: Client, doctor: User, patient: User) -> None:
    review = reviewed(doctor, patient, text="Fine.")
    reply_to_review(review, "Thank you.", by=doctor)
    page = client.get(path_of(doctor)).content.decode()
    assert page.index("Fine.") < page.index("Reply of") < page.index("Thank you.")


@pytest.mark.parametrize("rows", [1, 3])
def test_list_costs_the_same_however_many(
    client: Client, doctor: User, patient: User, django_assert_num_queries: Any, rows: int
) -> None:
    for _ in range(rows):
        reply_to_review(reviewed(doctor, patient, text="Said 1", listening=4), "Thank you.", by=doctor)
    with django_assert_num_queries(4):
        assert len(texts(client, path_of(doctor))) == rows


# For machines ---------------------------------------------------------------------------------------------------------


def data_of(html: str) -> dict[str, Any]:
    (script,) = re.findall(r'<script type="application/ld\+json" nonce="[^"]+">(.*?)</script>', html)
    found: dict[str, Any] = json.loads(script)
    return found


def test_pages_carry_schema_orgs_data(client: Client, doctor: User, five: list[Review]) -> None:
    response = client.get(path_of(doctor))
    data = data_of(response.content.decode())
    assert data["@type"] == "Physician"
    assert data["aggregateRating"] == {
        "@type": "AggregateRating",
        "ratingValue": 3.7,
        "ratingCount": 5,
        "bestRating": 5,
        "worstRating": 1,
    }
    newest = data["review"][0]
    assert newest["reviewBody"] == "Said 4"
    assert newest["author"] == {"@type": "Person", "name": "Anonymous"}
    assert re.fullmatch(r"\d{4}-\d\d", newest["datePublished"])
    assert "unsafe-inline" not in response.headers["Content-Security-Policy"]
    own = data_of(client.get(doctor.doctor.get_absolute_url()).content.decode())
    assert own["@id"] == data["@id"]
    assert own["identifier"]["value"] == doctor.doctor.registration_number


def test_data_cannot_be_left(client: Client) -> None:
    evil = '</script><script>alert("&")</script>'
    doctor = DoctorFactory(about=evil)
    html = client.get(doctor.get_absolute_url()).content.decode()
    assert data_of(html)["description"] == evil
    assert "<script>alert" not in html
