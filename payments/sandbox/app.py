"""Which request goes where, and the parts put together."""

from collections.abc import Callable, Sequence
from pathlib import Path

from payments.sandbox.api import Api
from payments.sandbox.control import PREFIX as CONTROL
from payments.sandbox.control import Control
from payments.sandbox.courier import Courier
from payments.sandbox.faults import Faults
from payments.sandbox.gateway import Gateway, Merchant
from payments.sandbox.pages import ASSETS, PAY_PAGE, Pages
from payments.sandbox.reports import Reports
from payments.sandbox.store import Store
from payments.sandbox.web import Request, Response


class Application:
    """The whole gateway but for its sockets. `start()` also sends what an earlier run left undelivered."""

    def __init__(
        self, folder: Path, merchant: Merchant, *, public_url: str | None = None, ipn_backoff: Sequence[float]
    ) -> None:
        self._store = Store(folder)
        self._courier = Courier(self._store, backoff=ipn_backoff)
        faults = Faults(self._store)
        gateway = Gateway(self._store, faults, self._courier, merchant)
        api = Api(self._store, gateway, faults, public_url=public_url)
        self._control = Control(self._store, gateway, faults)
        self._pages = Pages(gateway, faults, self._control)
        reports = Reports(gateway)
        self._routes: dict[tuple[str, str], Callable[[Request], Response]] = {
            ("POST", "/gwprocess/v4/api.php"): api.open_session,
            ("GET", "/validator/api/validationserverAPI.php"): api.validate,
            ("GET", "/validator/api/merchantTransIDvalidationAPI.php"): api.refund_or_query,
            ("GET", "/reports/payments.csv"): reports.payments,
            ("GET", "/reports/refunds.csv"): reports.refunds,
            ("GET", "/"): self._pages.console,
            ("POST", "/"): self._pages.flip,
        }

    def start(self) -> None:
        self._courier.start()

    def answer(self, request: Request) -> Response:
        if request.path.startswith(CONTROL):
            return self._control.answer(request)
        if request.path.startswith(PAY_PAGE):
            return self._pages.pay(request)
        if request.path.startswith(ASSETS):
            return self._pages.asset(request)
        route = self._routes.get((request.method, request.path))
        return route(request) if route else self._pages.not_found()
