"""The score that the MDN HTTP Observatory gives a page, by its published tests and modifiers.

Methodology: https://developer.mozilla.org/en-US/observatory/docs/tests_and_scoring. A page begins with 100; what is
missing is taken off; what goes beyond the usual is added if 90 are left. Whether a host is on the browsers' preload
list cannot be known here, so those five points are never given.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from http.cookies import Morsel, SimpleCookie
from urllib.parse import urlsplit

SIX_MONTHS = 15_768_000
EXTRA_CREDIT_FROM = 90
BROAD = frozenset({"ftp:", "http:", "https:", "*", "http://*", "http://*.*", "https://*", "https://*.*"})
INLINE = frozenset({"'unsafe-inline'", "data:"})
GRADES = (
    *((100, "A+"), (90, "A"), (85, "A-"), (80, "B+"), (70, "B"), (65, "B-"), (60, "C+"), (50, "C"), (45, "C-")),
    *((40, "D+"), (30, "D"), (25, "D-"), (0, "F")),
)


@dataclass(frozen=True)
class Answer:
    """What came for a GET of the page over HTTPS, and what for one over HTTP."""

    url: str
    headers: dict[str, str]
    cookies: tuple[str, ...]
    html: str
    redirect_from_http: str

    def header(self, name: str) -> str:
        return self.headers.get(name.lower(), "").strip()


def csp_of(text: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for part in text.split(";"):
        name, *sources = part.lower().split()
        assert name not in found, f"{name} stands twice"
        found[name] = set(sources) or {"'none'"}
    return found


def content_security_policy(answer: Answer) -> int:
    text = answer.header("content-security-policy")
    if not text:
        return -25
    policy = csp_of(text)
    every = policy.get("default-src", {"*"})
    scripts, objects, styles = (policy.get(name, every) for name in ("script-src", "object-src", "style-src"))
    for sources in (scripts, styles):
        if any(source.startswith(("'nonce-", "'sha256-", "'sha384-", "'sha512-")) for source in sources):
            sources.discard("'unsafe-inline'")
    passive = set().union(*(policy.get(name, every) for name in ("img-src", "media-src")))
    active = set().union(*(sources for name, sources in policy.items() if name not in {"img-src", "media-src"}))
    if scripts & (BROAD | INLINE) or objects & BROAD:
        return -20
    if any(source.startswith(("http:", "ftp:")) for source in active):
        return -20
    if "'unsafe-eval'" in scripts | styles:
        return -10
    if any(source.startswith(("http:", "ftp:")) for source in passive):
        return -10
    if styles & (BROAD | INLINE):
        return 0
    return 10 if policy.get("default-src") == {"'none'"} else 5


def cookies(answer: Answer) -> int:
    if not answer.cookies:
        return 0
    modifiers = []
    for cookie in morsels(answer.cookies):
        is_session = any(mark in cookie.key.lower() for mark in ("login", "sess"))
        same_site = cookie["samesite"].lower()
        if same_site and same_site not in {"lax", "strict", "none"}:
            modifiers.append(-20)
        if not cookie["secure"]:
            protected = strict_transport_security(answer) >= 0
            modifiers.append((-10 if protected else -40) if is_session else (-5 if protected else -20))
        if "csrf" in cookie.key.lower() and not same_site:
            modifiers.append(-20)
        if is_session and not cookie["httponly"]:
            modifiers.append(-30)
    if modifiers:
        return min(modifiers)
    return 5 if all(cookie["samesite"] for cookie in morsels(answer.cookies)) else 0


def morsels(lines: tuple[str, ...]) -> "Iterator[Morsel[str]]":
    for line in lines:
        jar: SimpleCookie = SimpleCookie()
        jar.load(line)
        yield from jar.values()


def cross_origin_resource_sharing(answer: Answer) -> int:
    allowed = answer.header("access-control-allow-origin")
    return -50 if allowed and answer.header("access-control-allow-credentials") == "true" else 0


def cross_origin_resource_policy(answer: Answer) -> int:
    return {"same-origin": 10, "same-site": 10, "cross-origin": 0, "": 0}.get(
        answer.header("cross-origin-resource-policy"), -5
    )


def redirection(answer: Answer) -> int:
    where, here = urlsplit(answer.redirect_from_http), urlsplit(answer.url)
    if not answer.redirect_from_http or where.scheme != "https":
        return -20
    return 0 if where.netloc == here.netloc else -5


def referrer_policy(answer: Answer) -> int:
    found = answer.header("referrer-policy")
    if found in {"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"}:
        return 5
    return -5 if found else 0


def strict_transport_security(answer: Answer) -> int:
    parts = [part.strip().lower() for part in answer.header("strict-transport-security").split(";")]
    ages = [part.partition("=")[2] for part in parts if part.startswith("max-age=")]
    if len(ages) != 1 or not ages[0].isdecimal():
        return -20
    return 0 if int(ages[0]) >= SIX_MONTHS else -10


class Scripts(HTMLParser):
    """The scripts of a page, as whence each comes and what vouches for it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        if tag == "script" and facts.get("src"):
            self.found.append((facts["src"] or "", facts.get("integrity") or ""))


def subresource_integrity(answer: Answer) -> int:
    worst = 0
    own = urlsplit(answer.url).netloc
    for source, integrity in Scripts(answer.html).found:
        parts = urlsplit(source)
        if parts.netloc in {"", own} and not source.startswith("//"):
            continue
        vouched, bare = (0, -5) if parts.scheme == "https" else (-20, -50)
        worst = min(worst, vouched if integrity else bare)
    return worst


def x_content_type_options(answer: Answer) -> int:
    return 0 if answer.header("x-content-type-options").lower() == "nosniff" else -5


def x_frame_options(answer: Answer) -> int:
    if "frame-ancestors" in csp_of(answer.header("content-security-policy") or "default-src *"):
        return 5
    return 0 if answer.header("x-frame-options").lower() in {"deny", "sameorigin"} else -20


TESTS: tuple[Callable[[Answer], int], ...] = (
    content_security_policy,
    cookies,
    cross_origin_resource_policy,
    cross_origin_resource_sharing,
    redirection,
    referrer_policy,
    strict_transport_security,
    subresource_integrity,
    x_content_type_options,
    x_frame_options,
)


def modifiers_of(answer: Answer) -> dict[str, int]:
    return {test.__name__: test(answer) for test in TESTS}


def score_of(answer: Answer) -> int:
    modifiers = modifiers_of(answer).values()
    score = 100 + sum(modifier for modifier in modifiers if modifier < 0)
    if score >= EXTRA_CREDIT_FROM:
        score += sum(modifier for modifier in modifiers if modifier > 0)
    return max(score, 0)


def grade_of(answer: Answer) -> str:
    score = score_of(answer)
    return next(grade for least, grade in GRADES if score >= least)
