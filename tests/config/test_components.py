"""The components, the page that shows them all, and what every template and colour has to keep to."""

import gzip
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.urls import reverse

# A mail has its style in itself, for it loads nothing (tests/accounts/test_mails.py); it is no page.
MAIL = settings.BASE_DIR / "templates/notifications/mail.html"
TEMPLATES = sorted(path for path in (settings.BASE_DIR / "templates").rglob("*.html") if path != MAIL)
COMPONENTS = sorted((settings.BASE_DIR / "templates" / "cotton").rglob("*.html"))
STYLES = settings.BASE_DIR / "static" / "css"
# The admin's pages have the colours of its kit.
SHEETS = sorted(path for path in STYLES.rglob("*.css") if path.name != "admin.css")

COMMENT = re.compile(r"\A(\{% comment %\}.{20,}?\{% endcomment %\}|\{#.{20,}?#\})", re.S)
# Data for search engines (application/ld+json) runs nowhere.
INLINE = re.compile(
    r"""<style|\sstyle\s*=|\son[a-z]+\s*=\s*["']|javascript:|<script(?![^>]*(?:\bsrc=|"application/ld\+json"))""", re.I
)


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.fixture(params=["en", "bn"])
def page(request, client) -> str:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = request.param
    response = client.get(reverse("components"))
    assert response.status_code == 200
    return response.content.decode()


def test_components_page_is_drawn_in_both_languages(page):
    assert "<h1>Components</h1>" in page
    assert "{%" not in page
    assert "<c-" not in page


def test_components_page_shows_every_component():
    shown = set()
    waiting = ["templates/components.html", "templates/base.html", "templates/layouts/patient.html"]
    while waiting:
        names = re.findall(r"<c-([a-z-]+)", text(settings.BASE_DIR / waiting.pop()))
        for name in set(names) - shown - {"vars", "slot"}:
            shown.add(name)
            waiting.append(f"templates/cotton/{name.replace('-', '_')}.html")
    assert {path.stem.replace("_", "-") for path in COMPONENTS} - shown == set()


def test_components_page_has_every_id_once(page):
    found = re.findall(r'\sid="([^"]+)"', page)
    assert sorted({name for name in found if found.count(name) > 1}) == []


def test_components_page_points_only_at_what_is_there(page):
    present = set(re.findall(r'\sid="([^"]+)"', page))
    named = re.findall(r'\s(?:for|list|aria-labelledby|aria-controls)="([^"]+)"', page)
    named += [name for names in re.findall(r'\saria-describedby="([^"]+)"', page) for name in names.split()]
    assert set(named) - present == set()


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: path.stem)
def test_component_opens_with_what_it_takes(path):
    assert COMMENT.match(text(path)), f"{path.name} does not open with a comment that lists what it takes"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(settings.BASE_DIR / "templates")))
def test_template_has_no_inline_style_script_or_handler(path):
    assert INLINE.findall(text(path)) == []


def test_first_visit_is_light(client):
    """Page, style sheets, htmx and the modules that it draws in, compressed as they are served: of 100 kB that are
    allowed, 60 at the most."""
    html = client.get(reverse("account_login")).content
    tags = re.findall(r"<(?:link rel=.stylesheet.|script)[^>]*>", html.decode())
    linked = re.findall(r'(?:href|src)="/static/([^"]+)"', "".join(tags))
    files, waiting = set(), [Path(finders.find(name)) for name in linked]
    while waiting:
        path = waiting.pop()
        if path not in files:
            files.add(path)
            waiting += [path.parent / name for name in re.findall(r'^import .*?"\./([\w.-]+)";', text(path), re.M)]
    assert len(files) >= 20
    assert len(gzip.compress(html)) + sum(len(gzip.compress(path.read_bytes())) for path in files) < 60_000


# Colours ---------------------------------------------------------------------------------------------------------


def tokens(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z0-9-]+):\s*([^;]+);", block))


def palettes() -> dict[str, dict[str, str]]:
    """The light colours and the two copies of the dark ones, as tokens.css has them."""
    source = text(STYLES / "tokens.css")
    light = re.search(r":root \{(.*?)\n  \}", source, re.S)
    wished = r'@media screen and \(prefers-color-scheme: dark\) \{\s*:root:not\(\[data-theme="light"\]\) '
    system = re.search(wished + r"\{(.*?)\n    \}", source, re.S)
    chosen = re.search(r'@media screen \{\s*:root\[data-theme="dark"\] \{(.*?)\n    \}', source, re.S)
    assert light
    assert system
    assert chosen
    base = tokens(light[1])
    return {"light": base, "dark": base | tokens(system[1]), "chosen dark": base | tokens(chosen[1])}


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


GROUNDS = ("bg", "surface", "surface-2")
TEXT = [
    *((ink, ground) for ink in ("text", "text-2", "text-3", "brand") for ground in GROUNDS),
    *((ink, f"{tone}-soft") for tone in ("brand", "success", "warning", "danger", "info") for ink in (tone, "text")),
    *((f"{tone}", ground) for tone in ("danger", "success", "info") for ground in ("bg", "surface")),
    ("brand-ink", "brand"),
    ("brand-ink", "brand-hover"),
    ("brand-hover", "brand-soft"),
    ("text-2", "brand-soft"),
    ("danger-ink", "danger"),
    ("danger-ink", "danger-hover"),
    ("bg", "text"),
]
BORDERS = [
    *(("control-border", ground) for ground in GROUNDS),
    *(("focus", ground) for ground in GROUNDS),
    *(("brand", ground) for ground in (*GROUNDS, "brand-soft")),
    ("star", "surface"),
    ("danger", "surface"),
]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_can_be_read(theme, ink, ground):
    palette = palettes()[theme]
    assert contrast(palette[ink], palette[ground]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("line", "ground"), BORDERS)
def test_controls_can_be_seen(theme, line, ground):
    palette = palettes()[theme]
    assert contrast(palette[line], palette[ground]) >= 3


def test_dark_is_the_same_by_the_system_and_by_the_switch_and_on_no_paper():
    known = palettes()
    assert known["dark"] == known["chosen dark"]


def test_colours_are_named_once():
    """A colour stands in tokens.css; elsewhere it is asked for by its name (print and half-clear greys aside)."""
    for path in SHEETS:
        if path.name != "tokens.css":
            assert set(re.findall(r"#[0-9a-f]{3,8}\b", text(path))) <= {"#ffffff", "#8884"}, path.name


def test_style_sheets_use_only_tokens_that_exist():
    known = set(palettes()["light"]) | {"tone", "avatar", "rail", "edge"}
    for path in SHEETS:
        assert set(re.findall(r"var\(--([a-z0-9-]+)", text(path))) <= known, path.name
