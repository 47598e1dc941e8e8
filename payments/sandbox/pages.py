"""What people see: the hosted payment page, the page that sends the browser back, and the console of the switches.

No page needs JavaScript, and nothing is marked safe. Templates get text only: numbers and dates would make Django ask
its settings how to write them, and this process has none.
"""

import hmac
import mimetypes
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.template import Context, Engine

from payments.sandbox.control import Control
from payments.sandbox.faults import EVERY, SWITCHES, BadSwitch, Faults, Switch
from payments.sandbox.gateway import Gateway
from payments.sandbox.messages import UNSEEN, Session
from payments.sandbox.protocol import CHANNELS, DHAKA
from payments.sandbox.store import now
from payments.sandbox.web import Request, Response

PAY_PAGE = "/EasyCheckOut/testcde"
ASSETS = "/assets/"
HERE = Path(__file__).parent / "pages"
FONTS = Path(__file__).parents[2] / "static" / "fonts"
FILES = {
    "sandbox.css": HERE,
    "return.js": HERE,
    "noto-sans-bengali.woff2": FONTS,
    "noto-sans-bengali-few.woff2": FONTS,
}
POLICY = (
    "default-src 'none'; style-src 'self'; font-src 'self'; script-src 'self'; img-src data:; base-uri 'none';"
    " frame-ancestors 'none'; form-action {}"
)
SHOWN = 25
"""Transactions on the console."""

OUTCOME_NAMES = {"VALID": "Payment made", "FAILED": "Payment failed", "CANCELLED": "Payment cancelled"}
TONES = {"VALID": "success", "FAILED": "danger", "CANCELLED": "warning", "PENDING": "info"}


class Pages:
    def __init__(self, gateway: Gateway, faults: Faults, control: Control) -> None:
        self._gateway = gateway
        self._faults = faults
        self._control = control
        self._engine = Engine(dirs=[str(HERE)])

    def pay(self, request: Request) -> Response:
        """The hosted page; once decided, and however often reloaded, the way back to the merchant."""
        try:
            session = self._gateway.session(request.path.removeprefix(PAY_PAGE).upper())
        except LookupError:
            return self.not_found()
        if request.method == "POST" and session.status == "PENDING":
            choice = _form(request)
            outcome, channel = choice.get("outcome", ""), choice.get("channel", "visa")
            if outcome not in OUTCOME_NAMES or channel not in CHANNELS:
                return self._pay_page(session, status=400)
            session = self._gateway.decide(session.sessionkey, outcome, channel=channel)
        if session.status == "PENDING":
            return self._pay_page(session)
        if session.status in UNSEEN or not session.return_url:
            return self.not_found()
        return self._page(
            "return.html",
            {
                "outcome": OUTCOME_NAMES[session.status],
                "tone": TONES[session.status],
                "amount": taka(str(session.amount)),
                "url": session.return_url,
                "fields": list(self._gateway.signed_return(session).items()),
            },
            # The merchant may redirect on to wherever it likes; the real page has no say in that either.
            posts_to="http: https:",
        )

    def _pay_page(self, session: Session, *, status: int = 200) -> Response:
        return self._page(
            "pay.html",
            {
                "amount": taka(str(session.amount)),
                "sent": ""
                if session.currency_type == "BDT"
                else f"{session.currency_type} {session.currency_amount:,.2f}",
                "product": session.request["product_name"],
                "tran_id": session.tran_id,
                "channels": list(CHANNELS.items()),
                "refused": "yes" if status == 400 else "",
            },
            status=status,
        )

    # The console

    def console(self, request: Request, *, error: str = "") -> Response:
        standing = self._faults.standing()
        everywhere = {each["name"]: each["value"] for each in standing if each["tran_id"] == EVERY}
        recent = [self._control.describe(session) for session in self._gateway.find_sessions()[:SHOWN]]
        return self._page(
            "console.html",
            {
                "error": error,
                "yesterday": str(now().astimezone(DHAKA).date() - timedelta(days=1)),
                "token": self._form_token(),
                "store_id": self._gateway.merchant.store_id,
                "switches": [_switch_for_form(each, everywhere) for each in SWITCHES.values()],
                "standing": [_standing_line(each) for each in standing],
                "transactions": [_transaction_for_list(each) for each in recent],
                "held": "yes" if any(ipn["state"] == "held" for each in recent for ipn in each["ipns"]) else "",
            },
            status=400 if error else 200,
        )

    def flip(self, request: Request) -> Response:
        """Do what a form of the console asks; back to the console, with the reason if it could not be."""
        form = _form(request)
        if not hmac.compare_digest(form.get("token", "").encode(), self._form_token().encode()):
            return self.console(request, error="That form was not from this page. Try again.")
        try:
            match form.get("action"):
                case "set":
                    self._set_switches(form)
                case "clear":
                    self._faults.clear()
                case "release":
                    self._gateway.release_ipns()
        except BadSwitch as error:
            return self.console(request, error=str(error))
        return Response(b"", "text/plain", 303, {"Location": "/"})

    def _set_switches(self, form: dict[str, str]) -> None:
        times = form.get("times", "").strip()
        if times and not re.fullmatch("[1-9][0-9]{0,5}", times):
            raise BadSwitch("times takes a whole number above 0")
        values = {switch.name: switch.read(form.get(switch.name, "")) for switch in SWITCHES.values()}
        self._faults.set(
            {name: None if value == SWITCHES[name].default else value for name, value in values.items()},
            tran_id=form.get("tran_id", "").strip(),
            times=int(times) if times else None,
        )

    def _form_token(self) -> str:
        """Shown in the console's forms only, so that no other site's page can post them."""
        return hmac.new(self._gateway.merchant.password.encode(), b"console", "sha256").hexdigest()

    # Plumbing

    def asset(self, request: Request) -> Response:
        name = request.path.removeprefix(ASSETS)
        if name not in FILES:
            return self.not_found()
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return Response((FILES[name] / name).read_bytes(), kind, headers={"Cache-Control": "max-age=60"})

    def not_found(self) -> Response:
        return self._page("not_found.html", {}, status=404)

    def _page(self, template: str, values: dict[str, Any], *, status: int = 200, posts_to: str = "'self'") -> Response:
        context = Context({"store_name": self._gateway.merchant.name, **values})
        return Response(
            self._engine.get_template(template).render(context).encode(),
            "text/html; charset=utf-8",
            status,
            {
                "Content-Security-Policy": POLICY.format(posts_to),
                "Cache-Control": "no-store",
                "X-Content-Type-Options": "nosniff",
            },
        )


def taka(amount: str) -> str:
    """৳ 1,23,450.00: the last three digits, then by two."""
    whole, _, rest = amount.partition(".")
    head, last = whole[:-3], whole[-3:]
    pairs = re.findall(r"\d{1,2}", head[::-1])
    return "৳ " + ",".join([*(pair[::-1] for pair in reversed(pairs)), last]) + f".{rest or '00'}"


def _form(request: Request) -> dict[str, str]:
    try:
        return request.form()
    except UnicodeDecodeError:
        return {}


def _label(name: str) -> str:
    words = name.replace("_", " ").replace("ipn", "IPN")
    return words[0].upper() + words[1:]


def _switch_for_form(switch: Switch, standing: dict[str, Any]) -> dict[str, Any]:
    value = standing.get(switch.name, switch.default)
    shown = {"name": switch.name, "says": switch.says, "label": _label(switch.name)}
    match switch.default:
        case bool():
            return {**shown, "kind": "flag", "on": "yes" if value else ""}
        case str():
            return {**shown, "kind": "choice", "value": value, "choices": list(switch.choices)}
        case int() | float():
            return {**shown, "kind": "number", "value": f"{value:g}"}
    return {**shown, "kind": "fields", "value": "&".join(f"{name}={part}" for name, part in value.items())}


def _standing_line(rule: dict[str, Any]) -> dict[str, str]:
    value = rule["value"]
    if isinstance(value, dict):
        value = "&".join(f"{name}={part}" for name, part in value.items())
    return {
        "name": _label(rule["name"]),
        "value": "on" if value is True else f"{value:g}" if isinstance(value, float) else str(value),
        "tran_id": rule["tran_id"],
        "times": str(rule["times"]) if rule["times"] else "",
    }


def _transaction_for_list(described: dict[str, Any]) -> dict[str, Any]:
    """The facts of one transaction as texts, in the order a person asks for them."""
    ipns = [
        f"{ipn['state']}"
        + "".join(f", {attempt['status_code'] or 'no answer'}" for attempt in ipn["attempts"][-1:])
        + (f", tried {len(ipn['attempts'])} times" if len(ipn["attempts"]) > 1 else "")
        for ipn in described["ipns"]
    ]
    refunds = [f"{taka(each['amount'])} {each['status']}" for each in described["refunds"]]
    calls = [f"{each['api']}: {each['answer']}" for each in described["calls"]]
    facts = {
        "Opened": described["opened_at"],
        "Decided": described["decided_at"],
        "Validated": described["validated_at"],
        "val_id": described["val_id"],
        "bank_tran_id": described["bank_tran_id"],
        "IPN": "; ".join(ipns),
        "Refunds": "; ".join(refunds),
        "API calls": "; ".join(calls),
    }
    channel = CHANNELS.get(described["channel"])
    return {
        "tran_id": described["tran_id"],
        "status": described["status"] + (", RISKY" if described["risk_level"] else ""),
        "tone": "warning" if described["risk_level"] else TONES.get(described["status"], "warning"),
        "amount": taka(described["amount"]),
        "channel": channel.label if channel else "",
        "pay_url": PAY_PAGE + described["sessionkey"].lower() if described["status"] == "PENDING" else "",
        "facts": [(name, text) for name, text in facts.items() if text],
    }
