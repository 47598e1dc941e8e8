"""A review from the question on a phone to the administrator's decision, in a real browser."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from accounts.models import Delivery, Kind, Notification
from reviews.models import Review
from reviews.services import ask_for_reviews
from tests.factories.accounts import UserFactory
from tests.factories.doctors import DoctorFactory
from tests.factories.patients import PatientFactory
from tests.prescriptions.test_composing_in_a_browser import assert_accessible
from tests.reviews.visits import visited

pytestmark = pytest.mark.django_db(transaction=True)

PHONE: ViewportSize = {"width": 390, "height": 844}

type Open = Callable[..., Page]


def ready(page: Page) -> None:
    """What was put into the page is htmx's now: before that its links lead to the page that they name."""
    expect(page.locator(".htmx-added, .htmx-request, .htmx-swapping")).to_have_count(0)


def test_visit_is_asked_about_reviewed_answered_reported_and_decided(transactional_db: None, opened: Open) -> None:
    doctor = DoctorFactory(with_hours=True).user
    patient = PatientFactory(user__name="Rahima Begum").user
    reader = PatientFactory().user
    visited(doctor, patient, ago=timedelta(hours=3))
    ask_for_reviews()
    question = Notification.objects.get(user=patient, kind=Kind.REVIEW_ASKED)
    assert Delivery.objects.filter(notification=question).exists()

    phone = opened(patient, question.facts["path"], viewport=PHONE)
    assert_accessible(phone)
    phone.get_by_role("button", name="Publish the review").click()
    expect(phone.locator(".error-summary")).to_be_focused()
    assert_accessible(phone)
    whole = phone.get_by_role("group", name="How was the visit as a whole?")
    whole.get_by_text("Good", exact=True).locator("..").click()
    expect(whole.get_by_role("radio", name="4 stars: Good")).to_be_checked()
    phone.keyboard.press("ArrowLeft")
    expect(whole.get_by_role("radio", name="3 stars: All right")).to_be_checked()
    phone.get_by_label("Tell others about it").fill("My asthma was explained well. Call me: 01712-345678")
    phone.get_by_role("button", name="Publish the review").click()
    expect(phone.locator("#id_text_error")).to_contain_text("Please take this out: 01712-345678")
    phone.get_by_label("Tell others about it").fill("My asthma was explained well.")
    phone.get_by_role("button", name="Publish the review").click()
    expect(phone.locator("#id_text_error")).to_contain_text("“asthma”")
    assert_accessible(phone)
    phone.get_by_label("I want this to be read.").check()
    phone.get_by_role("button", name="Publish the review").click()
    expect(phone.get_by_text("Thank you. Your review stands on the doctor’s page now.")).to_be_visible()
    assert_accessible(phone)

    desk = opened(doctor, "/practice/reviews/")
    assert_accessible(desk)
    desk.get_by_role("link", name="Rahima").click()
    desk.get_by_label("Your reply").fill("Thank you for writing.")
    assert_accessible(desk)
    desk.get_by_role("button", name="Publish the reply").click()
    expect(desk.get_by_text("All are answered")).to_be_hidden()
    phone.reload()
    expect(phone.get_by_text("Thank you for writing.")).to_be_visible()

    public = opened(reader, doctor.doctor.get_absolute_url(), viewport=PHONE)
    public.get_by_role("heading", name="Reviews", exact=True).scroll_into_view_if_needed()
    expect(public.get_by_text("My asthma was explained well.")).to_be_visible()
    assert_accessible(public)
    ready(public)
    public.get_by_role("link", name="5 stars", exact=True).click()
    expect(public.get_by_text("None with so many stars")).to_be_visible()
    ready(public)
    public.get_by_role("link", name="Worst first").click()
    expect(public.get_by_role("link", name="Worst first")).to_have_attribute("aria-current", "true")
    ready(public)
    public.get_by_role("link", name="All stars").click()
    expect(public.get_by_text("My asthma was explained well.")).to_be_visible()
    assert public.url.endswith(doctor.doctor.get_absolute_url())
    public.get_by_role("link", name="Report").click()
    assert_accessible(public)
    public.get_by_label("It tells something private of somebody").check()
    public.get_by_role("button", name="Send the report").click()
    expect(public.get_by_text("An administrator looks at it")).to_be_visible()
    assert_accessible(public)

    review = Review.objects.get()
    office = opened(UserFactory(in_group="moderation"), "/admin/reviews/review/")
    office.goto(f"/admin/reviews/review/{review.pk}/change/")
    expect(office.get_by_text("It tells something private of somebody")).to_be_visible()
    office.locator(f"[href*='/{review.pk}/hide/'], [hx-get*='/{review.pk}/hide/']").first.click()
    office.get_by_label("Reason").fill("It tells who else was there.")
    office.get_by_role("button", name="Hide it").click()
    expect(office.get_by_text("Hidden").first).to_be_visible()
    office.wait_for_url(f"**/admin/reviews/review/{review.pk}/change/")
    expect(office.get_by_text("Show it").first).to_be_visible()
    phone.reload()
    expect(phone.get_by_text("It tells who else was there.")).to_be_visible()
    public.goto(f"/doctors/{doctor.doctor.slug}/reviews/")
    expect(public.get_by_text("No reviews yet")).to_be_visible()
