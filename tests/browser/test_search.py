"""A doctor is found, in a real browser at the portal as `make demo` starts it: by keyboard in both languages, by
filters with scripts and without, near a position or a place. And a search server is stopped in mid-session."""

import contextlib
import re
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Locator, Page, expect

from config.processes import wait_until
from tests.browser.visitors import DESKTOP, NewContext, looks_right
from tests.factories.doctors import DoctorFactory
from tests.meilisearch.process import KEY, Meilisearch
from tests.servers import Server, celery_worker, listening, python, running

FIND = "/doctors/"
DHAKA, SYLHET = {"latitude": 23.7612, "longitude": 90.3898}, {"latitude": 24.8949, "longitude": 91.8687}
PATIENCE = 60
# In milliseconds: with the search server's 0.3 s in it, on a busy machine. It is slow for ten times as long.
SOON = 5_000
# What is typed, and its kind as the list says it.
TYPED = {"en": ("dhan", "Place"), "bn": ("রক্ত", "উপসর্গ")}


def bar_of(page: Page) -> Locator:
    return page.get_by_role("combobox").first


def cards(page: Page) -> list[str]:
    return sorted(page.locator(".doctor-card-name").all_inner_texts())


def query_of(url: str) -> dict[str, list[str]]:
    """What the address asks for; a form without scripts names all fields, and how far from nowhere."""
    query = parse_qs(urlsplit(url).query)
    return query if "near" in query else {name: values for name, values in query.items() if name != "km"}


def asks_for(wanted: dict[str, list[str]]) -> Callable[[str], bool]:
    return lambda url: query_of(url) == wanted


def total(page: Page) -> int:
    return int(page.locator("#results-count").inner_text().split()[0])


# Suggestions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "bn"])
def test_suggestions_are_chosen_by_keyboard(new_context: NewContext, language: str) -> None:
    page = new_context(viewport=DESKTOP, bypass_csp=True, reduced_motion="reduce").new_page()
    page.goto(FIND)
    if language == "bn":
        page.get_by_role("button", name="বাংলা").first.click()
        expect(page.locator("html")).to_have_attribute("lang", "bn")
    text, kind = TYPED[language]
    bar, options = bar_of(page), page.get_by_role("option").and_(page.locator(".combobox-option"))
    bar.focus()
    with page.expect_response(re.compile("/suggestions/doctors/")):
        bar.press_sequentially(text, delay=20)
    expect(options.filter(has_text=kind).first).to_be_visible()
    expect(bar).to_have_attribute("aria-expanded", "true")
    assert page.locator(f"#{bar.get_attribute('aria-controls')}[role=listbox]").is_visible()
    assert bar.get_attribute("aria-activedescendant") is None
    count = options.count()
    assert 2 <= count <= 8

    def is_at(place: int) -> None:
        expect(options.nth(place)).to_have_attribute("aria-selected", "true")
        expect(page.locator(".combobox-option[aria-selected=true]")).to_have_count(1)
        expect(bar).to_have_attribute("aria-activedescendant", options.nth(place).get_attribute("id") or "")
        expect(bar).to_be_focused()
        expect(bar).to_have_value(text)

    for key, place in (("ArrowDown", 0), ("ArrowDown", 1), ("ArrowUp", 0), ("ArrowUp", count - 1), ("ArrowDown", 0)):
        bar.press(key)
        is_at(place)
    looks_right(page)

    bar.press("Escape")
    expect(bar).to_have_attribute("aria-expanded", "false")
    expect(page.locator(".combobox-list").first).to_be_hidden()
    assert bar.get_attribute("aria-activedescendant") is None
    expect(bar).to_have_value(text)
    expect(bar).to_be_focused()

    bar.press("ArrowDown")
    is_at(0)
    chosen = options.first.locator("span").first.inner_text()
    bar.press("Enter")
    expect(bar).to_have_value(chosen)
    expect(bar).to_have_attribute("aria-expanded", "false")
    page.wait_for_url(asks_for({"q": [chosen]}))
    expect(page.locator(".doctor-card-name").first).to_be_visible()

    # What is typed and not chosen is meant as it is.
    bar.fill(text)
    bar.press("Enter")
    page.wait_for_url(asks_for({"q": [text]}))
    expect(bar).to_have_attribute("aria-expanded", "false")


# Filters ---------------------------------------------------------------------------------------------------------

STEPS: list[tuple[dict[str, list[str]], Callable[[Page], object]]] = [
    ({"gender": ["female"]}, lambda page: page.get_by_role("radio", name="Female", exact=True).check()),
    ({"district": ["dhaka"]}, lambda page: page.get_by_label("District").select_option("dhaka")),
    ({"mode": ["video"]}, lambda page: page.get_by_role("radio", name="Video", exact=True).check()),
    ({"languages": ["en"]}, lambda page: page.get_by_role("checkbox", name="English", exact=True).check()),
    ({"fee_max": ["1500"]}, lambda page: fill(page.get_by_label("Fee up to"), "1500")),
    ({"sort": ["fee"]}, lambda page: page.get_by_label("Sort by").select_option("fee")),
]


def fill(field: Locator, value: str) -> None:
    field.fill(value)
    field.blur()


def test_filters_find_the_same_with_scripts_and_without_and_back_undoes_them(new_context: NewContext) -> None:
    with_scripts = new_context(viewport=DESKTOP).new_page()
    without = new_context(viewport=DESKTOP, java_script_enabled=False).new_page()
    reader = new_context(viewport=DESKTOP).new_page()
    with_scripts.goto(FIND)
    without.goto(FIND)
    wanted: dict[str, list[str]] = {}
    gone_through = []
    for value, choose in STEPS:
        wanted = wanted | value
        choose(with_scripts)
        with_scripts.wait_for_url(asks_for(wanted))
        choose(without)
        without.get_by_role("button", name=re.compile("^Show")).click()
        assert query_of(without.url) == wanted
        # The address is all that there is to it.
        reader.goto(with_scripts.url)
        expect(with_scripts.locator("#results-count")).to_have_text(reader.locator("#results-count").inner_text())
        assert cards(with_scripts) == cards(without) == cards(reader) != []
        assert total(with_scripts) == total(without)
        gone_through.append((wanted, f"{total(reader)} doctor"))

    # The scripts load what was there before anew, after the address has changed.
    ways = {with_scripts: lambda page: page.evaluate("void setTimeout(() => history.back())"), without: Page.go_back}
    for page, back in ways.items():
        for before, count in reversed(gone_through[:-1]):
            with page.expect_event("load"):
                back(page)
            page.wait_for_url(asks_for(before))
            expect(page.locator("#results-count")).to_contain_text(count)
        expect(page.get_by_role("radio", name="Female", exact=True)).to_be_checked()
        expect(page.get_by_role("radio", name="Video", exact=True)).not_to_be_checked()
        expect(page.get_by_label("Fee up to")).to_have_value("")
    reader.goto(f"{FIND}?gender=female")
    assert cards(with_scripts) == cards(without) == cards(reader)


def test_nobody_found_offers_what_to_loosen(new_context: NewContext) -> None:
    for has_scripts in (True, False):
        page = new_context(viewport=DESKTOP, bypass_csp=True, java_script_enabled=has_scripts).new_page()
        page.goto(f"{FIND}?q=cardiology&district=bandarban&gender=female")
        expect(page.get_by_role("heading", name="No doctor fits all of this")).to_be_visible()
        if has_scripts:
            looks_right(page)
        place = page.get_by_role("link", name=re.compile(r"^Bandarban \+\d+$"))
        offered = int(place.inner_text().rpartition("+")[2])
        place.click()
        expect(page).to_have_url(re.compile(r"\?q=cardiology&gender=female$"))
        assert total(page) == offered == len(cards(page)) > 0


# Near ------------------------------------------------------------------------------------------------------------


def test_near_a_position_that_is_given(new_context: NewContext) -> None:
    context = new_context(viewport=DESKTOP, geolocation=SYLHET, permissions=["geolocation"])
    page = context.new_page()
    page.goto(FIND)
    page.get_by_role("button", name="Use my position").click()
    page.wait_for_url(re.compile(r"near=24\.89%2C91\.87&km=10$"))
    expect(page.get_by_role("link", name="Within 10 km of your position (remove)")).to_be_visible()
    places = page.locator(".doctor-card").filter(has_text="Sylhet")
    expect(places.first).to_be_visible()
    assert places.count() == total(page) == len(cards(page))
    page.get_by_label("Sort by").select_option("nearest")
    page.wait_for_url(re.compile(r"km=10&sort=nearest$"))
    assert page.locator(".doctor-card").filter(has_text="Sylhet").count() == total(page)

    # Somewhere else by now.
    context.set_geolocation(DHAKA)  # type: ignore[arg-type]
    page.reload()
    expect(page.get_by_label("Near", exact=True)).to_have_value("24.89,91.87")


def test_position_that_is_refused_is_told_and_a_place_is_chosen_instead(new_context: NewContext) -> None:
    page = new_context(viewport=DESKTOP, bypass_csp=True, reduced_motion="reduce").new_page()
    page.goto(FIND)
    before = total(page)
    page.get_by_role("button", name="Use my position").click()
    told = page.get_by_text("Your position could not be found. Choose a place instead.")
    expect(told).to_be_visible()
    expect(page.get_by_role("button", name="Use my position")).to_be_enabled()
    assert (query_of(page.url), total(page)) == ({}, before)
    looks_right(page)

    page.get_by_label("Near", exact=True).select_option("sylhet")
    page.wait_for_url(re.compile(r"near=sylhet&km=10$"))
    expect(page.get_by_role("link", name="Within 10 km of Sylhet (remove)")).to_be_visible()
    expect(told).to_have_count(0)
    assert page.locator(".doctor-card").filter(has_text="Sylhet").count() == total(page) > 0

    without = new_context(viewport=DESKTOP, java_script_enabled=False).new_page()
    without.goto(FIND)
    expect(without.get_by_role("button", name="Use my position")).to_be_hidden()
    without.get_by_label("Near", exact=True).select_option("sylhet")
    without.get_by_role("button", name=re.compile("^Show")).click()
    assert cards(without) == cards(page)


# A search server that goes away ----------------------------------------------------------------------------------


@contextlib.contextmanager
def portal_on(server: Meilisearch) -> Iterator[tuple[Server, Server]]:
    """gunicorn with the product's configuration, and the worker and the clock that keep the server's index."""
    given = {"MEILISEARCH_URL": server.url, "MEILISEARCH_KEY": KEY}
    web = python("gunicorn", "--config", "config/gunicorn.py", "--bind", "fd://{fd}", "--workers", "1")
    clock = python("celery", "-A", "config.celery", "beat", "--schedule", str(settings.DATA_DIR / "search-beat"))
    with (
        listening("web", [*web, "config.wsgi:application"], **given) as pages,
        celery_worker(**given) as worker,
        running(clock, name="beat", **given),
    ):
        yield pages, worker


def test_search_goes_on_while_its_server_is_slow_or_stopped_and_returns_to_it(
    browser: Browser, transactional_db: None
) -> None:
    names = {str(DoctorFactory(name=f"Karim {word}")) for word in ("Rahman", "Uddin", "Haque")}
    DoctorFactory(name="Farhana Akter")
    with Meilisearch() as server, portal_on(server) as (web, worker):
        page = browser.new_page(base_url=web.url, viewport=DESKTOP, locale="en-GB")

        def search(text: str = "karim") -> None:
            """By the search bar, as a person does; nobody waits long."""
            bar = bar_of(page)
            bar.fill(text)
            with page.expect_response(re.compile(r"/doctors/\?"), timeout=SOON) as answer:
                bar.press("Enter")
            assert answer.value.status == 200
            expect(page.locator("#results-count")).to_have_text(f"{len(names)} doctors")
            assert set(cards(page)) == names

        def is_answered_by_it() -> bool:
            """A second search asks it as well, so the first was answered."""
            before = searches(server)
            search()
            search()
            return searches(server) == before + 2

        def said(event: str, by: Server = web) -> int:
            return by.log.read_text().count(event)

        page.goto(FIND)
        # The worker makes the index that is not there.
        assert wait_until(is_answered_by_it, timeout=PATIENCE)
        alerts, returns = said("search_server_away"), said("search_server_back")

        server.set(slow=10 * SOON / 1000)
        search()
        assert said("search_server_away") == alerts + 1
        server.set(slow=0)
        assert wait_until(is_answered_by_it, timeout=PATIENCE)
        assert said("search_server_back") == returns + 1

        server.stop()
        # The same request is answered; one alert, and then nobody asks.
        search()
        assert said("search_server_away") == alerts + 2
        search()
        assert said("search_server_away") == alerts + 2
        assert wait_until(lambda: said("search_index_not_written", worker) > 0, timeout=PATIENCE)
        names.add(str(DoctorFactory(name="Karim Newcomer")))
        search()

        # It comes back empty, is filled by the worker, and answers again, what is new as well.
        server.start_again()
        assert wait_until(is_answered_by_it, timeout=PATIENCE)
        assert said("search_server_back") == returns + 2
        assert said("search_server_refused") == 0
        assert "karim" not in web.log.read_text().lower()
        page.close()


def searches(server: Meilisearch) -> int:
    """How many it was asked."""
    return sum(each["path"] == "/multi-search" for each in server.asked)
