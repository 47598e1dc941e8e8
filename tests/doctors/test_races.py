"""Two at it at once, on real connections: administrators who decide, windows that send, applicants with one number."""

import pytest

from accounts.models import Notification, TrailEntry, User
from doctors import services
from doctors.errors import AlreadyInReview, NumberTaken, VerificationChanged
from doctors.models import ChecklistItem, Doctor, Verification, VerificationEvent
from doctors.services import verification as steps
from tests.appointments.races import at_once, no_deadlock, tally
from tests.doctors.verifications import application, applied, certificate_of
from tests.factories.accounts import UserFactory
from tests.factories.doctors import DoctorFactory
from tests.factories.specialties import SpecialtyFactory

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 5


def decided_at_once(admins: list[User]) -> tuple[Verification, list[str]]:
    """One approves and one rejects what both have before their eyes."""
    verification = applied(UserFactory())
    services.tick_items(verification, list(ChecklistItem), by=admins[0])
    first, second = (Verification.objects.get(pk=verification.pk) for _ in range(2))
    outcomes = at_once(
        lambda: services.approve_verification(first, by=admins[0]),
        lambda: services.reject_verification(second, words="No.", by=admins[1]),
    )
    verification.refresh_from_db()
    return verification, sorted(outcome.name for outcome in outcomes)


def test_of_two_administrators_one_decides_and_the_other_is_told() -> None:
    admins = [UserFactory(as_admin=True), UserFactory(as_admin=True)]
    with no_deadlock():
        for _ in range(ROUNDS):
            verification, outcomes = decided_at_once(admins)
            assert outcomes == [VerificationChanged.__name__, "done"]
            assert VerificationEvent.objects.filter(verification=verification).count() == 2
            assert Doctor.objects.get(pk=verification.doctor_id).is_public == (verification.status == "approved")
            assert Notification.objects.filter(user=verification.doctor.user).count() == 2
            assert TrailEntry.objects.filter(about_id=str(verification.pk), ground="duty").count() == 1


def test_without_the_comparison_both_would_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the guard of the test above is good for: the same race with it taken away."""

    def careless(verification: Verification, new: str, *, by: User, words: str = "", **changes: object) -> None:
        old = verification.status
        Verification.objects.filter(pk=verification.pk).update(status=new, decided_at=verification.sent_at)
        VerificationEvent.objects.create(verification=verification, by=by, revision=1, old=old, new=new, words=words)

    monkeypatch.setattr(steps, "move_verification", careless)
    verification, outcomes = decided_at_once([UserFactory(as_admin=True), UserFactory(as_admin=True)])
    assert outcomes == ["done", "done"]
    assert VerificationEvent.objects.filter(verification=verification).count() == 3


def test_application_sent_from_two_windows_at_once_is_one() -> None:
    for _ in range(ROUNDS):
        user, what = UserFactory(), application(specialties=[SpecialtyFactory()])
        certificate_of(user)
        with no_deadlock():
            outcomes = at_once(*[lambda user=user, what=what: services.send_application(user, what)] * 4)
        assert tally(outcomes) == {"done": 1, AlreadyInReview.__name__: 3}
        assert Doctor.objects.filter(user=user).count() == 1
        assert Verification.objects.filter(doctor__user=user).count() == 1


def test_of_two_applicants_with_one_number_one_is_in_review() -> None:
    for number in range(ROUNDS):
        users = [UserFactory(), UserFactory()]
        for user in users:
            certificate_of(user)
        claims = [application(registration_number=f"A-{5000 + number}") for _ in users]
        pairs = zip(users, claims, strict=True)
        outcomes = at_once(
            *[lambda user=user, what=what: services.send_application(user, what) for user, what in pairs]
        )
        assert tally(outcomes) == {"done": 1, NumberTaken.__name__: 1}
        assert Verification.objects.open().filter(registration_number=f"A-{5000 + number}").count() == 1


def test_of_two_suspensions_one_is_made() -> None:
    admin, doctor = UserFactory(as_admin=True), DoctorFactory()
    outcomes = at_once(*[lambda: services.suspend_doctor(doctor, reason="Complaints", by=admin)] * 4)
    assert tally(outcomes) == {"done": 1, "AlreadySuspended": 3}
    assert Notification.objects.count() == 1
