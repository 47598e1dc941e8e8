"""What a person has said in reviews and of them, for the copy that the person may take away."""

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from config.export import Section
from reviews.models import Report, ReportReason, Review, ReviewStatus, ReviewVersion

WORDS = [
    ("stars", _("Stars")),
    ("listening", _("Listening")),
    ("explaining", _("Explaining")),
    ("punctuality", _("Punctuality")),
    ("text", _("In your words")),
    ("signed_as", _("Shown name")),
]


def review_sections(user: User) -> list[Section]:
    """The reviews that the user wrote, with what they were before, what the user answered as a doctor and reported."""
    reviews = Review.objects.by_author(user).select_related("doctor").order_by("posted_at", "pk")
    versions = ReviewVersion.objects.filter(review__author=user).order_by("pk")
    replies = Review.objects.filter(doctor__user=user).exclude(reply="").order_by("replied_at", "pk")
    reports = Report.objects.filter(by=user).order_by("at", "pk")
    names = [name for name, _label in WORDS]
    return [
        Section(
            "reviews",
            _("Reviews that you wrote"),
            [
                ("id", _("Key")),
                ("at", _("When")),
                ("appointment", _("Visit")),
                ("doctor", _("Doctor")),
                *WORDS,
                ("status", _("State")),
                ("reply", _("The doctor’s reply")),
                ("note", _("Why it was decided so")),
            ],
            [
                (
                    str(each.pk),
                    each.posted_at,
                    str(each.appointment_id),
                    str(each.doctor),
                    *(getattr(each, name) for name in names),
                    ReviewStatus(each.status),
                    each.reply,
                    each.note,
                )
                for each in reviews
            ],
        ),
        Section(
            "review_versions",
            _("Reviews as they were before you changed them"),
            [("review", _("Key")), ("until", _("Until")), *WORDS],
            [(str(each.review_id), each.at, *(getattr(each, name) for name in names)) for each in versions],
        ),
        Section(
            "review_replies",
            _("Your replies to reviews of you"),
            [("review", _("Key")), ("at", _("When")), ("reply", _("In your words"))],
            [(str(each.pk), each.replied_at, each.reply) for each in replies],
        ),
        Section(
            "review_reports",
            _("Reviews that you reported"),
            [("review", _("Key")), ("at", _("When")), ("reason", _("Reason")), ("words", _("In your words"))],
            [(str(each.review_id), each.at, ReportReason(each.reason), each.words) for each in reports],
        ),
    ]
