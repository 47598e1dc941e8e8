"""What patients say of visits: reviews and their versions, reports, doctors' ratings, and who was asked."""

from reviews.models.ratings import PARTS, DoctorRating
from reviews.models.reports import Report, ReportReason, ReportSubject
from reviews.models.requests import ReviewRequest
from reviews.models.reviews import (
    EDITABLE,
    LONGEST_REPLY,
    LONGEST_TEXT,
    REVIEW_TRANSITIONS,
    Review,
    ReviewEvent,
    ReviewStatus,
    ReviewVersion,
)

__all__ = [
    "EDITABLE",
    "LONGEST_REPLY",
    "LONGEST_TEXT",
    "PARTS",
    "REVIEW_TRANSITIONS",
    "DoctorRating",
    "Report",
    "ReportReason",
    "ReportSubject",
    "Review",
    "ReviewEvent",
    "ReviewRequest",
    "ReviewStatus",
    "ReviewVersion",
]
