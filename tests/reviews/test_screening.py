"""What the look at words finds before they are published, and what it leaves in peace."""

import pytest

from reviews.screening import screen


@pytest.mark.parametrize(
    "text",
    [
        "Call 01712345678",
        "Call 01712-345678 please",
        "Call 0171 234 5678",
        "+880 1712 345678",
        "8801712345678",
        "(02) 9876 5432",
        "1712345678",
        "ফোন করুন ০১৭১২৩৪৫৬৭৮",
        "ফোন ০১৭১২-৩৪৫৬৭৮।",
        "+44 20 7946 0958",
        "rahima@example.com",
        "rahima.begum @ example.com.bd",
        "See https://example.com/a",
        "See www.example.com",
        "example.com is better",
        "wa.me/8801712",
        "t.me/somebody",
        "dhakaclinic.com.bd",
    ],
)
def test_ways_to_reach_somebody_are_found(text: str) -> None:
    assert screen(text).contacts


@pytest.mark.parametrize(
    "text",
    [
        "On 27.11.2026 at 10:30 I waited 45 minutes, until 11:15.",
        "2026-11-27 and 05/11/2026 10",
        "From 05.11.2026 10:30 until 06-11-2026 09:15",
        "I paid 1500 taka, then 1,23,450.",
        "Number 12 of 30, in room 304.",
        "Rated 10/10. Very good.Me and my son liked it.",
        "২৭/১১/২০২৬ তারিখে ৪৫ মিনিট অপেক্ষা।",
        "Dr. Rahman explains well...really.",
        "from 2019 to 2026",
    ],
)
def test_dates_prices_and_full_stops_are_left_in_peace(text: str) -> None:
    assert screen(text).contacts == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("My Diabetes is better", ("Diabetes",)),
        ("He has allergies, and asthma.", ("allergies", "asthma")),
        ("two strokes", ("strokes",)),
        ("HIV-positive", ("HIV-positive",)),
        ("আমার ডায়াবেটিসের জন্য", ("ডায়াবেটিসের",)),
        ("জ্বরে ভুগছিলাম।", ("জ্বরে",)),
        ("রক্তচাপ বেশি", ("রক্তচাপ",)),
        ("সংক্রমণের ভয়", ("সংক্রমণের",)),
        ("asthma asthma ulcer fever cancer", ("asthma", "ulcer", "fever")),
    ],
)
def test_words_of_health_are_told_as_they_were_written(text: str, found: tuple[str, ...]) -> None:
    assert screen(text).health == found


@pytest.mark.parametrize(
    "text",
    [
        "She listened, explained everything and began on time.",
        "The assistant was kind, the room clean, the fee fair.",
        "খুব ভালো ডাক্তার, মন দিয়ে কথা শোনেন।",
        "সময়মতো শুরু হয়েছে, ধন্যবাদ।",
        "",
    ],
)
def test_praise_is_left_in_peace(text: str) -> None:
    assert screen(text).health == ()
