from collections.abc import Iterator

import pytest

from tests.payments.sandbox.shop import Shop
from tests.payments.sandbox_process import Sandbox


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox.start(tmp_path_factory.mktemp("sandbox")) as running:
        yield running
        assert "Traceback" not in running.output.read_text()


@pytest.fixture
def sandbox(sandbox_process: Sandbox) -> Sandbox:
    """One process serves all these tests; each finds it empty and with every switch at its default."""
    sandbox_process.reset()
    return sandbox_process


@pytest.fixture
def shop(sandbox: Sandbox) -> Iterator[Shop]:
    shop = Shop(sandbox)
    yield shop
    shop.close()
