"""Bangla in a PDF as people wrote it, for whoever reads the text and not the picture: screen readers, search, copying.

Typst draws Bangla right and says it wrong: where several glyphs draw one cluster, each of them stands for the whole of
it, so that নম্বর is read as নম্বম্বম্বর. Here each word says its text once, around all that draws it (ActualText). Every
glyph stays where it is.
"""

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pikepdf
from pikepdf import Array, ContentStreamInstruction, Dictionary, Name, Operator, String

_BANGLA = re.compile("[\u0980-\u09ff]")
_BLOCK = re.compile(rb"beginbfchar(.*?)endbfchar", re.DOTALL)
_MAPPING = re.compile(rb"<([0-9A-Fa-f]{4})>\s*<([0-9A-Fa-f]+)>")
# By so many times the font's size away from where the last glyph ended begins another word: a column, a line.
FAR_ACROSS, FAR_DOWN = 1.2, 0.6

type Matrix = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class Font:
    """What its glyphs are said to stand for, and how far each moves the pen, as a share of the size."""

    texts: dict[int, str]
    widths: dict[int, float]


@dataclass(frozen=True, slots=True)
class Glyph:
    """`block` is the text block that it stands in, `x` and `y` where on the page; the pen goes on by its width."""

    block: int
    code: int
    text: str
    font: str
    size: float
    x: float
    y: float
    width: float


@dataclass(frozen=True, slots=True)
class Block:
    """A text block's settings, which each of its words needs again, and what they make of places."""

    settings: list[Any]
    matrix: Matrix

    def on_page(self, x: float, y: float) -> tuple[float, float]:
        a, b, c, d, e, f = self.matrix
        return a * x + c * y + e, b * x + d * y + f

    def inside(self, x: float, y: float) -> tuple[float, float]:
        a, b, c, d, e, f = self.matrix
        x, y, area = x - e, y - f, a * d - b * c
        return (d * x - c * y) / area, (a * y - b * x) / area


@dataclass(frozen=True, slots=True)
class Known:
    """The words that were set, and by their signs in the order of the alphabet one that has them."""

    words: frozenset[str]
    by_signs: dict[str, str]


def readable(content: bytes, words: Iterable[str]) -> bytes:
    """The same pages, readable. `words` are those that were set: where glyphs tell the signs of a word and not their
    order, it is the one among these."""
    known = Known(frozenset(words), {})
    for word in sorted(known.words):
        known.by_signs.setdefault("".join(sorted(word)), word)
    with pikepdf.open(io.BytesIO(content)) as pdf:
        for page in pdf.pages:
            fonts = {str(name): _font(font) for name, font in page.Resources.get("/Font", {}).items()}
            page.Contents = pdf.make_stream(pikepdf.unparse_content_stream(_retold(page, fonts, known)))
        written = io.BytesIO()
        pdf.save(written)
    return written.getvalue()


def bangla_in(facts: Any) -> set[str]:
    """Every word with Bangla letters that stands in the facts of a paper."""
    return {word for word in _words_in(facts) if _BANGLA.search(word)}


def _words_in(facts: Any) -> Iterator[str]:
    match facts:
        case str():
            yield from facts.split()
        case dict():
            for each in facts.values():
                yield from _words_in(each)
        case list() | tuple():
            for each in facts:
                yield from _words_in(each)


def _font(font: Any) -> Font:
    texts = {
        int(code, 16): bytes.fromhex(text.decode()).decode("utf-16-be")
        for block in _BLOCK.findall(font.ToUnicode.read_bytes())
        for code, text in _MAPPING.findall(block)
    }
    widths: dict[int, float] = {}
    table = iter(font.DescendantFonts[0].get("/W", []))
    for first in table:
        second = next(table)
        if isinstance(second, Array):
            widths |= {int(first) + place: float(width) / 1000 for place, width in enumerate(second)}
        else:
            widths |= dict.fromkeys(range(int(first), int(second) + 1), float(next(table)) / 1000)
    return Font(texts, widths)


def _retold(page: Any, fonts: dict[str, Font], known: Known) -> list[Any]:
    """The page's instructions; what shows text is put together anew, word by word, where its first glyph stood."""
    kept, blocks, glyphs = _taken_apart(page, fonts)
    runs: dict[int, list[Any]] = {}
    for word in _words(glyphs):
        runs.setdefault(word[0].block, []).extend(_shown(word, blocks, known))
    told: list[Any] = []
    for each in kept:
        told.extend(runs.get(each, ()) if isinstance(each, int) else (each,))
    return told


# Taking apart ----------------------------------------------------------------------------------------------------


def _taken_apart(page: Any, fonts: dict[str, Font]) -> tuple[list[Any], list[Block], list[Glyph]]:
    """All instructions but those of text blocks, for each of which its number stands; the blocks; their glyphs."""
    kept: list[Any] = []
    blocks: list[Block] = []
    glyphs: list[Glyph] = []
    # Where the last `q` stands among what is kept, as long as nothing but settings came after it.
    opened: int | None = None
    said: list[str | None] = []
    font, size, x, y, in_text = "", 0.0, 0.0, 0.0, False
    for each in pikepdf.parse_content_stream(page):
        name, given = str(each.operator), each.operands
        if name == "BDC" and "/ActualText" in given[1] and "/MCID" not in given[1]:
            said.append(bytes(given[1].ActualText).decode("utf-16"))
        elif name in {"BDC", "BMC"}:
            said.append(None)
            kept.append(each)
        elif name == "EMC":
            if said.pop() is None:
                kept.append(each)
        elif name == "BT" and opened is not None:
            settings = kept[opened + 1 :]
            blocks.append(Block(settings, _matrix(settings)))
            del kept[opened:]
            in_text = True
        elif in_text:
            if name == "Tf":
                font, size = str(given[0]), float(given[1])
            elif name == "Tm":
                x, y = float(given[4]), float(given[5])
            elif name in {"TJ", "Tj"}:
                text = next((text for text in reversed(said) if text is not None), None)
                number = len(blocks) - 1
                pen = x
                for part in given[0] if name == "TJ" else [given[0]]:
                    if not isinstance(part, String):
                        pen -= float(part) / 1000 * size
                        continue
                    raw = bytes(part)
                    for place in range(0, len(raw), 2):
                        code = int.from_bytes(raw[place : place + 2], "big")
                        width = fonts[font].widths.get(code, 0.0) * size
                        means = text if text is not None else fonts[font].texts.get(code, "")
                        glyphs.append(Glyph(number, code, means, font, size, *blocks[number].on_page(pen, y), width))
                        pen += width
            elif name == "Q":
                in_text, opened = False, None
                kept.append(len(blocks) - 1)
        else:
            if name == "q":
                opened = len(kept)
            elif name not in {"cm", "cs", "scn", "gs"}:
                opened = None
            kept.append(each)
    return kept, blocks, glyphs


def _matrix(settings: list[Any]) -> Matrix:
    """All that the settings do to places; typst turns the page's axis about, and moves."""
    a, b, c, d, e, f = 1.0, 0.0, 0.0, 1.0, 0.0, 0.0
    for each in settings:
        if str(each.operator) == "cm":
            k, m, n, o, p, q = map(float, each.operands)
            e, f = a * p + c * q + e, b * p + d * q + f
            a, b, c, d = a * k + c * m, b * k + d * m, a * n + c * o, b * n + d * o
    return a, b, c, d, e, f


# Words -----------------------------------------------------------------------------------------------------------


def _words(glyphs: list[Glyph]) -> Iterator[list[Glyph]]:
    """Glyphs of one word each; what is between words is a word of its own."""
    word: list[Glyph] = []
    for glyph in glyphs:
        if word and not _goes_on(word[-1], glyph):
            yield word
            word = []
        word.append(glyph)
    if word:
        yield word


def _goes_on(last: Glyph, glyph: Glyph) -> bool:
    if last.text.isspace() or glyph.text.isspace():
        return last.text.isspace() and glyph.text.isspace() and last.block == glyph.block
    across, down = abs(glyph.x - last.x - last.width), abs(glyph.y - last.y)
    return across < FAR_ACROSS * last.size and down < FAR_DOWN * last.size


def _text_of(word: list[Glyph], known: Known) -> str:
    """What a word says: of each cluster its text once. Drawn twice the same is written twice."""
    text = ""
    for cluster, drawn in groupby(word, key=lambda glyph: glyph.text):
        codes = [glyph.code for glyph in drawn]
        text += cluster * next(
            len(codes) // length
            for length in range(1, len(codes) + 1)
            if len(codes) % length == 0 and codes == codes[:length] * (len(codes) // length)
        )
    return text if text in known.words else known.by_signs.get("".join(sorted(text)), text)


def _shown(word: list[Glyph], blocks: list[Block], known: Known) -> Iterator[Any]:
    """One text object, in the settings of the block in which the word begins."""
    block = blocks[word[0].block]
    is_bangla = any(_BANGLA.search(glyph.text) for glyph in word)
    yield _do("q")
    yield from block.settings
    yield _do("BT")
    if is_bangla:
        text = String(b"\xfe\xff" + _text_of(word, known).encode("utf-16-be"))
        yield _do("BDC", Name.Span, Dictionary(ActualText=text))
    for (font, size, _y), run in groupby(word, key=lambda glyph: (glyph.font, glyph.size, round(glyph.y, 3))):
        piece = list(run)
        x, y = block.inside(piece[0].x, piece[0].y)
        yield _do("Tf", Name(font), size)
        yield _do("Tm", 1, 0, 0, -1, round(x, 4), round(y, 4))
        yield _do("TJ", Array(list(_spaced(piece))))
    if is_bangla:
        yield _do("EMC")
    yield _do("ET")
    yield _do("Q")


def _spaced(piece: list[Glyph]) -> Iterator[Any]:
    """The glyphs, with what takes the pen from where one ends to where the next stands."""
    pen = piece[0].x
    for glyph in piece:
        gap = round((pen - glyph.x) / glyph.size * 1000)
        if gap:
            yield gap
        yield String(glyph.code.to_bytes(2, "big"))
        pen = glyph.x + glyph.width


def _do(operator: str, *operands: Any) -> ContentStreamInstruction:
    return ContentStreamInstruction(list(operands), Operator(operator))
