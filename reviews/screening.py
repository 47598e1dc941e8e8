"""What should not stand where everybody reads: ways to reach somebody, and health.

Ways to reach somebody are found by their shape, and refused. Health is found by a short list of words in both
languages, and asked about: it flags, it does not know. docs/reviews.md says what it finds and what it does not.
"""

import re
import unicodedata
from dataclasses import dataclass

from doctors.search.words import words

# Dates and times of day have as many digits as telephone numbers.
_DATE = re.compile(r"\b\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\b|\b\d{1,2}[:.]\d{2}\b(?!\d)")
# What begins as numbers do here (+, 0, 880) and has nine digits or more, however they are set apart; or a mobile number
# without its zero, in one piece.
_PHONE = re.compile(r"(?<!\d)(?:\+\d|880|0)(?:[\s().-]{0,2}\d){7,14}(?!\d)|(?<!\d)1[3-9]\d{8}(?!\d)")
_MAIL = re.compile(r"[\w.+-]+\s?@\s?[\w-]+(?:\.[\w-]+)+", re.ASCII)
_LINK = re.compile(
    r"https?://\S+|\bwww\.\S+|\b(?:t|wa|m|fb|bit|goo)\.(?:me|ly|gl)/\S+"
    r"|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|net|org|info|biz|app|shop|xyz|link|bd)\b(?:/\S*)?",
    re.ASCII | re.IGNORECASE,
)
_FEWEST_DIGITS = 9

# Whole words, and their plural in -s. Nobody needs them to say how a doctor listens.
_ENGLISH = """
    abortion acne addiction aids alcoholic allergy allergies anaemia anemia anxiety arthritis asthma biopsy bipolar
    bleeding cancer chemo chemotherapy cholesterol chlamydia cirrhosis colonoscopy constipation contraception
    convulsion covid dementia dengue depressed depression diabetes diabetic dialysis diarrhea diarrhoea discharge
    disorder dysentery ecg eczema endoscopy epilepsy epileptic erectile fertility fever fibroid fracture gonorrhea
    gonorrhoea haemorrhoids hemorrhoids hepatitis hernia herpes hiv hypertension hypothyroid infection infertile
    infertility influenza insulin itch itching jaundice leukemia leukaemia lump malaria menopause menstrual
    menstruation migraine miscarriage mri neurosis obesity operation overdose paralysis pcos period piles pneumonia
    pregnancy pregnant psoriasis psychosis rash relapse scabies schizophrenia seizure std sti stroke suicidal suicide
    surgery syphilis thyroid tuberculosis tb tumor tumour typhoid ulcer ultrasound urine vomiting
"""
# Beginnings: Bangla joins its endings to the word.
_BANGLA = """
    অপারেশন অবসাদ অর্শ অ্যালার্জি আত্মহত্যা আমাশয় আলসার ইনসুলিন উচ্চরক্তচাপ এইচআইভি এইডস এলার্জি এলার্জী ওষুধ ঔষধ কাশি
    কেমোথেরাপি কোলেস্টেরল ক্যান্সার ক্যানসার কৃমি খিঁচুনি খিচুনি গর্ভপাত গর্ভবতী গর্ভাবস্থা গনোরিয়া চুলকানি জন্ডিস জ্বর
    টাইফয়েড টিউমার টিবি ডায়রিয়া ডায়াবেটিস ডিপ্রেশন ডেঙ্গু থাইরয়েড নিউমোনিয়া পাইলস পিরিয়ড পেটব্যথা প্যারালাইসিস প্রস্রাব
    প্রেগন্যান্ট প্রেশার ফুসকুড়ি বমি বন্ধ্যাত্ব বাতজ্বর বিষণ্নতা বিষন্নতা ব্যথা মাইগ্রেন মাসিক মাথাব্যথা ম্যালেরিয়া মৃগী
    যক্ষ্মা যৌনরোগ রক্তচাপ রক্তক্ষরণ রক্তস্বল্পতা সংক্রমণ সিফিলিস স্ট্রোক হাঁপানি হাপানি হার্নিয়া হেপাটাইটিস
"""


def _whole(word: str) -> str:
    """One word, folded. Some signs of Bangla end a word where search looks for one."""
    return "".join(words(word))


ENGLISH = frozenset(map(_whole, _ENGLISH.split()))
BANGLA = tuple(map(_whole, _BANGLA.split()))
# As many as are told: the sentence should stay one.
MOST_TOLD = 3


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found, as it was written: the first few of each."""

    contacts: tuple[str, ...]
    health: tuple[str, ...]


def screen(text: str) -> Findings:
    """Look through what somebody is about to put where everybody reads."""
    return Findings(contacts=_contacts(text), health=_health(text))


def _contacts(text: str) -> tuple[str, ...]:
    latin = "".join(str(unicodedata.decimal(c, c)) for c in text)
    found = [match.group() for pattern in (_MAIL, _LINK) for match in pattern.finditer(latin)]
    without = _DATE.sub(" | ", latin)
    numbers = (match.group().strip() for match in _PHONE.finditer(without))
    found += [number for number in numbers if sum(c.isdigit() for c in number) >= _FEWEST_DIGITS]
    return tuple(dict.fromkeys(found))[:MOST_TOLD]


def _health(text: str) -> tuple[str, ...]:
    found = [word for word in text.split() if _is_of_health(word)]
    return tuple(dict.fromkeys(word.strip(".,;:!?।()\"'“”") for word in found))[:MOST_TOLD]


def _is_of_health(word: str) -> bool:
    parts = words(word)
    return any(part in ENGLISH or part.removesuffix("s") in ENGLISH for part in parts) or _whole(word).startswith(
        BANGLA
    )
