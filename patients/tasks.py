from uuid import UUID

from celery import shared_task

from patients import services
from patients.models import FileToRemove, Invitation

BATCH = 500


@shared_task(name="patients.remove_file")
def remove_file(file_id: int) -> None:
    services.remove_file(file_id)


@shared_task(name="patients.sweep_files")
def sweep_files() -> None:
    """Remove the files that must go and have not: their message was lost, an upload broke off, the storage was away."""
    for file_id in list(FileToRemove.objects.due().values_list("pk", flat=True)[:BATCH]):
        services.remove_file(file_id)


@shared_task(name="patients.sweep_grants")
def sweep_grants() -> None:
    """Tidy away what doctors were given for a time that is over. Nobody waits for this: it counts no more."""
    services.remove_past_grants()


@shared_task(name="patients.send_invitation")
def send_invitation(invitation_id: str) -> None:
    services.send_invitation(UUID(invitation_id))


@shared_task(name="patients.sweep_invitations")
def sweep_invitations() -> None:
    """Send the mails that are due and were not sent: the message was lost, or an earlier try failed."""
    for key in Invitation.objects.to_send().values_list("pk", flat=True)[:BATCH]:
        services.send_invitation(key)


@shared_task(name="patients.announce_endings")
def announce_endings() -> None:
    """Tell guardians ahead that a child comes of age."""
    services.announce_endings()
