import logging
from collections.abc import Callable, Iterator

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from payments.gateways import sslcommerz
from tests.payments.sandbox_process import Sandbox
from tests.payments.till import Seller, Till


@pytest.fixture(scope="session")
def gateway_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox.start(tmp_path_factory.mktemp("gateway")) as running:
        yield running
        assert "Traceback" not in running.output.read_text()


@pytest.fixture
def sandbox(gateway_process: Sandbox, settings: Settings) -> Sandbox:
    """The gateway that the portal is set to, with an empty book and every switch at its default."""
    gateway_process.reset()
    sslcommerz.fuses.clear()
    settings.SSLCOMMERZ_URL = gateway_process.url
    return gateway_process


@pytest.fixture
def alerts(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What this room has called somebody for until now: the lines that docs/payments.md says to look at."""

    def called() -> list[str]:
        ours = (each for each in caplog.records if each.name.startswith("payments.") and each.levelno >= logging.ERROR)
        # structlog hands its events over as they are.
        return [dict(each.msg)["event"] for each in ours]  # type: ignore[call-overload]

    return called


@pytest.fixture
def seller() -> Iterator[Seller]:
    seller = Seller()
    seller.connect()
    yield seller
    seller.disconnect()


@pytest.fixture
def till(transactional_db: None, live_server: LiveServer, sandbox: Sandbox, seller: Seller, settings: Settings) -> Till:
    settings.SITE_ORIGIN = live_server.url
    return Till(live_server.url, sandbox, seller)
