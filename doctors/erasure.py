"""What somebody filled in to apply as a doctor and never sent, gone for good: answers, certificate and its file."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from doctors.models import Certificate, VerificationDraft
from doctors.services.certificates import drop_certificate


@transaction.atomic
def drop_draft(user: User) -> None:
    """Forget what the user has not sent; what a verification hangs on stays."""
    VerificationDraft.objects.filter(user=user).delete()
    for certificate in Certificate.objects.filter(user=user):
        drop_certificate(certificate)


def drop_old_drafts(before: datetime) -> int:
    """Forget drafts that nobody has touched since then; how many. One that is being filled in at this moment stays."""
    return sum(_drop_if_old(key, before) for key in _old(before).values_list("pk", flat=True))


@transaction.atomic
def _drop_if_old(user_id: int, before: datetime) -> bool:
    draft = _old(before).filter(pk=user_id).select_for_update(skip_locked=True, of=("self",)).first()
    if draft is None:
        return False
    drop_draft(draft.user)
    return True


def _old(before: datetime):
    return VerificationDraft.objects.filter(updated_at__lt=before).select_related("user").order_by("updated_at")
