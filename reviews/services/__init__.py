"""What reviews does, for its own pages and for what stands above it."""

from reviews.services.asking import ask_for_reviews
from reviews.services.door import lock_review, move_review
from reviews.services.moderation import (
    ask_for_change,
    hide_review,
    keep_review,
    remove_reply,
    report_review,
    restore_review,
    take_down_if_not_held,
)
from reviews.services.ratings import rebuild_rating, wrong_ratings
from reviews.services.writing import Words, edit_review, post_review, reply_to_review, withdraw_review

__all__ = [
    "Words",
    "ask_for_change",
    "ask_for_reviews",
    "edit_review",
    "hide_review",
    "keep_review",
    "lock_review",
    "move_review",
    "post_review",
    "rebuild_rating",
    "remove_reply",
    "reply_to_review",
    "report_review",
    "restore_review",
    "take_down_if_not_held",
    "withdraw_review",
    "wrong_ratings",
]
