"""The process: it starts, ends, keeps its memory, and needs nothing of the portal."""

import ast
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.payments.sandbox.shop import SESSION_API, Shop, wait_until
from tests.payments.sandbox_process import PROJECT, Sandbox


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_process_ends_at_once_when_asked(tmp_path: Path, number: signal.Signals) -> None:
    with Sandbox.start(tmp_path) as sandbox:
        shop = Shop(sandbox)
        sandbox.faults(session="timeout", hold_seconds=600)
        with ThreadPoolExecutor(1) as pool:
            held = pool.submit(shop.open, tran_id="T1")
            wait_until(lambda: bool(sandbox.transactions()))
            asked = time.monotonic()
            sandbox.process.send_signal(number)

            assert sandbox.process.wait(10) == 0
            # Of the ten minutes for which the answer is held nothing is waited for.
            assert time.monotonic() - asked < 8
            with pytest.raises(requests.ConnectionError):
                held.result()
        shop.close()


def test_process_remembers_over_a_restart(tmp_path: Path) -> None:
    with Sandbox.start(tmp_path) as first:
        shop = Shop(first)
        payment = shop.paid(tran_id="T1")
        refund = shop.refund(payment)
        first.faults(risky=True)
    with Sandbox.start(tmp_path) as second:
        shop.sandbox = second
        assert shop.validate(payment["val_id"])["status"] == "VALID"
        assert shop.refund(payment) == refund
        assert [each["name"] for each in second.standing_faults()] == ["risky"]
        shop.close()


def test_ipn_left_undelivered_by_a_crash_is_sent_after_the_restart(tmp_path: Path) -> None:
    with Sandbox.start(tmp_path) as first:
        shop = Shop(first)
        first.faults(ipn="with_return")
        shop.gate.clear()
        shop.paid(tran_id="T1")
        shop.wait_for_ipns(1)
        first.process.kill()
        first.process.wait()
    shop.gate.set()
    with Sandbox.start(tmp_path) as second:
        again = shop.wait_for_ipns(2)
        assert again[0] == again[1]
        wait_until(lambda: second.transaction("T1")["ipns"][0]["state"] == "delivered")
        shop.close()


def test_port_can_be_chosen_and_a_taken_one_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(RuntimeError, match=f"cannot listen on 127.0.0.1:{port}.*--port"):
            Sandbox.start(tmp_path, port=port)
    with Sandbox.start(tmp_path, port=port) as sandbox:
        assert sandbox.url == f"http://127.0.0.1:{port}"


def test_broken_data_is_named(tmp_path: Path) -> None:
    (tmp_path / "sandbox.sqlite3").write_text("this is no database, and long enough to be sure of it " * 20)

    with pytest.raises(RuntimeError, match="cannot keep its data in"):
        Sandbox.start(tmp_path)


def test_urls_outside_the_allowed_hosts_are_refused(tmp_path: Path) -> None:
    with Sandbox.start(tmp_path, allow_hosts=["127.0.0.1"]) as sandbox:
        shop = Shop(sandbox)
        assert shop.open()["status"] == "SUCCESS"
        for name in ("success_url", "fail_url", "cancel_url", "ipn_url"):
            answer = shop.open(**{name: "http://169.254.169.254/latest/meta-data"})
            assert answer["status"] == "FAILED"
            assert name in answer["failedreason"]
        shop.close()


def test_public_url_is_where_the_customer_is_sent(tmp_path: Path) -> None:
    with Sandbox.start(tmp_path, public_url="https://pay.example.com") as sandbox:
        shop = Shop(sandbox)
        assert shop.open()["GatewayPageURL"].startswith("https://pay.example.com/EasyCheckOut/testcde")
        shop.close()


@pytest.mark.parametrize(("path", "status"), [("/nothing", 404), ("/assets/../store.py", 404), (SESSION_API, 404)])
def test_unknown_pages_are_404(sandbox: Sandbox, path: str, status: int) -> None:
    with requests.Session() as http:
        request = requests.Request("GET", sandbox.url).prepare()
        request.url = sandbox.url + path
        assert http.send(request, timeout=10).status_code == status


def test_large_body_is_refused_unread(sandbox: Sandbox) -> None:
    with socket.create_connection(("127.0.0.1", int(sandbox.url.rsplit(":")[-1])), timeout=10) as raw:
        raw.sendall(b"POST /gwprocess/v4/api.php HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 413 ")


def test_sandbox_imports_nothing_of_the_portal() -> None:
    for path in (PROJECT / "payments/sandbox").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                inside = name.startswith("payments.sandbox") or not (PROJECT / name.split(".")[0]).is_dir()
                assert inside, f"{path.name} imports {name}"
                assert not name.startswith(("django.conf", "django.db")), f"{path.name} imports {name}"
