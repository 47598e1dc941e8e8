"""What is not kept longer than it is needed. docs/security.md has the table of what is kept, and why."""

from datetime import timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts.models import MobileProof, Notification, User
from accounts.sessions import clear_sessions
from appointments.models import Reminder
from doctors.erasure import drop_old_drafts
from prescriptions.retention import remove_past_treatment
from reviews.models import ReviewRequest

BATCH = 1000


def keep_to_retention() -> dict[str, int]:
    """Remove what is past its time; how much of what. In batches, and safe to break off and to run again."""
    return {
        "sessions": clear_sessions(),
        "notifications": _old_notifications(),
        "numbers": _unproven_numbers(),
        "reminders": _old_reminders(),
        "review_requests": _old_review_requests(),
        "drafts": drop_old_drafts(timezone.now() - timedelta(days=settings.KEEP_DRAFTS_DAYS)),
        "accounts": _unproven_accounts(),
        "treatment": remove_past_treatment(timezone.now() - timedelta(days=settings.KEEP_TREATMENT_DAYS)),
    }


def _old_notifications() -> int:
    before = timezone.now() - timedelta(days=settings.KEEP_NOTIFICATIONS_DAYS)
    return _in_batches(Notification.objects.filter(created_at__lt=before).order_by("created_at"))


def _unproven_numbers() -> int:
    """Numbers that somebody named and nobody proved: their codes are good for minutes."""
    return _in_batches(MobileProof.objects.filter(sent_at__lt=timezone.now() - timedelta(days=1)).order_by("pk"))


def _old_reminders() -> int:
    """That somebody was reminded of what is long over; the keys are in the order of time."""
    before = timezone.now() - timedelta(days=settings.KEEP_REMINDERS_DAYS)
    return _in_batches(Reminder.objects.filter(at__lt=before).order_by("pk"))


def _old_review_requests() -> int:
    """That somebody was asked about a visit that nobody is asked about any more."""
    before = timezone.now() - timedelta(days=settings.KEEP_REMINDERS_DAYS)
    return _in_batches(ReviewRequest.objects.filter(at__lt=before).order_by("at"))


def _unproven_accounts() -> int:
    """Sign-ups whose address nobody proved: they never led anywhere."""
    proven = EmailAddress.objects.filter(user=OuterRef("pk"), verified=True)
    before = timezone.now() - timedelta(days=settings.KEEP_UNPROVEN_ACCOUNTS_DAYS)
    unproven = User.objects.filter(~Exists(proven), last_login=None, date_joined__lt=before, is_active=True)
    return _in_batches(unproven.filter(is_staff=False, doctor=None, patient=None).order_by("pk"))


def _in_batches(rows) -> int:
    removed = 0
    while keys := list(rows.values_list("pk", flat=True)[:BATCH]):
        rows.model.objects.filter(pk__in=keys).delete()
        removed += len(keys)
    return removed
