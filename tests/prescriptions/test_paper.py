"""The paper: right in both languages, harmless whatever was typed, and its QR code leads to its page."""

import io
from collections import Counter
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from django.test import Client
from django.utils import translation
from PIL import Image, ImageChops, ImageStat

from accounts.models import Action, TrailEntry, User
from prescriptions.paper import paper
from prescriptions.services import void_prescription
from prescriptions.views.signed import lines_of
from tests.appointments.visits import confirmed
from tests.prescriptions.papers import row, signed_for

type ClientOf = Callable[[User], Client]

GOLDEN = Path(__file__).parent / "golden"
ADDRESS, CODE = "https://nirog.example/rx/ABCD1234EFGH/", "ABCD 1234 EFGH"
EVIL = (
    '#read("/etc/passwd")',
    "#panic()",
    '#include "/etc/passwd"',
    '#image("https://example.com/x.png")',
    '#import "@preview/cetz:0.1.0"',
    "$ sum_(i=0)^n $ *bold* _it_ = heading",
    "<script>alert(1)</script> & ]]> \\ \\u{41} `raw` // comment /* */ @label <label>",
    "https://example.com/a ../../etc/passwd file:///etc/passwd",
    '"}], "x": [{"',
)


def document(**changed: Any) -> dict[str, Any]:
    """Conjuncts that a setter without shaping tears apart: ক্ষ, স্ত্র, র্ক, ষ্ক, ক্ত, জ্ঞ, ম্ব."""
    item = {"name": "Napa 500 mg tablet", "generic": "paracetamol", "form": "tablet", "dose": "1+0+1"}
    item |= {"food": "after", "days": 5, "quantity": "10", "note": "পানি দিয়ে খাবেন"}
    return {
        "signed_at": "2026-11-26T10:00:00+06:00",
        "expires_on": "2026-12-26",
        "weight_kg": "61.5",
        "doctor": {"name": "ডা. ফারহানা রহমান", "registration": "A-12345", "degrees": ["MBBS", "FCPS"]},
        "patient": {"name": "শাহনাজ পারভীন", "age": 36, "sex": "female"},
        "items": [item],
        "tests": "রক্ত পরীক্ষা (CBC)",
        "advice": "ক্ষত পরিষ্কার রাখুন। স্ত্রীরোগ বিশেষজ্ঞ দেখান।\nসতর্ক থাকুন, সেপ্টেম্বরে আসুন।",
        "follow_up_days": 7,
    } | changed


def drawn(content: bytes, scale: float = 1.4) -> Image.Image:
    with pypdfium2.PdfDocument(content) as pdf:
        return pdf[0].render(scale=scale).to_pil().convert("L")


def text_of(content: bytes) -> str:
    with pypdfium2.PdfDocument(content) as pdf:
        return "\n".join(page.get_textpage().get_text_range() for page in pdf)


def made(language: str, facts: dict[str, Any]) -> bytes:
    with translation.override(language):
        return paper(facts, lines_of(facts), address=ADDRESS, code=CODE)


@pytest.mark.parametrize("language", ["en", "bn"])
def test_the_paper_looks_as_it_did_when_somebody_looked_at_it(language: str) -> None:
    """Drawn anew, and compared with the picture in golden/, on which every conjunct is right."""
    now = drawn(made(language, document()))
    with Image.open(GOLDEN / f"paper-{language}.png") as golden:
        assert golden.size == now.size
        difference = ImageStat.Stat(ImageChops.difference(golden.convert("L"), now))
    assert difference.mean[0] < 0.2


def test_letters_that_are_joined_are_drawn_joined() -> None:
    """A hasanta that is seen, for want of a conjunct, would make the word wider."""
    joined, torn = (
        drawn(made("bn", document(tests=words, advice="", follow_up_days=None, items=[])))
        for words in ("ক্ষ স্ত্র র্ক" * 8, "ক্‌ষ স্‌ত্‌র র্‌ক" * 8)
    )
    assert ImageChops.difference(joined, torn).getbbox() is not None
    right = [ImageChops.invert(each).crop((0, 300, each.width, 360)).getbbox() for each in (joined, torn)]
    assert right[0] is not None
    assert right[1] is not None
    assert right[0][2] < right[1][2]


# Syllables that come twice, the same signs in another order, signs before and around their letter, and clusters that
# are drawn by up to four glyphs at different heights.
HARD = "টিটি নানা বব মামা মন নম সম্মান ক্ষুধা স্ত্রীরোগ বিশেষজ্ঞ পরিষ্কার সেপ্টেম্বরে রক্তক্ষরণ কর্তৃপক্ষ দ্বন্দ্ব ট্রোপোনিন স্বাস্থ্যকেন্দ্র"
HARD += " খাওয়ার পর্যন্ত উজ্জ্বল ঔষধ ঈদ হৃৎপিণ্ড অ্যাম্বুলেন্স র‍্যাব ড্রপ্‌স"


def test_bangla_is_read_from_the_paper_as_it_was_written() -> None:
    """Every word once and in its order, wherever it stands, over two pages; a reader that knows ActualText is asked."""
    item = document()["items"][0]
    items = [item | {"note": words} for words in (HARD, *HARD.split())][:12]
    facts = document(items=items, advice="\n".join([HARD] * 12), tests=HARD)
    content = made("bn", facts)
    read = text_of(content).replace(",", "").split()
    with translation.override("bn"):
        lines = lines_of(facts)
    said = [facts["doctor"]["name"], facts["patient"]["name"], *(line["how"] for line in lines)]
    said += [item["note"] for item in items] + [facts["advice"], facts["tests"]]
    wanted = Counter(word for words in said for word in words.replace(",", "").split() if not word.isascii())
    found = Counter(read)
    assert {word: many for word, many in wanted.items() if found[word] < many} == {}


@pytest.mark.parametrize("evil", EVIL)
def test_whatever_was_typed_is_text(evil: str) -> None:
    person = {"name": evil, "age": 36, "sex": "female"}
    doctor = {"name": evil, "registration": evil, "degrees": [evil]}
    item = {"name": evil, "generic": evil, "form": "tablet", "dose": "1+0+1", "food": "", "days": 1, "quantity": "2"}
    facts = document(patient=person, doctor=doctor, items=[item | {"note": evil}], tests=evil, advice=evil)
    text = "".join(text_of(made("en", facts)).split())
    assert text.count("".join(evil.split())) >= 6
    assert "root:" not in text


def test_qr_code_is_read_from_the_paper_and_leads_to_the_page(doctor: User, patient: User, client_of: ClientOf) -> None:
    signed = signed_for(confirmed(doctor, patient), row("Napa"), language="bn", advice="ক্ষত পরিষ্কার রাখুন")
    answer = client_of(patient).get(f"/prescriptions/{signed.prescription_id}/prescription.pdf")
    assert answer["Content-Type"] == "application/pdf"
    assert "no-store" in answer["Cache-Control"]
    picture = drawn(answer.content, scale=3)
    (found,) = zxingcpp.read_barcodes(picture)
    address = found.text
    assert address.endswith(f"/rx/{signed.code}/")
    page = Client().get(address[address.index("/rx/") :])
    assert "Genuine" in page.content.decode()
    text = text_of(answer.content)
    for words in (patient.patient.name, doctor.doctor.registration_number, "Napa", "1+0+1"):
        assert words in text
    assert TrailEntry.objects.filter(action=Action.DOWNLOADED, by=patient).count() == 1


def test_one_that_counts_no_more_is_not_given_out_on_paper(doctor: User, patient: User, client_of: ClientOf) -> None:
    signed = signed_for(confirmed(doctor, patient))
    void_prescription(signed.prescription, reason="Wrong patient", by=doctor)
    assert client_of(patient).get(f"/prescriptions/{signed.prescription_id}/prescription.pdf").status_code == 404


def test_a_long_one_goes_on_on_another_page() -> None:
    item = document()["items"][0] | {"note": "x " * 90}
    content = made("en", document(items=[item] * 12, advice="Rest.\n" * 60))
    with pypdfium2.PdfDocument(io.BytesIO(content)) as pdf:
        assert len(pdf) > 1


def test_the_patients_page_says_what_the_paper_says(doctor: User, patient: User, client_of: ClientOf) -> None:
    """For who has it read out, or has nothing to open a PDF with."""
    patient.language = "bn"
    patient.save()
    facts = {"language": "bn", "tests": "রক্ত পরীক্ষা", "advice": "ক্ষত পরিষ্কার রাখুন।\nসতর্ক থাকুন।", "follow_up_days": 7}
    signed = signed_for(confirmed(doctor, patient), row("Napa", "½+0+1", note="পানি দিয়ে"), **facts)
    page = unescape(client_of(patient).get(f"/prescriptions/{signed.prescription_id}/").content.decode())
    with translation.override("bn"):
        (line,) = lines_of(signed.facts)
    said = [line["name"], line["how"], line["note"], "রক্ত পরীক্ষা", "ক্ষত পরিষ্কার রাখুন।", "সতর্ক থাকুন।", "৭ দিন পর"]
    for words in [*said, doctor.doctor.registration_number, patient.patient.name]:
        assert words in page
    assert "৫ দিন" in line["how"]
    assert 'lang="bn"' in page
