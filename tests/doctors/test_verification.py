"""Vouching for a doctor, step by step: what each step does, and what none may do."""

from collections.abc import Callable
from itertools import product

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Action, Delivery, Ground, Kind, Notification, Role, TrailEntry, User
from accounts.services import deliver
from config.db import constraint_name
from config.files import private_storage
from doctors import services
from doctors.errors import (
    AlreadyInReview,
    AlreadyVerified,
    ChecklistIncomplete,
    NoCertificate,
    NumberTaken,
    OwnVerification,
    TooManyVerifications,
    VerificationChanged,
    WordsMissing,
)
from doctors.models import (
    VERIFICATION_TRANSITIONS,
    Certificate,
    ChecklistItem,
    Doctor,
    Purpose,
    Verification,
    VerificationDraft,
    VerificationEvent,
    VerificationStatus,
    VerificationTick,
)
from doctors.search import SearchQuery, find_doctors
from doctors.tasks import sweep_certificates
from tests.doctors.verifications import application, applied, approved, certificate_of, change_asked, paper
from tests.factories.accounts import UserFactory
from tests.factories.doctors import DoctorFactory
from tests.factories.specialties import SpecialtyFactory

pytestmark = pytest.mark.django_db

PENDING, MORE_ASKED, APPROVED, REJECTED, WITHDRAWN = VerificationStatus
ITEMS = tuple(ChecklistItem)


def told(user: User) -> list[str]:
    return list(Notification.objects.filter(user=user).order_by("pk").values_list("kind", flat=True))


def trail(verification: Verification) -> list[tuple[str, int | None, str]]:
    rows = TrailEntry.objects.filter(about="doctors.verification", about_id=str(verification.pk)).order_by("pk")
    return list(rows.values_list("action", "by", "ground"))


def story(verification: Verification) -> list[tuple[str, str, int]]:
    return list(verification.events.order_by("pk").values_list("old", "new", "revision"))


# Applying --------------------------------------------------------------------------------------------------------


def test_applying_makes_a_doctor_whom_nobody_finds_and_no_new_role() -> None:
    user = UserFactory()
    verification = applied(user, name="Farhana Rahman", registration_number="A-54321")
    doctor = Doctor.objects.get(user=user)
    assert (verification.doctor, verification.status, verification.revision) == (doctor, PENDING, 1)
    assert verification.purpose == Purpose.APPLICATION
    assert (doctor.verified_at, doctor.is_public, doctor.slug) == (None, False, "farhana-rahman")
    assert doctor.degrees == "MBBS"
    user.refresh_from_db()
    assert (user.role, user.is_staff) == (Role.PATIENT, False)
    assert find_doctors(SearchQuery(text="farhana")).total == 0
    assert not VerificationDraft.objects.exists()
    assert told(user) == [Kind.DOCTOR_APPLIED]
    assert trail(verification) == [(Action.APPLIED, user.pk, Ground.SELF)]
    assert story(verification) == [("", PENDING, 1)]


def test_approval_makes_the_doctor_public_and_the_home_a_doctors(admin: User) -> None:
    user = UserFactory()
    verification = applied(user, name="Farhana Rahman")
    doctor = approved(verification, by=admin)
    assert doctor.is_public
    assert find_doctors(SearchQuery(text="farhana")).doctor_ids == (doctor.pk,)
    user.refresh_from_db()
    assert user.role == Role.DOCTOR
    assert told(user) == [Kind.DOCTOR_APPLIED, Kind.DOCTOR_VERIFIED]
    assert trail(verification)[-1] == (Action.APPROVED, admin.pk, Ground.DUTY)
    verification.refresh_from_db()
    assert verification.decided_at is not None
    with pytest.raises(AlreadyVerified):
        services.send_application(user, application())


def test_role_of_an_admin_stays(admin: User) -> None:
    approved(applied(admin), by=UserFactory(as_admin=True))
    admin.refresh_from_db()
    assert admin.role == Role.ADMIN


def test_more_is_asked_and_the_answer_is_a_new_revision_with_an_empty_checklist(
    admin: User, django_capture_on_commit_callbacks
) -> None:
    user = UserFactory()
    verification = applied(user, registration_number="A-54321")
    services.tick_items(verification, ITEMS, by=admin)
    services.ask_more(verification, words="The second page is missing.", by=admin)
    assert verification.last_words == "The second page is missing."
    assert told(user)[-1] == Kind.DOCTOR_MORE_ASKED
    first = verification.certificate

    with django_capture_on_commit_callbacks(execute=True):
        certificate_of(user, paper("better.jpg"))
        again = services.send_application(user, application(registration_number="A-54322"))
    assert again == verification
    assert (again.status, again.revision, again.registration_number) == (PENDING, 2, "A-54322")
    assert Doctor.objects.get().registration_number == "A-54322"
    sweep_certificates()
    assert not services.ticked(again)
    assert VerificationTick.objects.count() == len(ITEMS)
    assert not Certificate.objects.filter(pk=first.pk).exists()
    assert not private_storage().exists(first.file)
    assert story(again) == [("", PENDING, 1), (PENDING, MORE_ASKED, 1), (MORE_ASKED, PENDING, 2)]
    assert [action for action, _by, _ground in trail(again)] == [Action.APPLIED, Action.ASKED, Action.APPLIED]
    with pytest.raises(ChecklistIncomplete):
        services.approve_verification(again, by=admin)


def test_the_certificate_need_not_be_sent_twice(admin: User) -> None:
    user = UserFactory()
    verification = applied(user)
    services.ask_more(verification, words="Your name, please.", by=admin)
    again = services.send_application(user, application(name="Farhana Rahman Khan"))
    assert again.certificate == verification.certificate


def test_rejected_with_a_reason_one_may_apply_again_and_so_may_another_with_the_number(admin: User) -> None:
    impostor, owner = UserFactory(), UserFactory()
    refused = applied(impostor, registration_number="A-54321")
    with pytest.raises(NumberTaken):
        applied(owner, registration_number="A-54321")
    services.reject_verification(refused, words="The certificate is another person's.", by=admin)
    assert told(impostor)[-1] == Kind.DOCTOR_REJECTED
    real = approved(applied(owner, registration_number="A-54321"), by=admin)
    assert real.user == owner

    with pytest.raises(NumberTaken):
        services.send_application(impostor, application(registration_number="A-54321"))
    again = services.send_application(impostor, application(registration_number="A-54399"))
    assert again.pk != refused.pk
    assert again.certificate == refused.certificate


def test_what_is_taken_back_is_over(admin: User) -> None:
    user = UserFactory()
    verification = applied(user)
    services.withdraw_verification(verification, by=user)
    assert (verification.status, trail(verification)[-1][0]) == (WITHDRAWN, Action.REMOVED)
    with pytest.raises(VerificationChanged):
        services.approve_verification(verification, by=admin)
    assert services.send_application(user, application()).pk != verification.pk


def test_no_application_without_a_certificate_or_twice_or_too_often() -> None:
    user = UserFactory()
    with pytest.raises(NoCertificate):
        services.send_application(user, application())
    assert not Doctor.objects.exists()
    for _ in range(5):
        verification = applied(user)
        with pytest.raises(AlreadyInReview):
            services.send_application(user, application())
        services.withdraw_verification(verification, by=user)
    with pytest.raises(TooManyVerifications):
        services.send_application(user, application())


@pytest.mark.parametrize(("name", "slug"), [("Apply", "apply-a-500"), ("ফারহানা", "doctor"), ("Karim", "karim-a-500")])
def test_addresses_of_pages_are_free_ones(name: str, slug: str) -> None:
    DoctorFactory(slug="karim")
    applied(UserFactory(), name=name, registration_number="A-500")
    assert Doctor.objects.get(name=name).slug == slug


# Deciding --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ITEMS)
def test_every_item_must_be_ticked(admin: User, missing: ChecklistItem) -> None:
    verification = applied(UserFactory())
    with pytest.raises(ChecklistIncomplete):
        approved(verification, by=admin, items=[item for item in ITEMS if item != missing])
    assert not Doctor.objects.public().exists()
    assert verification.status == PENDING


def test_who_ticked_what_is_kept_also_when_it_is_taken_back(admin: User) -> None:
    other = UserFactory(as_admin=True)
    verification = applied(UserFactory())
    services.tick_items(verification, ITEMS[:3], by=admin)
    services.tick_items(verification, ITEMS[1:], by=other)
    assert {item: tick.by for item, tick in services.ticked(verification).items()} == {
        ITEMS[1]: admin,
        ITEMS[2]: admin,
        **dict.fromkeys(ITEMS[3:], other),
    }
    rows = VerificationTick.objects.order_by("pk").values_list("item", "is_ticked", "by")
    assert list(rows)[3:] == [(ITEMS[0], False, other.pk), *((item, True, other.pk) for item in ITEMS[3:])]


def test_nobody_decides_about_themselves() -> None:
    admin = UserFactory(as_admin=True)
    verification = applied(admin)
    for decide in (
        lambda: services.tick_items(verification, ITEMS, by=admin),
        lambda: services.approve_verification(verification, by=admin),
        lambda: services.ask_more(verification, words="More", by=admin),
        lambda: services.reject_verification(verification, words="No", by=admin),
    ):
        with pytest.raises(OwnVerification):
            decide()
    assert story(verification) == [("", PENDING, 1)]
    assert not VerificationTick.objects.exists()


@pytest.mark.parametrize("words", ["", "  \n "])
def test_question_and_refusal_need_words(admin: User, words: str) -> None:
    verification = applied(UserFactory())
    for decide in (services.ask_more, services.reject_verification):
        with pytest.raises(WordsMissing):
            decide(verification, words=words, by=admin)
    with pytest.raises(IntegrityError, match="question_and_refusal_not_without_words"), transaction.atomic():
        services.move_verification(verification, REJECTED, by=admin)


@pytest.mark.parametrize(("old", "new"), list(product(VerificationStatus, VerificationStatus)))
def test_only_the_tables_steps_can_be_taken(admin: User, old: VerificationStatus, new: VerificationStatus) -> None:
    verification = applied(UserFactory())
    decided = None if old in (PENDING, MORE_ASKED) else timezone.now()
    Verification.objects.update(status=old, decided_at=decided)
    verification.refresh_from_db()
    if new in VERIFICATION_TRANSITIONS[old]:
        services.move_verification(verification, new, by=admin, words="Because")
        assert Verification.objects.get().status == new
        assert VerificationEvent.objects.count() == 2
    else:
        with pytest.raises(VerificationChanged):
            services.move_verification(verification, new, by=admin, words="Because")
        assert Verification.objects.get().status == old
        assert VerificationEvent.objects.count() == 1


@pytest.mark.parametrize(
    "decide",
    [
        lambda seen, by: services.approve_verification(seen, by=by),
        lambda seen, by: services.ask_more(seen, words="More", by=by),
        lambda seen, by: services.reject_verification(seen, words="No", by=by),
        lambda seen, by: services.tick_items(seen, ITEMS, by=by),
    ],
)
def test_who_looked_at_something_older_is_told_so(admin: User, decide: Callable[[Verification, User], None]) -> None:
    """Another was faster, and so was the doctor, who sent something else since."""
    user = UserFactory()
    applied(user)
    seen, other = Verification.objects.get(), UserFactory(as_admin=True)
    services.tick_items(seen, ITEMS, by=admin)
    services.ask_more(Verification.objects.get(), words="More", by=other)
    with pytest.raises(VerificationChanged):
        decide(seen, admin)
    services.send_application(user, application())
    with pytest.raises((VerificationChanged, ChecklistIncomplete)):
        decide(seen, admin)
    assert Verification.objects.get().status == PENDING
    assert not Doctor.objects.public().exists()


# A change of name or number --------------------------------------------------------------------------------------


def test_a_change_waits_beside_the_public_page(admin: User) -> None:
    doctor = DoctorFactory(name="Farhana Rahman", registration_number="A-54321")
    verification = change_asked(doctor, name="Farhana Khan", registration_number="A-99999")
    doctor.refresh_from_db()
    assert (verification.purpose, verification.status) == (Purpose.CHANGE, PENDING)
    assert (doctor.name, doctor.registration_number, doctor.is_public) == ("Farhana Rahman", "A-54321", True)
    assert find_doctors(SearchQuery(text="A-54321")).doctor_ids == (doctor.pk,)
    assert find_doctors(SearchQuery(text="khan")).total == 0
    assert Notification.objects.get().facts["change"] is True

    before = doctor.verified_at
    doctor = approved(verification, by=admin)
    assert (doctor.name, doctor.registration_number) == ("Farhana Khan", "A-99999")
    assert doctor.verified_at > before
    assert find_doctors(SearchQuery(text="khan")).doctor_ids == (doctor.pk,)
    assert find_doctors(SearchQuery(text="A-54321")).total == 0


def test_a_change_that_is_not_accepted_changes_nothing(admin: User) -> None:
    doctor = DoctorFactory(name="Farhana Rahman")
    verification = change_asked(doctor, name="Farhana Khan")
    services.reject_verification(verification, words="The certificate says Rahman.", by=admin)
    doctor.refresh_from_db()
    assert (doctor.name, doctor.is_public) == ("Farhana Rahman", True)


def test_number_of_another_is_refused_however_it_comes(admin: User) -> None:
    DoctorFactory(registration_number="A-11111")
    doctor = DoctorFactory(registration_number="A-22222")
    with pytest.raises(NumberTaken):
        change_asked(doctor, registration_number="A-11111")
    verification = change_asked(doctor, registration_number="A-33333")
    with pytest.raises(NumberTaken):
        applied(UserFactory(), registration_number="A-33333")
    # Verified meanwhile on a way that did not ask: the database has the last word.
    DoctorFactory(registration_number="A-33333")
    with pytest.raises(NumberTaken):
        approved(verification, by=admin)
    verification.refresh_from_db()
    assert verification.status == PENDING
    assert Doctor.objects.get(pk=doctor.pk).registration_number == "A-22222"


@pytest.mark.parametrize("number", ["12345", "a-12345", "A12345", "A-১২৩৪৫", "A-12", ""])
def test_database_knows_one_spelling_of_a_number(number: str) -> None:
    with pytest.raises(IntegrityError) as refused:
        applied(UserFactory(), registration_number=number)
    assert constraint_name(refused.value) == "registration_number_not_as_it_was_typed"


# Mails -----------------------------------------------------------------------------------------------------------


def test_mails_say_where_to_read_on_and_nothing_of_what_was_written(admin: User) -> None:
    user = UserFactory()
    verification = applied(user, name="Farhana Rahman", specialties=[SpecialtyFactory(name_en="Oncology")])
    services.ask_more(verification, words="Secret words.", by=admin)
    services.send_application(user, application(name="Farhana Rahman"))
    verification.refresh_from_db()
    services.reject_verification(verification, words="Secret words.", by=admin)
    verification = services.send_application(user, application(name="Farhana Rahman"))
    doctor = approved(verification, by=admin)
    services.suspend_doctor(doctor, reason="Secret words.", by=admin)
    services.restore_doctor(doctor, by=admin)
    services.reject_verification(change_asked(doctor, name="Other"), words="Secret words.", by=admin)
    for delivery in Delivery.objects.order_by("pk"):
        deliver(delivery.pk)
    subjects = [each.subject for each in mail.outbox]
    assert subjects == [
        "We have your application",
        "Your application: something is missing",
        "We have your application",
        "Your application is not accepted",
        "We have your application",
        "Your profile is verified",
        "Your public page is suspended",
        "Your public page is back",
        "We have your change",
        "Your change is not accepted",
    ]
    for each in mail.outbox:
        assert each.to == [user.email]
        assert "Secret" not in each.body
        assert "Oncology" not in each.body
        assert "http://localhost:8000/" in each.body
    assert "/doctors/apply/status/" in mail.outbox[1].body
    assert "/practice/profile/identity/" in mail.outbox[-1].body
