"""Reviews in the copy of one's data, and what is left of them when somebody is erased."""

import pytest

from accounts.models import User
from doctors.models import DoctorListing
from reviews.erasure import blank_reviews
from reviews.export import review_sections
from reviews.models import Report, Review, ReviewEvent, ReviewVersion
from reviews.services import Words, edit_review, hide_review, reply_to_review, report_review
from tests.reviews.visits import reviewed

pytestmark = pytest.mark.django_db


def test_copy_has_reviews_with_their_versions_and_reports(doctor: User, patient: User, stranger: User) -> None:
    review = reviewed(doctor, patient, 2, text="Late.", signed_as="Rahima")
    reply_to_review(review, "I am sorry.", by=doctor)
    edit_review(review, Words(stars=4, text="Late, and good."), by=patient)
    other = reviewed(doctor, stranger, 1, text="Not mine.")
    report_review(other, about="review", reason="other", words="A copy.", by=patient)
    found = {section.name: section for section in review_sections(patient)}
    (row,) = found["reviews"].rows
    assert dict(zip([name for name, _ in found["reviews"].columns], row, strict=True)) | {
        "id": str(review.pk),
        "stars": 4,
        "text": "Late, and good.",
        "reply": "I am sorry.",
    } == dict(zip([name for name, _ in found["reviews"].columns], row, strict=True))
    assert ["Late." in version for version in found["review_versions"].rows] == [True]
    assert ["A copy." in report for report in found["review_reports"].rows] == [True]
    assert "Not mine." not in str([section.rows for section in found.values()])
    of_doctor = {section.name: section.rows for section in review_sections(doctor)}
    assert ["I am sorry." in reply for reply in of_doctor.pop("review_replies")] == [True]
    assert not any(of_doctor.values())
    assert "Rahima" not in str(of_doctor)


def test_erased_author_leaves_stars_and_not_a_word(doctor: User, patient: User, stranger: User, admin: User) -> None:
    review = reviewed(doctor, patient, 2, text="Zymurgin helped.", signed_as="Rahima")
    reply_to_review(review, "Of course, Rahima.", by=doctor)
    edit_review(review, Words(stars=3, text="Zymurgin helped a little.", signed_as="Rahima"), by=patient)
    report_review(review, about="review", reason="other", words="It names Zymurgin.", by=stranger)
    hidden = hide_review(reviewed(doctor, patient, 1, text="Zymurgin!"), note="It names Zymurgin.", by=admin)
    other = reviewed(doctor, stranger, 5, text="Fine.")
    blank_reviews(patient, [patient.patient])
    left = [*Review.objects.values(), *ReviewVersion.objects.values(), *Report.objects.values()]
    assert "Zymurgin" not in str(left)
    assert "Rahima" not in str(left)
    review.refresh_from_db()
    hidden.refresh_from_db()
    other.refresh_from_db()
    assert (review.status, review.stars) == ("published", 3)
    assert hidden.status == "hidden"
    assert other.text == "Fine."
    assert DoctorListing.objects.get(pk=doctor.doctor.pk).rating_count == 2
    assert ReviewEvent.objects.filter(code="erased").count() == 2


def test_review_of_an_erased_patients_visit_goes_too_whoever_wrote_it(
    doctor: User, patient: User, stranger: User
) -> None:
    review = reviewed(doctor, stranger, text="My neighbour’s visit.")
    blank_reviews(patient, [stranger.patient])
    review.refresh_from_db()
    assert review.text == ""
