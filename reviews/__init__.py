"""Ratings, replies, reports and moderation. Comes with a later release."""
