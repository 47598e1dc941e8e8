"""The composition root: settings, servers, tasks and the plumbing that every room shares."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
