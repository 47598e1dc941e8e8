"""What the drawn doctors wear on their heads: hair, headscarves, a cap."""

from collections.abc import Callable
from dataclasses import dataclass

from config.demo.canvas import Canvas, Colour, colour, darker, lighter, mix

type Draw = Callable[[Canvas, Colour, Colour], None]

WHITE_CAP = colour("#FAFBFA")


def nothing(canvas: Canvas, hair: Colour, scarf: Colour) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Style:
    """Drawn in three goes: behind the body, over the face, and in front of the coat."""

    over: Draw
    behind: Draw = nothing
    front: Draw = nothing
    covered: bool = False


def sheen(hair: Colour) -> Colour:
    return lighter(hair, 0.16)


# Men ---------------------------------------------------------------------------------------------------------------


def side_part(canvas: Canvas, hair: Colour, scarf: Colour) -> None:
    canvas.fill(
        "M171 214 C 158 132 188 80 262 82 C 330 84 354 136 341 214 C 338 194 334 178 326 164 "
        "C 292 170 252 160 224 134 C 214 154 196 166 186 172 C 178 184 174 198 171 214",
        hair,
    )
    canvas.stroke("M226 130 C 244 112 286 100 316 120", sheen(hair), 4)


def crop(canvas: Canvas, hair: Colour, scarf: Colour) -> None:
    canvas.fill(
        "M173 210 C 164 136 196 92 256 92 C 316 92 348 136 339 210 C 335 186 330 168 318 154 "
        "C 296 144 276 142 256 142 C 236 142 216 144 194 154 C 182 168 177 186 173 210",
        hair,
    )


def swept_back(canvas: Canvas, hair: Colour, scarf: Colour) -> None:
    canvas.fill(
        "M172 212 C 156 140 184 70 266 72 C 336 74 358 136 340 212 C 338 188 332 168 320 152 "
        "C 306 132 274 126 246 128 C 222 130 204 142 192 158 C 180 176 176 192 172 212",
        hair,
    )
    canvas.stroke("M214 118 C 236 98 270 92 298 98", sheen(hair), 4)
    canvas.stroke("M232 122 C 256 106 288 106 314 122", sheen(hair), 4)


def curls(canvas: Canvas, hair: Colour, scarf: Colour) -> None:
    crop(canvas, hair, scarf)
    for x, y, radius in (
        (183, 158, 17), (190, 130, 20), (208, 108, 21), (232, 94, 22), (258, 90, 23), (284, 94, 22),
        (306, 110, 21), (322, 132, 20), (329, 158, 17), (222, 130, 20), (256, 126, 22), (290, 130, 20),
    ):  # fmt: skip
        canvas.dot(x, y, radius, radius, hair)
    for x, y in ((206, 104), (246, 84), (290, 92), (228, 122), (276, 118)):
        canvas.stroke(f"M{x - 7} {y + 2} C {x - 5} {y - 7} {x + 5} {y - 7} {x + 8} {y}", sheen(hair), 3)


def receding(canvas: Canvas, hair: Colour, scarf: Colour) -> None:
    canvas.fill(
        "M172 220 C 160 168 172 116 212 100 C 196 124 192 150 190 172 C 186 190 182 204 180 222 "
        "C 177 224 174 222 172 220",
        hair,
        both=True,
    )
    canvas.fill("M194 132 C 194 74 318 74 318 132 C 290 112 222 112 194 132", hair)


def bald(canvas: Canvas, hair: Colour, scarf: Colour) -> None:
    canvas.fill(
        "M171 224 C 162 188 168 156 184 142 C 186 160 186 178 184 196 C 182 208 180 216 179 226 "
        "C 176 228 173 227 171 224",
        hair,
        both=True,
    )


def fringe(canvas: Canvas, hair: Colour, scarf: Colour) -> None:
    canvas.fill(
        "M171 216 C 158 132 192 84 256 82 C 322 82 354 130 341 216 C 338 198 334 184 328 172 "
        "C 312 174 300 170 292 158 C 280 172 262 174 248 160 C 236 174 216 176 206 164 "
        "C 198 174 192 176 186 178 C 178 190 174 202 171 216",
        hair,
    )
    canvas.stroke("M204 120 C 226 98 282 94 310 118", sheen(hair), 4)


def cap(canvas: Canvas, hair: Colour, scarf: Colour) -> None:
    canvas.fill("M174 212 C 168 184 172 160 184 148 L190 160 C 186 178 182 196 179 214", hair, both=True)
    canvas.fill("M174 158 C 170 104 206 80 256 80 C 306 80 342 104 338 158 C 300 142 212 142 174 158", WHITE_CAP)
    canvas.fill(
        "M173 160 C 172 148 174 140 176 132 C 214 116 298 116 336 132 C 338 140 340 148 339 160 "
        "C 300 142 212 142 173 160",
        darker(WHITE_CAP, 0.06),
    )
    for x in range(192, 330, 16):
        canvas.dot(x, 134 + abs(x - 256) * 0.09, 2.4, 2.4, darker(WHITE_CAP, 0.16))


# Women -------------------------------------------------------------------------------------------------------------


def centre_part(canvas: Canvas, hair: Colour, scarf: Colour) -> None:
    canvas.fill(
        "M256 118 C 240 150 206 172 186 196 C 178 210 176 226 173 244 C 158 190 160 92 256 86 L258 90 L256 118",
        hair,
        both=True,
    )
    canvas.stroke("M200 128 C 212 112 226 104 240 100", sheen(hair), 4)


def side_sweep(canvas: Canvas, hair: Colour, scarf: Colour) -> None:
    canvas.fill(
        "M170 236 C 156 136 190 82 260 84 C 334 86 356 146 342 236 C 340 210 334 186 322 168 "
        "C 288 172 246 158 222 128 C 214 160 192 176 182 194 C 176 208 173 222 170 236",
        hair,
    )
    canvas.stroke("M228 124 C 252 104 290 102 318 126", sheen(hair), 4)


def long_behind(canvas: Canvas, hair: Colour, scarf: Colour) -> None:
    canvas.fill(
        "M256 84 C 370 84 366 220 372 300 C 376 360 372 400 384 432 L128 432 C 140 400 136 360 140 300 "
        "C 146 220 142 84 256 84",
        darker(hair, 0.12),
    )


def long_front(canvas: Canvas, hair: Colour, scarf: Colour) -> None:
    canvas.fill(
        "M172 226 C 156 280 160 320 150 360 C 142 396 146 424 160 446 C 178 440 196 424 202 398 "
        "C 208 366 190 330 188 292 C 186 268 182 246 180 232",
        hair,
        both=True,
    )
    canvas.stroke("M170 300 C 174 336 164 372 166 412", sheen(hair), 3.5, both=True)


def bob_behind(canvas: Canvas, hair: Colour, scarf: Colour) -> None:
    canvas.fill(
        "M256 84 C 364 84 366 190 370 262 C 372 300 362 326 336 336 L176 336 C 150 326 140 300 142 262 "
        "C 146 190 148 84 256 84",
        darker(hair, 0.12),
    )


def bob_over(canvas: Canvas, hair: Colour, scarf: Colour) -> None:
    side_sweep(canvas, hair, scarf)
    canvas.fill(
        "M172 196 C 150 232 142 282 152 324 C 166 338 188 334 196 322 C 184 300 178 262 182 214", hair, both=True
    )


def bun_behind(canvas: Canvas, hair: Colour, scarf: Colour) -> None:
    canvas.dot(256, 84, 42, 38, darker(hair, 0.12))
    canvas.stroke("M226 78 C 240 58 272 58 286 78", sheen(hair), 4)
    canvas.stroke("M236 90 C 246 76 266 76 276 90", sheen(hair), 4)


def low_bun_behind(canvas: Canvas, hair: Colour, scarf: Colour) -> None:
    canvas.dot(334, 292, 36, 40, darker(hair, 0.12))
    canvas.stroke("M342 268 C 358 278 360 300 348 316", sheen(hair), 4)


def pulled_back(canvas: Canvas, hair: Colour, scarf: Colour) -> None:
    canvas.fill(
        "M171 224 C 158 140 190 86 256 86 C 322 86 354 140 341 224 C 338 196 330 176 316 160 "
        "C 290 140 222 140 196 160 C 182 176 174 196 171 224",
        hair,
    )
    canvas.stroke("M256 92 C 240 104 222 116 208 136", sheen(hair), 3.5, both=True)


def braid_behind(canvas: Canvas, hair: Colour, scarf: Colour) -> None:
    canvas.fill(
        "M256 86 C 340 86 352 160 350 236 C 352 280 356 320 352 352 L300 352 L300 300 L190 300 "
        "C 166 290 160 230 162 200 C 164 130 190 86 256 86",
        darker(hair, 0.12),
    )


def braid_front(canvas: Canvas, hair: Colour, scarf: Colour) -> None:
    for number in range(6):
        y, half = 350 + number * 24, 23 - number * 1.3
        canvas.fill(
            f"M332 {y - 6} C {332 - half * 1.5} {y - 22} {332 - half * 1.3} {y + 16} 332 {y + 26} "
            f"C {332 + half * 1.3} {y + 16} {332 + half * 1.5} {y - 22} 332 {y - 6}",
            hair if number % 2 else lighter(hair, 0.07),
        )
        canvas.stroke(f"M{332 - half} {y - 3} C {332 - half * 0.6} {y + 8} 326 {y + 14} 332 {y + 20}", sheen(hair), 2.5)
        canvas.stroke(f"M{332 + half} {y - 3} C {332 + half * 0.6} {y + 8} 338 {y + 14} 332 {y + 20}", sheen(hair), 2.5)
    canvas.dot(332, 496, 10, 7, scarf)
    canvas.fill("M324 500 C 320 516 324 530 332 540 C 340 530 344 516 340 500", hair)


def scarf_behind(canvas: Canvas, hair: Colour, scarf: Colour) -> None:
    canvas.fill(
        "M256 74 C 340 74 366 142 364 220 C 364 292 366 330 372 372 L140 372 C 146 330 148 292 148 220 "
        "C 146 142 172 74 256 74",
        scarf,
    )


def scarf_over(canvas: Canvas, hair: Colour, scarf: Colour) -> None:
    """The cloth around the face: the outer line of the head, and an opening that leaves the face free."""
    opening = "C 331 244 322 274 306 292 C 292 306 274 314 256 314 C 238 314 220 306 206 292 C 190 274 181 244 181 212"
    canvas.fill(
        "M148 226 C 144 140 174 74 256 74 C 338 74 368 140 364 226 L331 212 C 332 168 304 140 256 140 "
        "C 208 140 180 168 181 212 L148 226",
        scarf,
    )
    canvas.fill(
        "M364 226 C 364 292 346 350 256 352 C 166 350 148 292 148 226 L181 212 "
        "C 181 244 190 274 206 292 C 220 306 238 314 256 314 C 274 314 292 306 306 292 C 322 274 331 244 331 212",
        scarf,
    )
    canvas.stroke("M181 214 C 180 168 208 140 256 140 C 304 140 332 168 331 214 " + opening, darker(scarf, 0.22), 5)
    canvas.stroke("M172 146 C 182 116 202 100 228 92", lighter(scarf, 0.18), 4)


def wrap_front(canvas: Canvas, hair: Colour, scarf: Colour) -> None:
    """The end of the scarf, laid across the chest."""
    canvas.fill(
        "M148 226 C 152 330 138 372 110 404 C 140 446 240 462 300 440 C 350 422 388 420 404 404 "
        "C 374 372 360 330 364 226 C 356 306 312 340 256 340 C 200 340 156 306 148 226",
        scarf,
    )
    fold = darker(scarf, 0.18)
    canvas.stroke("M160 300 C 176 354 250 384 330 362", fold, 4)
    canvas.stroke("M138 374 C 176 412 270 428 366 398", fold, 4)
    canvas.stroke("M356 300 C 348 326 334 344 312 356", fold, 4)


def pinned_front(canvas: Canvas, hair: Colour, scarf: Colour) -> None:
    """The scarf pinned under the chin, its ends falling to both sides."""
    canvas.fill("M206 330 L306 330 L290 430 C 276 442 236 442 222 430", darker(scarf, 0.3))
    canvas.fill(
        "M148 226 C 152 330 138 372 106 406 C 128 444 164 466 208 474 C 236 440 250 400 256 372 "
        "C 262 400 276 440 304 474 C 348 466 384 444 406 406 C 374 372 360 330 364 226 "
        "C 356 306 312 340 256 340 C 200 340 156 306 148 226",
        scarf,
    )
    fold = darker(scarf, 0.18)
    canvas.stroke("M170 312 C 188 342 220 356 250 360", fold, 4, both=True)
    canvas.stroke("M150 360 C 170 396 192 424 206 452", fold, 4, both=True)
    canvas.stroke("M196 366 C 214 396 226 420 230 432", fold, 4, both=True)
    canvas.dot(256, 360, 6, 6, mix(scarf, (217, 164, 65), 0.85))


MEN: dict[str, Style] = {
    "side part": Style(side_part),
    "crop": Style(crop),
    "swept back": Style(swept_back),
    "receding": Style(receding),
    "curls": Style(curls),
    "fringe": Style(fringe),
    "cap": Style(cap),
    "bald": Style(bald),
}
WOMEN: dict[str, Style] = {
    "wrapped scarf": Style(scarf_over, scarf_behind, wrap_front, covered=True),
    "long": Style(centre_part, long_behind, long_front),
    "pinned scarf": Style(scarf_over, scarf_behind, pinned_front, covered=True),
    "low bun": Style(centre_part, low_bun_behind),
    "bob": Style(bob_over, bob_behind),
    "braid": Style(side_sweep, braid_behind, braid_front),
    "high bun": Style(pulled_back, bun_behind),
}
STYLES = MEN | WOMEN
