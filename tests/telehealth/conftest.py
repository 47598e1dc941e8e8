from collections.abc import Iterator

import pytest

from config.processes import wait_until
from telehealth.models import Desk, Presence


@pytest.fixture
def settled(transactional_db: None) -> Iterator[None]:
    """The test's database is not emptied while a server still writes down who left."""
    yield

    def nobody_is_there() -> bool:
        return not (Presence.objects.filter(is_connected=True).exists() or Desk.objects.exclude(seen_at=None).exists())

    assert wait_until(nobody_is_there, timeout=20)
