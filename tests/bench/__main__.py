"""`make bench`: all figures, or those named, such as `make bench ARGS="results open-times bookings week calls"`."""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import psycopg
from psycopg import sql

from config.embedded import Services, services
from config.embedded.postgres import OWNER_ROLE
from config.processes import Roster, claim

FOLDER = Path(os.environ.get("DATA_DIR", ".data")).absolute() / "bench"
HISTORIES = (0, 100_000, 1_000_000)
PARTIAL = "bench_partial"
# Figures of records have a small database of their own: nobody waits for a million appointments because of them.
OF_RECORDS = ("records", "uploads")
# So have those of visits to come: a million of them, and no history.
OF_VISITS_AHEAD = ("reminders", "releases")
# So have medicines. A register of a million goes into a copy of it, which is thrown away.
REGISTER = "register"
OF_MEDICINES = ("medicines", "papers", "verification", REGISTER)
# So has money: a ledger of five million entries.
OF_MONEY = ("ledger", "statements", "ipn", "settlements")
# The admin's home: a year of five million visits, or of as many as VISITS says.
OF_A_YEAR = ("dashboard",)
# So has search, at two sizes.
OF_SEARCH = ("search", "search-plans", "search-keeping-up", "relevance")
SIZES = (10_000, 100_000)
# They need people and no history, or bring their own.
WITHOUT_HISTORY = ("rooms", "week", "homes", "notices", "inboxes")
# Real browsers, on the processes and the data that tests in browsers have.
IN_BROWSERS = ("calls", "toasts")
OF_HISTORIES = ("results", "open-times", "bookings", "crowd", "raw", "workers")
OF_THEIR_OWN = (*OF_RECORDS, *OF_VISITS_AHEAD, *OF_MEDICINES, *OF_MONEY, *OF_A_YEAR, *OF_SEARCH)
FIGURES = (*OF_HISTORIES, *OF_THEIR_OWN, *WITHOUT_HISTORY, *IN_BROWSERS)


def name_of(history: int) -> str:
    return f"bench_{history}"


def run(found: Services, database: str, *arguments: str) -> None:
    environment = os.environ | {
        "PORTAL_ENV": "demo",
        "DJANGO_SETTINGS_MODULE": "tests.bench.settings",
        "DATABASE_URL": found.database_url(OWNER_ROLE, database),
        "REDIS_URL": found.redis_url(),
        "DATA_DIR": str(FOLDER / "files"),
        "LOG_LEVEL": "WARNING",
        "RECORDS_QUOTA_MB": "5000",
    }
    if arguments[0] == "migrate":
        command = ["manage.py", "migrate", "--verbosity", "0"]
    elif arguments[0] == "collectstatic":
        command = ["manage.py", "collectstatic", "--no-input", "--verbosity", "0"]
    else:
        command = ["-m", "tests.bench.measure", *arguments]
    subprocess.run([sys.executable, *command], env=environment, check=True)


def prepare(found: Services, histories: Iterable[int]) -> None:
    """The databases, each made from the one before it and complete before it takes its name."""
    for history in histories:
        database = name_of(history)
        if exists(found, database):
            run(found, database, "migrate")
            continue
        print(f"Loading {history} past appointments ...", file=sys.stderr)
        admin(found, "DROP DATABASE IF EXISTS {}", PARTIAL)
        admin(found, "CREATE DATABASE {} TEMPLATE {}", PARTIAL, name_of(0) if history else "template1")
        if history:
            run(found, PARTIAL, "load-history", str(history))
        else:
            run(found, PARTIAL, "migrate")
            run(found, PARTIAL, "load-people")
        admin(found, "ALTER DATABASE {} RENAME TO {}", PARTIAL, database)


def prepare_one(found: Services, database: str, *load: str) -> None:
    """A database with data of its own, complete before it takes its name."""
    if exists(found, database):
        run(found, database, "migrate")
        return
    print(f"Loading {database} ...", file=sys.stderr)
    admin(found, "DROP DATABASE IF EXISTS {}", PARTIAL)
    admin(found, "CREATE DATABASE {}", PARTIAL)
    run(found, PARTIAL, "migrate")
    run(found, PARTIAL, *load)
    admin(found, "ALTER DATABASE {} RENAME TO {}", PARTIAL, database)


def run_on_a_copy(found: Services, database: str, figure: str) -> None:
    admin(found, "DROP DATABASE IF EXISTS {}", PARTIAL)
    admin(found, "CREATE DATABASE {} TEMPLATE {}", PARTIAL, database)
    run(found, PARTIAL, figure)
    admin(found, "DROP DATABASE {}", PARTIAL)


def exists(found: Services, database: str) -> bool:
    with psycopg.connect(found.database_url(OWNER_ROLE)) as connection:
        return bool(connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone())


def admin(found: Services, statement: str, *names: str) -> None:
    with psycopg.connect(found.database_url(OWNER_ROLE), autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def databases_of(figure: str) -> list[str]:
    if figure in OF_RECORDS:
        return ["bench_records"]
    if figure in OF_VISITS_AHEAD:
        return ["bench_ahead"]
    if figure in OF_MEDICINES:
        return ["bench_medicines"]
    if figure in OF_SEARCH:
        sizes = {"search": SIZES[::-1], "search-keeping-up": SIZES, "relevance": SIZES[:1]}.get(figure, SIZES[-1:])
        return [f"bench_search_{size}" for size in sizes]
    if figure in OF_MONEY:
        return ["bench_money"]
    if figure in OF_A_YEAR:
        return ["bench_year"]
    if figure in WITHOUT_HISTORY:
        return [name_of(HISTORIES[0])]
    return [name_of(history) for history in (HISTORIES if figure == "open-times" else HISTORIES[1:2])]


def main(wanted: list[str]) -> None:
    unknown = set(wanted) - set(FIGURES)
    if unknown:
        sys.exit(f"No such figure: {min(unknown)}. There are: {', '.join(FIGURES)}.")
    chosen = [figure for figure in wanted or FIGURES if figure not in IN_BROWSERS]
    for figure in IN_BROWSERS:
        if figure in (wanted or FIGURES):
            subprocess.run([sys.executable, "-m", "pytest", "-q", "-s", "-n0", f"tests/bench/{figure}.py"], check=True)
    if not chosen:
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    lock = claim(FOLDER / "lock")
    if lock is None:
        sys.exit("A bench runs already.")
    with lock, services(FOLDER, roster=Roster(FOLDER / "roster.json"), durable=True) as found:
        (FOLDER / "files").mkdir(exist_ok=True)
        of_their_own = set(OF_THEIR_OWN)
        if set(chosen) - of_their_own:
            prepare(found, HISTORIES[:1] if set(chosen) <= {*of_their_own, *WITHOUT_HISTORY} else HISTORIES)
        if set(chosen) & set(OF_RECORDS):
            prepare_one(found, "bench_records", "load-records")
        if set(chosen) & set(OF_VISITS_AHEAD):
            prepare_one(found, "bench_ahead", "load-visits")
        if set(chosen) & set(OF_MEDICINES):
            prepare_one(found, "bench_medicines", "load-medicines")
        for size in SIZES if set(chosen) & set(OF_SEARCH) else ():
            prepare_one(found, f"bench_search_{size}", "load-search", str(size))
        if set(chosen) & set(OF_MONEY):
            prepare_one(found, "bench_money", "load-money")
        if set(chosen) & set(OF_A_YEAR):
            prepare_one(found, "bench_year", "load-dashboard")
        run(found, databases_of(chosen[0])[0], "collectstatic")
        for figure in chosen:
            if figure == "results":
                run(found, name_of(HISTORIES[1]), "refresh")
            for database in databases_of(figure):
                (run_on_a_copy if figure == REGISTER else run)(found, database, figure)


if __name__ == "__main__":
    main(sys.argv[1:])
