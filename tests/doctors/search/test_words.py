import pytest

from doctors.search.words import LONGEST_WORD, sound, words


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Dr. M.B.B.S. Rahman’s Cox's", ["dr", "mbbs", "rahmans", "coxs"]),
        ("José MÜLLER İnci", ["jose", "muller", "inci"]),
        ("ডাঃ আব্দুর রহমান, ক্যান্সার", ["ডা", "আব্দুর", "রহমান", "ক্যান্সার"]),
        ("হাঁপানি", ["হাপানি"]),
        ("রংপুর, দুঃখ বাংলাদেশ", ["রংপুর", "দুঃখ", "বাংলাদেশ"]),
        ("A-১২৩৪৫ ৳১২০০", ["a", "12345", "1200"]),
        ("ﬁbroid ＡＢＣ", ["fibroid", "abc"]),
        ("<script>alert('x')</script> % _ \\ ' :* & |\0", ["script", "alert", "x", "script"]),
        (" \t\n…", []),
    ],
)
def test_words_are_folded(text: str, folded: list[str]) -> None:
    assert list(words(text)) == folded


def test_words_are_the_same_however_the_letters_were_composed() -> None:
    assert words("\u09dc\u09df\u09cb") == words("\u09a1\u09bc\u09af\u09bc\u09c7\u09be")


def test_a_word_is_cut_at_its_longest() -> None:
    assert words("x" * 10_000) == ("x" * LONGEST_WORD,)


@pytest.mark.parametrize(
    ("one", "other"), [("রংপুর", "রঙপুর"), ("শিশু", "সিসু"), ("ব্যথা", "ব্যাথা"), ("ঢাকা", "ডাকা"), ("গাড়ী", "গাড়ি"), ("প্রাণ", "প্রান")]
)
def test_bangla_spellings_that_sound_alike_come_out_alike(one: str, other: str) -> None:
    (first,), (second,) = words(one), words(other)
    assert sound(first) == sound(second)


def test_sound_is_plain_ascii_and_leaves_latin_words_alone() -> None:
    assert sound("rahman") == "rahman"
    assert [sound(word) for word in words("রহমান কার্ডিওলজি ডাক্তার")] == ["rohoman", "kardioloji", "daktar"]
