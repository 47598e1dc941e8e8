"""What people trust the portal with, from end to end on the stack that `make demo` starts: doctors are verified in the
open, a child is booked for with what is known of it, and a record is read only for as long as its owner lets it be."""

import re
import secrets
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.visitors import PASSWORD, PHONE, Mailbox, NewContext, doctor_who_was_told, looks_right, sign_in
from tests.documents import pdf, picture
from tests.stack import Stack


def phone(new_context: NewContext) -> Any:
    """axe brings a script of its own, which the policy would rightly keep out."""
    return new_context(viewport=PHONE, bypass_csp=True, reduced_motion="reduce")


def main_button(page: Page, name: str | re.Pattern[str]) -> None:
    page.locator("main").get_by_role("button", name=name).click()


def path_in(mailbox: Mailbox, subject: str) -> str:
    """Where the mail with these words in its subject leads."""
    mail = mailbox.wait_for(lambda mail: subject in str(mail["Subject"]))
    body = mail.get_body(("plain",))
    found = re.search(r"^https?://[^/\s]+(/\S+)$", str(body.get_content()) if body else "", re.MULTILINE)
    assert found, subject
    return found[1]


# A doctor is verified --------------------------------------------------------------------------------------------


def test_application_is_asked_about_approved_and_then_found(stack: Stack, new_context: NewContext) -> None:
    mark = "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(8)).capitalize()
    name, address = f"Rokeya {mark}", f"applicant-{mark.lower()}@example.org"
    mailbox = Mailbox(stack, address)
    applicant = apply(phone(new_context).new_page(), mailbox, name)
    expect(applicant.get_by_role("heading", level=1)).to_have_text("Your application is in review")
    looks_right(applicant)
    assert not found(applicant, mark)

    # The administrator sees the paper beside the checklist, and asks for a better one.
    admin = sign_in(new_context(viewport={"width": 1280, "height": 800}), "verification@example.com")
    review = open_review(admin, name)
    paper, checklist = review.get_by_alt_text(re.compile("ertificate")), review.get_by_role("group", name="Checklist")
    expect(paper.first).to_have_js_property("complete", True)
    assert paper.first.evaluate("image => image.naturalWidth") > 0
    left, right = paper.first.bounding_box(), checklist.bounding_box()
    assert left
    assert right
    assert left["x"] + left["width"] <= right["x"], "beside, not below"
    admin.get_by_label("Words to the doctor").fill("The stamp cannot be read.")
    admin.get_by_role("button", name="Ask for more").click()
    admin.wait_for_url("**/admin/doctors/verification/")

    # The applicant reads why, and sends another paper; the checklist begins anew.
    applicant.goto(path_in(mailbox, "something is missing"))
    expect(applicant.locator("main")).to_contain_text("The stamp cannot be read.")
    looks_right(applicant)
    applicant.goto("/doctors/apply/certificate/")
    add_certificate(applicant, "the whole sheet.png", picture("PNG", colour="white"))
    main_button(applicant, "Send")

    review = open_review(admin, name)
    boxes = review.get_by_role("checkbox")
    expect(review.get_by_role("checkbox", checked=True)).to_have_count(0)
    review.get_by_role("button", name="Approve").click()
    expect(admin.get_by_role("alert").first).to_be_visible()
    assert not found(applicant, mark)
    for number in range(boxes.count()):
        boxes.nth(number).check()
    admin.get_by_role("button", name="Approve").click()
    admin.wait_for_url("**/admin/doctors/verification/")

    # Public at once, for whoever looks; and the home is a doctor's.
    page_of_doctor = path_in(mailbox, "verified")
    visitor = phone(new_context).new_page()
    assert found(visitor, mark)
    visitor.goto(page_of_doctor)
    expect(visitor.get_by_role("heading", level=1)).to_contain_text(name)
    looks_right(visitor)
    applicant.goto("/")
    expect(applicant).to_have_url(re.compile("/practice/today/"))


def apply(page: Page, mailbox: Mailbox, name: str) -> Page:
    """From the page for doctors through signing up to an application that is sent."""
    page.goto("/doctors/apply/")
    looks_right(page)
    page.get_by_role("link", name="Create an account and apply").click()
    page.get_by_label("Your full name").fill(name)
    page.get_by_label("Email").fill(mailbox.address)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.locator("main form").get_by_role("button", name=re.compile("Create|Sign up")).click()
    page.locator("input[name=code]").fill(mailbox.code())
    page.locator("main form").get_by_role("button").first.click()

    page.wait_for_url("**/doctors/apply/you/")
    looks_right(page)
    page.get_by_label("BMDC registration number").fill(f"A-{secrets.randbelow(10**5) + 9 * 10**5}")
    page.get_by_label("Female").check()
    main_button(page, "Continue")
    page.wait_for_url("**/doctors/apply/practice/")
    looks_right(page)
    page.get_by_label("Main specialty").select_option(index=1)
    page.get_by_label("Practising since").fill("2011")
    page.get_by_role("button", name="Add a degree").click()
    page.get_by_label("Degree", exact=True).first.fill("MBBS")
    main_button(page, "Continue")
    page.wait_for_url("**/doctors/apply/certificate/")
    add_certificate(page, "certificate.pdf", pdf("Certificate of registration"))
    looks_right(page)
    main_button(page, "Send the application")
    page.wait_for_url("**/doctors/apply/status/")
    return page


def add_certificate(page: Page, name: str, content: bytes) -> None:
    kind = "application/pdf" if name.endswith("pdf") else "image/png"
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": kind, "buffer": content})
    main_button(page, "Add this file")
    expect(page.locator("main")).to_contain_text(name)


def open_review(admin: Page, name: str) -> Page:
    """From the queue, by the name, to the page of the one that waits."""
    admin.goto("/admin/doctors/verification/")
    admin.get_by_role("link", name=name).click()
    expect(admin.get_by_role("heading", name="Checklist")).to_be_visible()
    return admin


def found(page: Page, word: str) -> bool:
    """Whether the search for doctors finds one by this word."""
    page.goto(f"/doctors/?q={word}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    return page.locator("article").filter(has_text=word).count() > 0


# A child is booked for -------------------------------------------------------------------------------------------


def test_child_is_booked_for_and_the_parent_sees_the_doctor_look(stack: Stack, new_context: NewContext) -> None:
    child = f"Mitu {secrets.token_hex(3)}"
    parent = sign_in(phone(new_context), "patient-21@example.com")
    doctor = choose_time(parent, "fever")

    # Added on the way, and what is known of the child put right before it is paid.
    main_button(parent, "Add somebody you care for")
    looks_right(parent)
    parent.get_by_label("Full name").fill(child)
    parent.get_by_label("Who is it?").select_option("child")
    parent.get_by_label("Date of birth").fill("2021-03-04")
    parent.get_by_label("Sex").select_option("female")
    main_button(parent, "Add this person")
    parent.wait_for_url("**/book/**")
    parent.get_by_label(child).check()
    parent.get_by_label("Reason for the visit").fill("She coughs at night.")
    parent.locator("input[name=files]").set_input_files(
        {"name": "cough diary.pdf", "mimeType": "application/pdf", "buffer": pdf("Cough at two and at four")}
    )
    looks_right(parent)
    main_button(parent, "Keep this time")
    parent.wait_for_url("**/appointments/*/")
    review = parent.url
    knows = parent.locator("section").filter(has_text=f"knows of {child}").last
    expect(knows).to_contain_text("Not said yet")
    looks_right(parent)
    knows.get_by_role("link", name="Put it right").click()
    parent.get_by_role("link", name="Add an allergy").click()
    parent.get_by_label("A food").check()
    parent.get_by_label("To what?").fill("Peanuts")
    main_button(parent, "Save")
    parent.get_by_role("link", name="Back to the booking").click()
    assert parent.url == review
    expect(parent.locator("main")).to_contain_text("Peanuts")
    pay(parent, stack)
    parent.goto(review)
    expect(parent.get_by_role("heading", level=1)).to_contain_text("confirmed")

    # The doctor comes from the visit to what is known of the child, and to what was put to the visit.
    practice = sign_in(phone(new_context), doctor_who_was_told(stack, review.rstrip("/").rpartition("/")[2]))
    practice.goto(review)
    expect(practice.locator("main")).to_contain_text("cough diary")
    looks_right(practice)
    practice.get_by_role("link", name=re.compile("Health facts")).click()
    expect(practice.get_by_role("heading", level=1)).to_have_text(child)
    expect(practice.locator("main")).to_contain_text("Peanuts")
    looks_right(practice)

    # The parent sees that look, and the records have the file under the child's name.
    parent.goto("/account/")
    parent.get_by_role("link", name=child).click()
    parent.get_by_role("link", name="Who looked at the data").click()
    look = parent.get_by_role("listitem").filter(has_text=doctor).filter(has_text="health facts")
    expect(look.first).to_contain_text("because of the visit")
    looks_right(parent)
    parent.goto("/records/")
    expect(parent.get_by_role("listitem").filter(has_text=child)).to_contain_text("cough diary")


def choose_time(page: Page, search: str) -> str:
    """From the home page to the form of a video visit with the first doctor that is found; the doctor's name."""
    page.goto(f"/doctors/?q={search}&mode=video")
    link = page.locator("article").first.get_by_role("heading").get_by_role("link")
    name = link.inner_text()
    address = link.get_attribute("href")
    assert address
    page.goto(f"/times/{address.strip('/').rpartition('/')[2]}/?mode=video")
    page.locator("a[href*='/book/']").last.click()
    page.wait_for_url("**/book/**")
    return name


def pay(page: Page, stack: Stack) -> None:
    main_button(page, re.compile("Pay ৳"))
    page.wait_for_url("**/payments/*/")
    main_button(page, re.compile("Pay"))
    page.wait_for_url(f"{stack.sandbox_url}/**")
    page.get_by_role("button", name=re.compile("^Pay")).first.click()
    page.wait_for_url(lambda url: url.startswith(stack.url))
    expect(page.locator("main")).to_contain_text(re.compile("paid|confirmed", re.IGNORECASE))


# A record is lent ------------------------------------------------------------------------------------------------


STRANGERS = """
from doctors.models import Doctor
from patients.models import CareRelationship, Patient, PatientGrant, RecordGrant

patient = Patient.objects.get(user__email="patient-22@example.com")
known = CareRelationship.objects.filter(patient=patient).values("doctor")
told = [*RecordGrant.objects.filter(content_object__patient=patient).values_list("user", flat=True)]
told += PatientGrant.objects.filter(content_object=patient).values_list("user", flat=True)
doctors = Doctor.objects.public().filter(user__email__startswith="doctor-").exclude(pk__in=known)
print("STRANGERS", patient.user.email, doctors.exclude(user__in=told).earliest("pk").user.email)
"""


def test_record_is_shared_read_taken_back_and_the_patient_saw_it(stack: Stack, new_context: NewContext) -> None:
    title = f"Blood count {secrets.token_hex(3)}"
    account, address = strangers(stack)
    practice = sign_in(phone(new_context), address)
    doctor = practice.locator(".menu-title").first.text_content()
    assert doctor
    doctor = doctor.replace(address, "").strip()

    patient = sign_in(phone(new_context), account)
    patient.goto("/records/add/")
    patient.locator("input[name=files]").set_input_files(
        {"name": "report.pdf", "mimeType": "application/pdf", "buffer": pdf(title)}
    )
    patient.get_by_label("Kind of document").select_option("lab_report")
    patient.get_by_label("Title").fill(title)
    looks_right(patient)
    main_button(patient, "Keep them")
    patient.wait_for_url(lambda url: "/add/" not in url)
    patient.goto("/records/")
    patient.get_by_role("link", name=title).click()
    record = patient.url
    looks_right(patient)
    assert practice.goto(record).status == 404  # type: ignore[union-attr]

    patient.get_by_role("link", name="Share with a doctor").click()
    # The doctors found take the place of those who stood there, and of a choice among them.
    with patient.expect_response(lambda answer: "q=" in answer.url):
        patient.get_by_label("Doctor's name").fill(doctor)
    expect(patient.get_by_role("radio")).to_have_count(1)
    patient.get_by_role("radio", name=doctor).check()
    looks_right(patient)
    main_button(patient, "Let the doctor read")
    expect(patient.get_by_role("status").first).to_contain_text("can read it now")

    # The doctor hears of it, without a word about what it is, and reads it.
    told = Mailbox(stack, address).wait_for(lambda mail: "shares records" in str(mail["Subject"]))
    assert title not in told.as_string()
    practice.goto(path_in(Mailbox(stack, address), "shares records"))
    looks_right(practice)
    practice.get_by_role("link", name=title).click()
    expect(practice.get_by_role("heading", level=1)).to_have_text(title)
    page_of_it = practice.get_by_role("img", name="Page 1 of 1")
    expect(page_of_it).to_be_visible()
    looks_right(practice)
    picture_of_it = page_of_it.get_attribute("src")

    # Taken back: gone at the doctor's next request, by every address.
    patient.goto("/records/shares/")
    looks_right(patient)
    patient.get_by_role("button", name=re.compile("End the sharing with")).first.click()
    expect(patient.get_by_role("status").first).to_contain_text("can no longer read it")
    for address in (record, f"{record}download/", str(picture_of_it), path_in_records(practice)):
        assert practice.request.get(address, max_redirects=0).status == 404, address
    assert practice.goto(record).status == 404  # type: ignore[union-attr]

    # The patient sees that it was read, and that it was taken back.
    patient.goto("/account/trail/")
    looks = patient.get_by_role("listitem").filter(has_text=doctor)
    expect(looks.filter(has_text="Looked at").first).to_be_visible()
    looks_right(patient)


def strangers(stack: Stack) -> tuple[str, str]:
    """The addresses of a patient and of a doctor who has never had to do with the patient: whom a doctor treats may
    be seen by the doctor without anything shared, and who that is depends on the day the demo's data was made."""
    found = re.search(r"STRANGERS (\S+) (\S+)", stack.shell(STRANGERS))
    assert found
    return found[1], found[2]


def path_in_records(practice: Page) -> str:
    """The list of what the patient shares, from the record's own way back."""
    return practice.get_by_role("link", name="Shared records").get_attribute("href") or ""
