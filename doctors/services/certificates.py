"""Certificates: private files that prove a registration, and who opens them."""

from tempfile import NamedTemporaryFile

from django.db import transaction
from django.db.models import ProtectedError

from accounts.models import Action, Ground, User
from accounts.trail import write_trail
from config.files import CheckedFile, on_disk, open_apart, private_storage, private_url, remove_private, store_private
from doctors.models import Certificate, Verification, VerificationDraft

FOLDER = "certificates"
LONGEST_FILENAME = 120


def attach_certificate(user: User, checked: CheckedFile, *, filename: str) -> Certificate:
    """Keep this file with what the user has not sent yet, in the place of an earlier one.

    A file that did not get into the database does not stay in the storage either.
    """
    with checked.content:
        name = store_private(checked, FOLDER)
    try:
        with transaction.atomic():
            certificate = Certificate.objects.create(
                user=user,
                file=name,
                filename=shortened(filename, checked.extension),
                content_type=checked.content_type,
                size=checked.size,
                pages=checked.pages,
                sha256=checked.sha256,
            )
            draft, _made = VerificationDraft.objects.select_for_update().get_or_create(user=user)
            replaced, draft.certificate = draft.certificate_id, certificate
            draft.save(update_fields=["certificate", "updated_at"])
            if replaced:
                drop_certificate(Certificate.objects.get(pk=replaced))
    except BaseException:
        private_storage().delete(name)
        raise
    return certificate


def shortened(filename: str, extension: str) -> str:
    """The name of a file as its owner knows it, of a sensible length, ending as its content wants it."""
    stem = filename.rpartition(".")[0] or filename
    kept = "".join(letter for letter in stem if letter.isprintable() and letter not in '/\\:*?"<>|')
    return (kept.strip()[:LONGEST_FILENAME] or "certificate") + extension


@transaction.atomic
def drop_certificate(certificate: Certificate) -> None:
    """Forget a certificate, file and all, unless a verification hangs on it."""
    try:
        with transaction.atomic():
            certificate.delete()
    except ProtectedError:
        return
    remove_private(certificate.file)


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
