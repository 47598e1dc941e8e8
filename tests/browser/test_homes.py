"""The home of each role in a browser: what is to be done now, and figures that can be read without their charts."""

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.visitors import DEMO_PASSWORD, NewContext, looks_right, sign_in
from tests.stack import Stack

# A visit whose room is open, and one of yesterday that nobody has reviewed, each with a doctor who has that time free.
VISITS = """
from datetime import timedelta
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone
from accounts.models import User
from appointments.models import Appointment
from doctors.models import Doctor
user = User.objects.get(email="{email}")
for status, begins in (("confirmed", timedelta(minutes=4)), ("completed", timedelta(days=-1))):
    start = timezone.now() + begins
    period = DateTimeTZRange(start, start + timedelta(minutes=15))
    facts = {{"mode": "video", "fee": 0, "patient": user.patient, "booked_by": user, "status": status}}
    for doctor in Doctor.objects.public().order_by("-pk")[:20]:
        try:
            with transaction.atomic():
                Appointment.objects.create(doctor=doctor, period=period, blocked=period, **facts)
        except IntegrityError:
            continue
        break
"""


def signed_in_without_scripts(new_context: NewContext, email: str) -> Page:
    page = new_context(java_script_enabled=False).new_page()
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(DEMO_PASSWORD)
    page.locator("main").get_by_role("button", name="Sign in", exact=True).click()
    return page


def test_patient_joins_the_next_visit_and_sees_what_is_to_be_done(stack: Stack, new_context: NewContext) -> None:
    email = "patient-18@example.com"
    stack.shell(VISITS.format(email=email))
    page = sign_in(new_context(bypass_csp=True), email)
    page.goto("/")
    next_visit = page.get_by_role("region", name="Your next visit")
    expect(next_visit.get_by_role("link", name="Join the visit")).to_be_visible()
    to_do = page.get_by_role("region", name="To do")
    expect(to_do.get_by_role("link", name="Review the visit").first).to_be_visible()
    looks_right(page)
    to_do.get_by_role("link", name="Review the visit").first.click()
    page.wait_for_url("**/review/")
    page.goto("/")
    next_visit.get_by_role("link", name="Join the visit").click()
    page.wait_for_url("**/consultations/**")
    page.goto("/")
    page.get_by_role("button", name="বাংলা").click()
    expect(page.get_by_role("region", name="আপনার পরের ভিজিট")).to_be_visible()
    # Its figures are Bangla's, which the font of the other language's name has not.
    font = page.locator("[data-bell-count]").evaluate("(count) => getComputedStyle(count).fontFamily")
    assert "Noto Sans Bengali" in font
    looks_right(page)


@pytest.mark.parametrize("scripts", [True, False])
def test_doctor_looks_by_month_and_reads_the_chart_as_a_table(
    stack: Stack, new_context: NewContext, scripts: bool
) -> None:
    email = "doctor@example.com"
    page = sign_in(new_context(bypass_csp=True), email) if scripts else signed_in_without_scripts(new_context, email)
    page.goto("/")
    page.wait_for_url("**/practice/today/")
    figures = page.get_by_role("region", name="Your practice")
    expect(figures.get_by_text("This week so far")).to_be_visible()
    figures.get_by_role("link", name="By month").click()
    page.wait_for_url("**/practice/today/?by=month#figures")
    expect(figures.get_by_text("This month so far")).to_be_visible()
    expect(
        figures.get_by_role("img", name="What came of your visits in each of the last twelve months")
    ).to_be_visible()
    figures.get_by_text("The same as a table").click()
    table = figures.get_by_role("table", name="Twelve months")
    expect(table.locator("tbody tr")).to_have_count(12)
    expect(table.locator("tbody tr").first).to_contain_text("so far")
    if scripts:
        looks_right(page)


def test_administrator_looks_at_a_range_and_takes_its_days_along(
    stack: Stack, new_context: NewContext, tmp_path: Path
) -> None:
    page = sign_in(new_context(bypass_csp=True), "admin@example.com")
    page.goto("/admin/")
    first, last = page.get_by_label("From", exact=True), page.get_by_label("Until", exact=True)
    until = last.input_value()
    begin = f"{until[:8]}01"
    first.fill(begin)
    page.get_by_role("button", name="Show").click()
    page.wait_for_url(f"**/admin/?first={begin}&last={until}")
    bookings = page.get_by_role("region", name="Bookings by status")
    bookings.get_by_text("In numbers").click()
    expect(bookings.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_role("region", name="Times offered and used")).to_contain_text("Highest:")
    looks_right(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Day by day as CSV").click()
    download.value.save_as(tmp_path / "figures.csv")
    rows = list(csv.DictReader((tmp_path / "figures.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert (rows[0]["day"], rows[-1]["day"], len(rows)) == (begin, until, int(until[8:]))
    assert {"visits_completed", "money_online", "times_offered"} <= set(rows[0])
    first.fill("2031-01-01")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("This day is after the last one.")).to_be_visible()
    looks_right(page)
