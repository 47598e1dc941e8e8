"""One measurement on one database: `python -m tests.bench.measure NAME`, with the environment that __main__ makes."""

import sys

import django

django.setup()

from tests.bench import (  # noqa: E402  models want Django set up
    booking,
    dashboard,
    data,
    homes,
    medicines,
    money,
    notices,
    pages,
    records,
    reminders,
    rooms,
    search,
    servers,
    week,
)

NAMES = {
    "load-people": data.load_people,
    "load-history": lambda: data.load_history(int(sys.argv[2])),
    "refresh": data.refresh_days,
    "results": pages.results_page,
    "open-times": pages.open_times,
    "load-records": records.load_records,
    "records": records.shared_records,
    "uploads": records.large_uploads,
    "load-visits": reminders.load_visits,
    "reminders": reminders.sweeps,
    "releases": reminders.releases,
    "load-medicines": medicines.load_medicines,
    "medicines": medicines.medicines,
    "papers": medicines.papers,
    "verification": medicines.over_http,
    "register": medicines.register_of_a_million,
    "register-worker": medicines.register_worker,
    "load-money": money.load_money,
    "ledger": money.ledger,
    "statements": money.statements,
    "ipn": money.ipn,
    "settlements": money.settlements,
    "load-search": lambda: search.load_search(int(sys.argv[2])),
    "search": search.search,
    "search-plans": search.plans,
    "search-keeping-up": search.keeping_up,
    "relevance": search.relevance,
    "rooms": rooms.signals,
    "notices": notices.notices,
    "inboxes": notices.inboxes,
    "week": week.week,
    "homes": homes.homes,
    "load-dashboard": dashboard.load_dashboard,
    "dashboard": dashboard.dashboard,
    "workers": servers.worker_classes,
} | booking.RUNS

if __name__ == "__main__":
    NAMES[sys.argv[1]]()
