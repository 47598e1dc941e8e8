"""The mail of an invitation: it goes to an address, which may be nobody's account."""

from datetime import timedelta
from email.utils import parseaddr
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation

from config.tries import attempt
from patients.models import Invitation

# Waits between tries: within the week that an invitation lives.
BACKOFF = tuple(timedelta(seconds=seconds) for seconds in (30, 120, 600, 3600, 14400, 43200))


@transaction.atomic
def send_invitation(invitation_id: UUID) -> None:
    """Send the mail of an invitation that is open and due; on failure it is due again later, and in the end given up.

    Leaves a row that another worker holds to that worker. At least once, under one Message-ID.
    """
    due = Invitation.objects.to_send().select_for_update(skip_locked=True, no_key=True, of=("self",))
    invitation = due.select_related("invited_by").filter(pk=invitation_id).first()
    if invitation is None:
        return
    invitation.mail_attempts += 1
    about = {"invitation": str(invitation.pk), "attempts": invitation.mail_attempts}
    tried = attempt(
        lambda: mail_of(invitation).send(),
        "invitation_not_sent",
        backoff=BACKOFF,
        tries=invitation.mail_attempts,
        **about,
    )
    invitation.mail_due_at = tried.again_at
    invitation.save(update_fields=["mail_attempts", "mail_due_at"])


def mail_of(invitation: Invitation) -> EmailMessage:
    """In the language of the address's owner, else of who invites. Names no patient: an address may be mistyped."""
    owner = EmailAddress.objects.filter(email__iexact=invitation.email, verified=True).select_related("user").first()
    language = (owner.user if owner else invitation.invited_by).language
    context = {
        "inviter": invitation.invited_by,
        "purpose": invitation.purpose,
        "site_name": settings.SITE_NAME,
        "link": settings.SITE_ORIGIN + invitation.get_absolute_url(),
    }
    with translation.override(language):
        subject = " ".join(render_to_string("patients/invitation.txt#subject", context).split())
        body = render_to_string("patients/invitation.txt#body", context).strip() + "\n"
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].partition("@")[2]
    headers = {"Message-ID": f"<{invitation.pk}@{domain}>", "Auto-Submitted": "auto-generated"}
    return EmailMessage(subject=subject, body=body, to=[invitation.email], headers=headers)
