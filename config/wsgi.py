"""Pages, for gunicorn."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

# A page makes some thousands of objects that hold each other. Where every two thousand are looked through, many are met
# in the middle of their page, and wait for the dear look at older ones, which came at every tenth page and took half as
# long as a page. What the portal itself is made of stays, so nobody need look at it.
gc.freeze()
gc.set_threshold(10_000)
