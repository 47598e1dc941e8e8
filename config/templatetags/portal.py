"""Template tags and filters of every page: icons, money, digits, dates and times in the reader's language and zone.

Times come in as aware datetimes and are shown in the active time zone (Dhaka's for visitors, their own for people
who signed in) on a twelve-hour clock. Digits are Bangla where the page is.
"""

import functools
import json
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import lucide
from django import template
from django.conf import settings
from django.core.paginator import Page
from django.template import Context
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

register = template.Library()

BANGLA_DIGITS = str.maketrans("0123456789", "০১২৩৪৫৬৭৮৯")
SIGNS = {"BDT": "৳"}

# CLDR's names for the parts of a day in Bangla, by the hour in which each begins.
PARTS_OF_THE_DAY = ((20, "রাত"), (18, "সন্ধ্যা"), (16, "বিকাল"), (12, "দুপুর"), (6, "সকাল"), (4, "ভোর"), (0, "রাত"))

# Unicode's combining class of the signs that join a letter to the next.
VIRAMA = 9

NASALS = "ঁংঃ"

TINTS = ("brand", "info", "success", "warning")


def in_bangla() -> bool:
    return (get_language() or "").startswith("bn")


# Icons -----------------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=512)
def _svg(name: str, size: int, label: str, attributes: tuple[tuple[str, str], ...]) -> SafeString:
    given = dict(attributes)
    drawn: dict[str, Any] = given | {"class": f"icon {given.get('class', '')}".strip(), "stroke_width": 1.75}
    drawn |= {"role": "img", "aria_label": label} if label else {"aria_hidden": "true"}
    # Lucide's own paths; ElementTree escapes the attributes.
    return mark_safe(lucide._render_icon(name, size, **drawn))


@register.simple_tag
def icon(name: str, size: int | str = 20, label: str = "", **attributes: str) -> SafeString:
    """A Lucide icon as inline SVG, `size` pixels wide, hidden from screen readers unless it has a `label`.

    Further attributes, `class` among them, go onto the SVG. Raises lucide.IconDoesNotExist.
    """
    given = tuple(sorted((key, str(value)) for key, value in attributes.items()))
    return _svg(str(name), int(size), str(label), given)


# For machines -----------------------------------------------------------------------------------------------------

_IN_A_SCRIPT = {ord(">"): "\\u003E", ord("<"): "\\u003C", ord("&"): "\\u0026"}


@register.filter
def json_ld(data: Any) -> SafeString:
    """JSON for the inside of a script element: whatever a text holds, it does not end the element."""
    return mark_safe(json.dumps(data, ensure_ascii=False).translate(_IN_A_SCRIPT))


# Numbers ---------------------------------------------------------------------------------------------------------


@register.filter
def digits(value: Any) -> str:
    """The value as text, with Bangla digits on a Bangla page. Not for doses, codes and ids, which stay Latin.

    Of a whole sentence all of its digits: `digits(ngettext("%(count)d document", …) % {"count": count})`.
    """
    text = "" if value is None else str(value)
    return text.translate(BANGLA_DIGITS) if in_bangla() else text


@register.filter
def years(value: int | None) -> str:
    """36 years, in Bangla ৩৬ বছর; None is empty."""
    if value is None:
        return ""
    return ngettext("%(number)s year", "%(number)s years", value) % {"number": digits(value)}


@register.filter
def years_of_practice(value: int) -> str:
    """12 years of practice."""
    return ngettext("%(number)s year of practice", "%(number)s years of practice", value) % {"number": digits(value)}


@register.filter
def out_of_five(count: int, shown: str) -> str:
    """4.7 out of 5, 31 ratings: what a rating says to those who hear the page."""
    words = ngettext("%(value)s out of 5, %(number)s rating", "%(value)s out of 5, %(number)s ratings", count)
    return words % {"value": shown, "number": digits(count)}


@register.filter
def in_fours(text: str) -> str:
    """A long key as people read and type it: in groups of four signs."""
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def grouped(whole: str) -> str:
    """Digits in South Asian groups: the last three, then pairs (12345678 is 1,23,45,678)."""
    head, tail = whole[:-3], whole[-3:]
    groups = [tail]
    while head:
        groups.insert(0, head[-2:])
        head = head[:-2]
    return ",".join(groups)


@register.filter
def money(value: Any, currency: str = "") -> str:
    """An amount with its sign: ৳1,23,450, in Bangla ৳ ১,২৩,৪৫০; paisa only where there are any. None is empty.

    `currency` is an ISO code, the portal's own by default; one without a known sign stands before the number.
    """
    if value is None or value == "":
        return ""
    code = currency or settings.CURRENCY
    amount = Decimal(str(value)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    whole, paisa = f"{abs(amount):f}".split(".")
    number = digits(grouped(whole) + (f".{paisa}" if paisa != "00" else ""))
    minus = "\N{MINUS SIGN}" if amount < 0 else ""
    sign = SIGNS.get(code, code)
    gap = "\N{NO-BREAK SPACE}" if in_bangla() or code not in SIGNS else ""
    return f"{minus}{sign}{gap}{number}"


@register.filter
def fee(value: Any) -> str:
    """A fee as people say it: the amount, or that there is none to pay."""
    if value is None or value == "":
        return ""
    return money(value) if Decimal(str(value)) else _("Free")


@register.filter
def stars(value: Any) -> list[str]:
    """Five of `full`, `half` and `empty` for a rating of 0 to 5, to the nearest half."""
    halves = int((Decimal(str(value)) * 2).quantize(Decimal(1), ROUND_HALF_UP))
    return ["full" if halves >= 2 * place else "half" if halves == 2 * place - 1 else "empty" for place in range(1, 6)]


# Days and times --------------------------------------------------------------------------------------------------


def _local(value: datetime, zone: str = "") -> datetime:
    """Raises ValueError for a naive datetime: what zone it meant is not known here."""
    return timezone.localtime(value, ZoneInfo(zone) if zone else None)


def _day(value: date, pattern: str) -> str:
    if value.year != timezone.localdate().year:
        pattern += " Y"
    # Django's Bangla months are written with vowel signs in two pieces.
    return unicodedata.normalize("NFC", digits(format_date(value, pattern)))


def _clock(value: datetime | time) -> str:
    return _around_clock(value.hour).format(digits(f"{value.hour % 12 or 12}:{value:%M}"))


def _around_clock(hour: int) -> str:
    """What a time at this hour is written into."""
    if in_bangla():
        part = next(name for begins, name in PARTS_OF_THE_DAY if hour >= begins)
        return f"{part}\N{NO-BREAK SPACE}{{}}"
    return f"{{}}\N{NO-BREAK SPACE}{'am' if hour < 12 else 'pm'}"


@register.simple_tag
def clocks() -> str:
    """For scripts: what a time is written into at each hour of the day, parted by |."""
    return "|".join(map(_around_clock, range(24)))


@register.filter
def day(value: date | datetime | None) -> str:
    """Tue 14 Oct; the year follows where it is not this one."""
    if value is None:
        return ""
    return _day(_local(value) if isinstance(value, datetime) else value, "D j M")


@register.filter
def date_of(value: str) -> date:
    """The day that a notice's facts carry in ISO 8601."""
    return date.fromisoformat(value)


@register.filter
def day_long(value: date | datetime | None) -> str:
    """Tuesday 14 October; the year follows where it is not this one."""
    if value is None:
        return ""
    return _day(_local(value) if isinstance(value, datetime) else value, "l j F")


@register.filter
def birthday(value: date) -> str:
    """17 May 1990: always with its year, and nobody's weekday."""
    return unicodedata.normalize("NFC", digits(format_date(value, "j F Y")))


@register.filter
def month(value: date) -> str:
    """October 2026."""
    return unicodedata.normalize("NFC", digits(format_date(value, "F Y")))


@register.filter
def month_short(value: date) -> str:
    """Oct."""
    return unicodedata.normalize("NFC", format_date(value, "M"))


@register.filter
def day_short(value: date) -> str:
    """14 Oct: for where there is little room."""
    return unicodedata.normalize("NFC", digits(format_date(value, "j M")))


@register.filter
def weekday(value: date | datetime) -> str:
    """Tue."""
    return format_date(_local(value) if isinstance(value, datetime) else value, "D")


@register.filter
def day_number(value: date | datetime) -> str:
    """14."""
    return digits(format_date(_local(value) if isinstance(value, datetime) else value, "j"))


@register.filter
def clock(value: datetime | time | None) -> str:
    """2:20 pm, in Bangla দুপুর ২:২০; of a datetime in the active zone, of a time as it is."""
    if value is None:
        return ""
    return _clock(value if isinstance(value, time) else _local(value))


@register.filter
def day_clock(value: datetime | None) -> str:
    """Tue 14 Oct, 2:20 pm."""
    return "" if value is None else f"{day(value)}, {clock(value)}"


@register.filter
def day_clock_long(value: datetime | None) -> str:
    """Tuesday 14 October, 2:20 pm: what a screen reader says for a time to choose."""
    return "" if value is None else f"{day_long(value)}, {clock(value)}"


@register.filter
def in_zone(value: datetime | None, zone: str) -> str:
    """Tue 14 Oct, 2:20 pm, on the clocks of an IANA zone.

    Raises zoneinfo.ZoneInfoNotFoundError for a zone that there is not.
    """
    if value is None:
        return ""
    local = _local(value, str(zone))
    return f"{_day(local, 'D j M')}, {_clock(local)}"


@register.filter
def clock_in(value: datetime | None, zone: str) -> str:
    """2:20 pm, on the clocks of an IANA zone."""
    return "" if value is None else _clock(_local(value, str(zone)))


@register.filter
def mode_icon(mode: str) -> str:
    """The icon of a way to meet."""
    return "video" if mode == "video" else "building-2"


@register.filter
def zone_name(zone: Any) -> str:
    """What people call the clocks of an IANA zone: Asia/Dhaka is Dhaka time."""
    city = str(zone).rpartition("/")[2].replace("_", " ")
    return _("%(city)s time") % {"city": _(city)}


@register.filter
def instant(value: datetime | str | None) -> str:
    """Tuesday 14 October, 2:20 pm (Dhaka time): for mails, which are read away from the portal. ISO 8601 is taken too.

    Raises ValueError for text that is no time, and for a time without an offset.
    """
    if not value:
        return ""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return f"{day_clock_long(moment)} ({zone_name(timezone.get_current_timezone_name())})"


# People and pages ------------------------------------------------------------------------------------------------


@register.filter
def initials(name: Any) -> str:
    """The first letters of the first and the last name, titles left out.

    Of a name in Bangla the first letter alone, with its vowel sign: two are wider than an avatar.
    """
    words = [word for word in str(name).split() if not word.endswith(".") and word[:1].isalpha()] or str(name).split()
    letters = [_first_letter(word) for word in dict.fromkeys(words[:1] + words[-1:])]
    return "".join(letters if all(letter.isascii() for letter in letters) else letters[:1])


def _first_letter(word: str) -> str:
    letter = word[:1].upper()
    for mark in word[1:]:
        # A virama would call for the next letter, and stand there bare without it; an anusvara is a letter of its own.
        if not unicodedata.category(mark).startswith("M") or unicodedata.combining(mark) == VIRAMA or mark in NASALS:
            break
        letter += mark
    return letter


@register.filter
def tint(name: Any) -> str:
    """One of the soft colours, always the same for the same name."""
    return TINTS[sum(map(ord, str(name))) % len(TINTS)]


@register.filter
def layout(user: Any) -> str:
    """The layout of a page that all share, by the home of the person who reads it: for `{% extends user|layout %}`.

    An administrator's home is the admin, with a frame of its own: outside it they have the header alone.
    """
    own = {"doctor": "layouts/doctor.html", "patient": "layouts/patient.html"}
    role = user.role if getattr(user, "is_authenticated", False) else ""
    return own.get(role, "layouts/public.html")


@register.filter
def has_errors(formsets: Iterable[Any]) -> bool:
    """Whether something is wrong in one of these formsets, or between its rows."""
    return any(rows.is_bound and rows.total_error_count() for rows in formsets)


@register.filter
def near_pages(page: Page[Any]) -> list[int]:
    """The numbers to show for a page: the first, the last and its neighbours; 0 stands for a gap."""
    pages = page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    return [number if isinstance(number, int) else 0 for number in pages]


@register.simple_tag(takes_context=True)
def page_address(context: Context, number: int, name: str = "page") -> str:
    """This page's address with another number, or without it for the first."""
    query, path = context["request"].GET.copy(), context["request"].path
    query.pop(name, None)
    if number > 1:
        query[name] = number
    # With the path: a fragment of one page may be shown on another.
    return f"{path}?{query.urlencode()}" if query else path


@register.filter
def pairs(values: Iterable[Any]) -> list[tuple[Any, Any]]:
    """Pairs as they are, anything else with an empty second: for a loop over both, which templates do fast."""
    return [(each[0], each[1]) if isinstance(each, (list, tuple)) else (each, "") for each in values]


@register.filter
def times(count: Any) -> range:
    """As many turns of a loop."""
    return range(int(count))
