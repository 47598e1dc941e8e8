"""Certificates: private files that prove a registration, and who opens them."""

from datetime import timedelta
from tempfile import NamedTemporaryFile

import structlog
from django.db import transaction
from django.utils import timezone

from accounts.models import Action, Ground, User
from accounts.trail import write_trail
from config.files import CheckedFile, on_disk, open_apart, private_name, private_storage, private_url, store_private
from config.queue import send_on_commit
from doctors.models import Certificate, Verification, VerificationDraft

FOLDER = "certificates"
LONGEST_FILENAME = 120
# Longer than any upload that still gets to its draft.
BROKEN_OFF_AFTER = timedelta(hours=2)
TRY_AGAIN_AFTER = timedelta(minutes=10)

log = structlog.get_logger()


def attach_certificate(user: User, checked: CheckedFile, *, filename: str) -> Certificate:
    """Keep this file with what the user has not sent yet, in the place of an earlier one.

    A file that no draft got does not stay in the storage either: its row, written first, says when it goes.
    """
    with checked.content:
        certificate = Certificate.objects.create(
            user=user,
            file=private_name(checked, FOLDER),
            filename=shortened(filename, checked.extension),
            content_type=checked.content_type,
            size=checked.size,
            pages=checked.pages,
            sha256=checked.sha256,
            goes_at=timezone.now() + BROKEN_OFF_AFTER,
        )
        try:
            store_private(checked, FOLDER, name=certificate.file)
            _give_to_draft(certificate, user)
        except BaseException:
            _remove_soon(certificate)
            raise
    return certificate


@transaction.atomic
def _give_to_draft(certificate: Certificate, user: User) -> None:
    draft, _made = VerificationDraft.objects.select_for_update().get_or_create(user=user)
    replaced, draft.certificate = draft.certificate, certificate
    draft.save(update_fields=["certificate", "updated_at"])
    certificate.goes_at = None
    certificate.save(update_fields=["goes_at"])
    if replaced:
        drop_certificate(replaced)


def shortened(filename: str, extension: str) -> str:
    """The name of a file as its owner knows it, of a sensible length, ending as its content wants it."""
    stem = filename.rpartition(".")[0] or filename
    kept = "".join(letter for letter in stem if letter.isprintable() and letter not in '/\\:*?"<>|')
    return (kept.strip()[:LONGEST_FILENAME] or "certificate") + extension


@transaction.atomic
def drop_certificate(certificate: Certificate) -> None:
    """Forget a certificate, file and all, unless a verification or a draft hangs on it."""
    if not _is_held(certificate):
        _remove_soon(certificate)


def _is_held(certificate: Certificate) -> bool:
    holders = (Verification.objects, VerificationDraft.objects)
    return any(holder.filter(certificate=certificate).exists() for holder in holders)


def _remove_soon(certificate: Certificate) -> None:
    from doctors.tasks import remove_certificate

    Certificate.objects.filter(pk=certificate.pk).update(goes_at=timezone.now())
    send_on_commit(remove_certificate, certificate.pk)


def remove_certificate(certificate_id: int) -> bool:
    """Remove a certificate that must go by now from private storage, and then its row; False if it is not its time, if
    another worker has it, or if the storage failed and it is due again.

    Claims the row by putting its next turn off. What a verification or a draft holds is never removed.
    """
    with transaction.atomic():
        due = Certificate.objects.to_go().select_for_update(skip_locked=True, of=("self",))
        certificate = due.filter(pk=certificate_id).first()
        if certificate is None:
            return False
        if _is_held(certificate):
            log.error("certificate_that_is_held_was_to_go", certificate=certificate.pk)
            certificate.goes_at = None
            certificate.save(update_fields=["goes_at"])
            return False
        certificate.goes_at = timezone.now() + TRY_AGAIN_AFTER
        certificate.save(update_fields=["goes_at"])
    try:
        private_storage().delete(certificate.file)
    except Exception as error:
        # Whatever the storage raises, the certificate is due again; the others must not wait for it.
        log.warning("certificate_not_removed", certificate=certificate.pk, error=type(error).__name__)
        return False
    certificate.delete()
    return True


def open_certificate(verification: Verification, *, by: User) -> str:
    """An address that shows an administrator the certificate for a minute; that it was opened is in the trail.

    To be called after a check that `by` may see verifications.
    """
    certificate = verification.certificate
    write_trail(Action.DOWNLOADED, by=by, about=verification, ground=Ground.DUTY, code="certificate")
    return private_url(certificate.file, filename=certificate.filename, reader=by, inline=True)


def draw_certificate(verification: Verification, number: int, *, by: User) -> bytes:
    """A page of a certificate that is a PDF, as a WebP picture; that it was looked at is in the trail.

    To be called after a check that `by` may see verifications. Raises ValidationError for a page that is not there.
    """
    write_trail(Action.READ, by=by, about=verification, ground=Ground.DUTY, code=f"certificate-page-{number}")
    stored = private_storage().open(verification.certificate.file)
    with stored, on_disk(stored) as source, NamedTemporaryFile(suffix=".webp") as drawn:
        open_apart("page", source, drawn.name, str(number))
        return drawn.read()
