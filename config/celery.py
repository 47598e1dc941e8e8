"""The Celery application: `celery -A config.celery worker` and `celery -A config.celery beat`."""

import os

from celery import Celery
from celery.signals import setup_logging
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("portal")
app.config_from_object("config.settings:CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)


@setup_logging.connect
def keep_the_portals_logging(**kwargs: object) -> None:
    """Django has configured logging already; a receiver here keeps Celery from doing it again."""
