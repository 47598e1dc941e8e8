"""The waiting list from end to end: nothing fits, somebody calls off, one is asked, and pays."""

import re

from playwright.sync_api import expect

from tests.browser.visitors import Mailbox, NewContext, looks_right, sign_in, text_of
from tests.stack import Stack

# A doctor of the demo whose only times are taken; everybody in this has nothing else at those times.
FULL = """
from datetime import timedelta
from django.utils import timezone
from accounts.models import User
from appointments.models import Appointment
from appointments.open_times import days_window, slots_of
from appointments.services import confirm, hold_slot
from doctors.models import Doctor
from scheduling.models import Calendar, ExtraHours, TimeOff, WeeklyHours

booked = Doctor.objects.filter(appointments__status="confirmed", appointments__period__startswith__gt=timezone.now())
doctor = Doctor.objects.public().filter(fee_video__gt=0).exclude(pk__in=booked).order_by("-pk").first()
doctor = doctor or Doctor.objects.public().filter(fee_video__gt=0).order_by("-pk").first()
today = timezone.localdate()
for hours in (WeeklyHours, ExtraHours, TimeOff):
    hours.objects.filter(doctor=doctor).delete()
Calendar.objects.filter(doctor=doctor).update(slot_minutes=30, horizon_days=10, time_zone="Asia/Dhaka")
day = (today + timedelta(days=5)).weekday()
WeeklyHours.objects.create(doctor=doctor, weekday=day, start="10:00", minutes=30, modes=["video"])
calendar = Calendar.objects.select_related("doctor").get(doctor=doctor)
free = [slot for slot in slots_of([calendar], days_window(today, 11))[doctor.pk] if slot.free]
busy = Appointment.objects.filter(period__overlap=(free[0].start, free[-1].end)).values("patient")
accounts = User.objects.filter(email__in=[f"patient-{number}@example.com" for number in range(6, 20)])
waits, *holders = accounts.exclude(patient__in=busy).exclude(patient__waits__isnull=False)
visits = []
for slot, holder in zip(free, holders):
    visits.append(hold_slot(doctor.pk, start=slot.start, mode="video", patient_id=holder.patient.pk, by=holder))
    confirm(visits[-1], by=None)
assert len(visits) == len(free)
print("FULL", doctor.slug, visits[0].pk, holders[0].email, waits.email)
"""


def full_doctor(stack: Stack) -> list[str]:
    """The doctor's slug, the visit that has the first of the taken times, its patient's address, who is free."""
    said = stack.shell(FULL)
    found = re.search(r"FULL (.+)", said)
    assert found, said
    return found[1].split()


def test_who_waits_is_asked_when_a_time_comes_free_and_pays(stack: Stack, new_context: NewContext) -> None:
    slug, visit, holder, waits = full_doctor(stack)
    mailbox = Mailbox(stack, waits)
    page = sign_in(new_context(viewport={"width": 390, "height": 844}, bypass_csp=True), mailbox.address)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))

    # No time fits: onto the list.
    page.goto(f"/times/{slug}/?mode=video")
    page.get_by_role("link", name="Join the waiting list").click()
    looks_right(page)
    page.get_by_role("button", name="Join the waiting list").click()
    page.wait_for_url("**/waiting/")
    expect(page.get_by_role("button", name=re.compile("^Leave"))).to_be_visible()
    looks_right(page)

    # Somebody calls off; whoever waits is asked by mail.
    other = sign_in(new_context(), holder)
    other.goto(f"/appointments/{visit}/cancel/confirm/")
    other.get_by_role("radio").first.check()
    other.locator("main form").get_by_role("button", name=re.compile("^Cancel")).click()
    other.wait_for_url(f"**/appointments/{visit}/")
    mail = mailbox.wait_for(lambda mail: "free for you" in str(mail["Subject"]))
    link = re.search(r"https?://\S+/appointments/\S+/", text_of(mail))
    assert link is not None

    # The time is held, with a clock; it is paid as any other.
    page.goto(link[0])
    expect(page.get_by_role("heading", level=1)).to_have_text("A time is free for you")
    expect(page.get_by_role("timer")).to_have_text(re.compile(r"1[0-4]:\d\d"))
    looks_right(page)
    page.get_by_role("button", name=re.compile("Pay ৳")).click()
    page.wait_for_url("**/payments/*/")
    page.locator("main").get_by_role("button", name=re.compile("Pay")).click()
    page.wait_for_url(f"{stack.sandbox_url}/**")
    page.get_by_role("button", name=re.compile("^Pay")).first.click()
    page.wait_for_url(lambda url: url.startswith(stack.url))
    mailbox.wait_for(lambda mail: "is confirmed" in str(mail["Subject"]))
    page.goto(link[0])
    expect(page.get_by_role("heading", level=1)).to_contain_text("confirmed")
    page.goto("/waiting/")
    expect(page.get_by_role("heading", name="You wait for nobody")).to_be_visible()
    assert problems == []
