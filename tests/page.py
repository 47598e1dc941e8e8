"""A page as its reader finds it."""

from collections import Counter
from html.parser import HTMLParser

from django.test import Client
from playwright.sync_api import ConsoleMessage

HTMX = {"HX-Request": "true"}


def is_complaint(said: ConsoleMessage, *further: str) -> bool:
    """Whether a browser complains of a page. That the socket of news does not open is none: many tests serve pages
    without the process of sockets, and the page goes on without (tests/browser/test_inbox.py)."""
    return said.type in {"error", *further} and "/ws/live" not in said.text


class Page(HTMLParser):
    """What stands on it: headings, ids, links, buttons, and what points where inside it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.ids: Counter[str] = Counter()
        self.pointed_at: set[str] = set()
        self.links: dict[str, str] = {}
        self.headings: list[tuple[str, str]] = []
        self.buttons: list[str] = []
        self._open: list[tuple[str, str, list[str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids[given["id"]] += 1
        for name in ("for", "aria-labelledby", "aria-describedby", "aria-controls"):
            self.pointed_at.update(given.get(name, "").split())
        if given.get("href", "").startswith("#"):
            self.pointed_at.add(given["href"][1:])
        if tag in ("h1", "h2", "h3", "h4", "a", "button"):
            self._open.append((tag, given.get("href", ""), [given["aria-label"]] if "aria-label" in given else []))

    def handle_data(self, data: str) -> None:
        for _tag, _href, words in self._open:
            words.append(data)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1][0] != tag:
            return
        _tag, href, parts = self._open.pop()
        words = " ".join(" ".join(parts).split())
        if tag == "a":
            self.links[words] = href
        elif tag == "button":
            self.buttons.append(words)
        else:
            self.headings.append((tag, words))

    @property
    def title(self) -> str:
        (words,) = [words for tag, words in self.headings if tag == "h1"]
        return words


def read(client: Client, address: str, *, status: int = 200, **headers: str) -> Page:
    """The page, drawn whole: one h1, no id twice, nothing that points into the void."""
    response = client.get(address, headers=headers)
    assert response.status_code == status
    page = Page(response.content.decode())
    assert [name for name, times in page.ids.items() if times > 1] == []
    if "<html" in page.html:
        assert page.title
        assert page.pointed_at - page.ids.keys() - {""} == set()
    return page
