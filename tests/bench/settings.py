"""The portal's settings with one more page: an empty one for a signed-in person, the baseline of the HTTP figures."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.bench.urls"
# All clients come from one address.
VERIFICATIONS_A_MINUTE = 10**9
