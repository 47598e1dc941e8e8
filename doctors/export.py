"""What this room keeps of somebody who is a doctor or wants to become one, for the copy that they may take away."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from config.export import Section
from doctors.models import Certificate, Purpose, Verification, VerificationDraft, VerificationStatus


def application_sections(user: User) -> list[Section]:
    """What was sent to be verified, the papers for it, and what is filled in and not sent yet."""
    sent = Verification.objects.of_user(user).order_by("sent_at")
    papers = Certificate.objects.kept().filter(user=user).order_by("uploaded_at")
    return [
        Section(
            "applications",
            _("What you sent to be verified"),
            [
                ("at", _("When")),
                ("purpose", _("Purpose")),
                ("name", _("Name")),
                ("registration_number", _("BMDC registration number")),
                ("status", _("Status")),
                ("decided", _("Decided")),
            ],
            [
                (
                    each.sent_at,
                    Purpose(each.purpose),
                    each.name,
                    each.registration_number,
                    VerificationStatus(each.status),
                    each.decided_at,
                )
                for each in sent
            ],
        ),
        Section(
            "certificates",
            _("Certificates"),
            [("at", _("When")), ("file", _("File")), ("size", _("Size"))],
            [(each.uploaded_at, each.filename, each.size) for each in papers],
        ),
        Section(
            "application_draft",
            _("What you filled in to apply, and have not sent"),
            [("page", _("Page")), ("question", _("Question")), ("answer", _("Answer"))],
            list(_answers(VerificationDraft.objects.filter(user=user).first())),
        ),
    ]


def _answers(draft: VerificationDraft | None) -> Iterator[tuple[str, str, str]]:
    for page, answers in (draft.answers if draft else {}).items():
        for question, answer in answers.items():
            yield page, question, _words(answer)


def _words(answer: Any) -> str:
    return ", ".join(map(str, answer)) if isinstance(answer, list) else str(answer)
