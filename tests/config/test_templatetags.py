"""What pages make of numbers, days and names, in both languages."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import lucide
import pytest
from django.template import Context, Template
from django.utils import timezone, translation

from config.templatetags import portal

DHAKA = "Asia/Dhaka"
# 14:20 in Dhaka, 08:20 in UTC, 04:20 in New York.
AFTERNOON = datetime(2031, 10, 14, 8, 20, tzinfo=UTC)


def draw(source: str, **context: object) -> str:
    return Template(source).render(Context(context))


@pytest.fixture
def bangla():
    with translation.override("bn"):
        yield


@pytest.fixture(autouse=True)
def in_dhaka():
    with timezone.override(DHAKA):
        yield


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (0, "৳0"),
        (7, "৳7"),
        (999, "৳999"),
        (1000, "৳1,000"),
        (99999, "৳99,999"),
        (123450, "৳1,23,450"),
        (Decimal("12345678.00"), "৳1,23,45,678"),
        (Decimal("1000000000"), "৳1,00,00,00,000"),
        (Decimal("1050.5"), "৳1,050.50"),
        (Decimal("0.05"), "৳0.05"),
        ("800", "৳800"),
        (-500, "−৳500"),
        (None, ""),
        ("", ""),
    ],
)
def test_money_has_the_sign_and_south_asian_groups(amount, shown):
    assert portal.money(amount) == shown


def test_money_is_rounded_to_paisa_half_up():
    assert portal.money(Decimal("10.005")) == "৳10.01"


def test_money_is_bangla_on_a_bangla_page(bangla):
    assert portal.money(Decimal("123450.00")) == "৳\N{NO-BREAK SPACE}১,২৩,৪৫০"
    assert portal.money(Decimal("99.50")) == "৳\N{NO-BREAK SPACE}৯৯.৫০"


def test_money_names_a_currency_without_a_sign():
    assert portal.money(1234, "USD") == "USD\N{NO-BREAK SPACE}1,234"


def test_fee_says_when_there_is_nothing_to_pay():
    assert portal.fee(Decimal("0.00")) == "Free"
    assert portal.fee(800) == "৳800"
    assert portal.fee(None) == ""


def test_digits_follow_the_language():
    assert portal.digits("A-48213") == "A-48213"
    assert portal.digits(None) == ""
    with translation.override("bn"):
        assert portal.digits(2031) == "২০৩১"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "eeeee"), (5, "fffff"), (Decimal("4.8"), "fffff"), (Decimal("4.7"), "ffffh"), (3.5, "fffhe"), (0.2, "eeeee")],
)
def test_stars_are_to_the_nearest_half(value, shown):
    assert "".join(star[0] for star in portal.stars(value)) == shown


@pytest.mark.parametrize(
    ("hour", "english", "bangla"),
    [
        (0, "12:20 am", "রাত ১২:২০"),
        (3, "3:20 am", "রাত ৩:২০"),
        (4, "4:20 am", "ভোর ৪:২০"),
        (6, "6:20 am", "সকাল ৬:২০"),
        (11, "11:20 am", "সকাল ১১:২০"),
        (12, "12:20 pm", "দুপুর ১২:২০"),
        (15, "3:20 pm", "দুপুর ৩:২০"),
        (16, "4:20 pm", "বিকাল ৪:২০"),
        (18, "6:20 pm", "সন্ধ্যা ৬:২০"),
        (20, "8:20 pm", "রাত ৮:২০"),
        (23, "11:20 pm", "রাত ১১:২০"),
    ],
)
def test_clock_has_twelve_hours_and_the_part_of_the_day(hour, english, bangla):
    at = datetime(2031, 10, 14, hour, 20, tzinfo=ZoneInfo(DHAKA))
    assert portal.clock(at) == english.replace(" ", "\N{NO-BREAK SPACE}")
    with translation.override("bn"):
        assert portal.clock(at) == bangla.replace(" ", "\N{NO-BREAK SPACE}")


def test_times_are_shown_in_the_active_zone():
    assert portal.day_clock(AFTERNOON) == "Tue 14 Oct 2031, 2:20\N{NO-BREAK SPACE}pm"
    with timezone.override("America/New_York"):
        assert portal.day_clock(AFTERNOON) == "Tue 14 Oct 2031, 4:20\N{NO-BREAK SPACE}am"
    # Dhaka is ahead: there the next day has begun.
    assert portal.day(datetime(2031, 10, 14, 20, tzinfo=UTC)) == "Wed 15 Oct 2031"


def test_in_zone_ignores_the_active_zone():
    with timezone.override("America/New_York"):
        assert portal.in_zone(AFTERNOON, DHAKA) == "Tue 14 Oct 2031, 2:20\N{NO-BREAK SPACE}pm"
    assert portal.in_zone(AFTERNOON, "Europe/London") == "Tue 14 Oct 2031, 9:20\N{NO-BREAK SPACE}am"
    with pytest.raises(ZoneInfoNotFoundError):
        portal.in_zone(AFTERNOON, "Asia/Nowhere")


def test_a_naive_time_is_refused():
    with pytest.raises(ValueError, match="naive"):
        portal.clock(datetime(2031, 10, 14, 14, 20))  # noqa: DTZ001


def test_day_leaves_this_year_out_and_takes_dates():
    today = timezone.localdate()
    assert str(today.year) not in portal.day(today)
    assert portal.day(date(2031, 10, 14)) == "Tue 14 Oct 2031"
    assert portal.day_long(date(2031, 10, 14)) == "Tuesday 14 October 2031"
    assert portal.weekday(date(2031, 10, 14)) == "Tue"
    assert portal.day_number(date(2031, 10, 4)) == "4"


def test_birthday_has_its_year_and_no_weekday():
    today = timezone.localdate()
    assert portal.birthday(today).endswith(f" {today.year}")
    assert portal.birthday(date(1990, 5, 17)) == "17 May 1990"


def test_days_are_bangla_on_a_bangla_page(bangla):
    assert portal.day_long(date(2031, 10, 14)) == "মঙ্গলবার ১৪ অক্টোবর ২০৩১"
    assert portal.day_clock_long(AFTERNOON) == "মঙ্গলবার ১৪ অক্টোবর ২০৩১, দুপুর\N{NO-BREAK SPACE}২:২০"


def test_nothing_is_drawn_for_no_time():
    filters = (portal.day, portal.day_long, portal.clock, portal.day_clock, portal.day_clock_long)
    assert [show(None) for show in filters] == [""] * len(filters)
    assert portal.in_zone(None, DHAKA) == ""


def test_zone_name_is_what_people_say():
    assert portal.zone_name(DHAKA) == "Dhaka time"
    assert portal.zone_name(ZoneInfo("America/New_York")) == "New York time"


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Dr. Rahima Khatun", "RK"),
        ("karim", "K"),
        ("Md. Abdul Karim Mia", "AM"),
        ("ডা. ফাতেমা বেগম", "ফা"),
        ("মোঃ আনোয়ার হোসেন", "মো"),
        ("স্বপ্না রানী", "স"),
        ("anwar@example.com", "A"),
        ("", ""),
    ],
)
def test_initials_leave_titles_out(name, letters):
    assert portal.initials(name) == letters


def test_tint_stays_with_the_name():
    assert portal.tint("Rahima Khatun") == portal.tint("Rahima Khatun")
    assert {portal.tint(f"Person {number}") for number in range(40)} == set(portal.TINTS)


def test_icon_is_hidden_from_screen_readers_unless_it_has_a_label():
    hidden = draw('{% icon "video" size=16 class="big" %}')
    assert 'aria-hidden="true"' in hidden
    assert 'width="16"' in hidden
    assert 'class="icon big"' in hidden
    named = draw('{% icon "video" label=words %}', words='Video "call" <b>')
    assert 'role="img"' in named
    assert "aria-hidden" not in named
    assert "<b>" not in named


def test_icon_that_does_not_exist_is_an_error():
    with pytest.raises(lucide.IconDoesNotExist):
        draw('{% icon "no-such-icon" %}')


def test_layout_follows_the_home_of_the_reader():
    class Person:
        is_authenticated = True
        role = "patient"

    person = Person()
    assert portal.layout(person) == "layouts/patient.html"
    person.role = "doctor"
    assert portal.layout(person) == "layouts/doctor.html"
    person.role = "admin"
    assert portal.layout(person) == "layouts/public.html"
    person.role, person.is_authenticated = "doctor", False
    assert portal.layout(person) == "layouts/public.html"


def test_page_address_keeps_the_rest_of_the_query(rf):
    context = {"request": rf.get("/doctors/?q=heart&mode=video&page=3")}
    assert draw("{% page_address 4 %}", **context) == "/doctors/?q=heart&amp;mode=video&amp;page=4"
    assert draw("{% page_address 1 %}", **context) == "/doctors/?q=heart&amp;mode=video"
    assert draw("{% page_address 1 %}", request=rf.get("/doctors/?page=2")) == "/doctors/"
