"""Drawn portraits for the demo's doctors: invented people, each one different, the same one for the same seed."""

from dataclasses import dataclass
from random import Random

from PIL import Image

from config.demo.canvas import Canvas, Colour, colour, darker, lighter, mix
from config.demo.hair import MEN, STYLES, WOMEN

BACKGROUNDS = ("#CFE9E6", "#D9E6FA", "#D5EEDC", "#F8E5C6", "#E6DDF4", "#F6DAD6", "#D6E4E9", "#C6DFEE")
SKINS = ("#F0C9A6", "#E5B48C", "#D8A078", "#C68A62", "#AE744D", "#93603F")
HAIRS = ("#1F1A1C", "#2A2122", "#33262A", "#3B2A24")
GREYS = ("#6E6A6C", "#A3A1A3", "#D0CFD0")
SHIRTS = ("#A9C9E6", "#DCE6F2", "#CDC4E8", "#BFDFD0", "#F0CFC6", "#B7C5D3")
FRAMES = ("#2B2024", "#2B2024", "#5E3423", "#2F4B7C", "#7B2D3B")
TIES = ("#0B6B69", "#27406B", "#7B2D3B", "#4B5D2F", "#6B4566")
SCRUBS = ("#2C8C86", "#3C6EA5", "#4C5C8A", "#4E8460")
KAMEEZ = ("#B5475F", "#0B6B69", "#C8792F", "#6B4566", "#2F6DA8", "#3E7D52", "#D39B2A", "#A8456B")
SCARVES = ("#0F7370", "#2F4B7C", "#C08A92", "#6B4566", "#BFA27C", "#6F8799", "#74805A", "#7B2D3B", "#7FA8CF", "#343A46")
BEARDS = ("none", "none", "none", "stubble", "full", "moustache")
BEARDS_UNDER_CAP = ("full", "full", "stubble", "none")
COAT, COAT_SHADE, COAT_EDGE = colour("#FFFFFF"), colour("#EEF3F5"), colour("#C9D6DB")
TUBE, STEEL, GOLD = colour("#33424A"), colour("#AEBDC3"), colour("#D9A441")
INK, LIPS = colour("#2B2024"), colour("#A8434C")

# How far the shoulders stand higher than they are drawn.
LIFT = 8

FACE = (
    "M256 112 C 312 112 336 152 335 204 C 334 236 329 262 315 282 C 300 304 276 315 256 315 "
    "C 236 315 212 304 197 282 C 183 262 178 236 177 204 C 176 152 200 112 256 112"
)
BEARD = (
    "M177 206 C 178 250 184 284 204 304 C 224 326 288 326 308 304 C 328 284 334 250 335 206 "
    "C 330 232 324 250 310 256 C 294 246 276 245 256 250 C 236 245 218 246 202 256 C 188 250 182 232 177 206"
)


@dataclass(frozen=True, slots=True)
class Look:
    """All that tells one portrait from another."""

    woman: bool
    background: Colour
    skin: Colour
    style: str
    hair: Colour
    stretch: tuple[float, float]
    beard: str
    glasses: str
    frame: Colour
    smile: str
    clothes: str
    cloth: Colour
    accent: Colour
    stethoscope: bool
    teep: bool


def choose_look(seed: int, gender: str) -> Look:
    """The look of this seed: the styles, backgrounds and skins take turns, the rest is by chance."""
    woman = {"female": True, "male": False}[gender]
    random = Random(f"{gender} {seed}")
    styles = list(WOMEN if woman else MEN)
    style = styles[(seed * 3 + seed // len(styles)) % len(styles)]
    grey = style in {"receding", "bald"} or random.random() < 0.2
    clothes = random.choice(("kameez", "kameez", "sari", "scrubs") if woman else ("tie", "tie", "shirt", "scrubs"))
    cloths = {"kameez": KAMEEZ, "sari": KAMEEZ, "scrubs": SCRUBS, "tie": SHIRTS, "shirt": SHIRTS}[clothes]
    beards = BEARDS_UNDER_CAP if style == "cap" else BEARDS
    return Look(
        woman=woman,
        background=colour(BACKGROUNDS[(seed * 3 + seed // 8) % len(BACKGROUNDS)]),
        skin=colour(SKINS[(seed * 5 + seed // 7) % len(SKINS)]),
        style=style,
        hair=colour(random.choice((GREYS[:2] if woman else GREYS) if grey else HAIRS)),
        stretch=(random.uniform(0.94, 1.0) if woman else random.uniform(0.97, 1.05), random.uniform(0.985, 1.015)),
        beard="none" if woman else random.choice(beards),
        glasses=random.choice(("none", "none", "none", "round", "square")),
        frame=colour(random.choice(FRAMES)),
        smile=random.choice(("closed", "closed", "open")),
        clothes=clothes,
        cloth=colour(random.choice(cloths)),
        accent=colour(random.choice(SCARVES if woman else TIES)),
        stethoscope=random.random() < 0.55 and not STYLES[style].covered,
        teep=woman and not STYLES[style].covered and random.random() < 0.3,
    )


def draw_avatar(seed: int, gender: str) -> Image.Image:
    """A portrait of a doctor, 512 by 512 pixels, always the same for the same arguments.

    `gender` is "female" or "male"; KeyError for anything else.
    """
    look = choose_look(seed, gender)
    style = STYLES[look.style]
    canvas = Canvas(look.background)
    canvas.dot(256, 262, 186, 186, lighter(look.background, 0.4))
    canvas.stretch = look.stretch
    style.behind(canvas, look.hair, look.accent)
    canvas.stretch, canvas.lift = (1.0, 1.0), LIFT
    draw_neck(canvas, look)
    draw_clothes(canvas, look)
    draw_coat(canvas, look)
    canvas.stretch, canvas.lift = look.stretch, 0
    if style.covered:
        style.front(canvas, look.hair, look.accent)
    draw_head(canvas, look)
    draw_features(canvas, look)
    style.over(canvas, look.hair, look.accent)
    draw_glasses(canvas, look)
    canvas.stretch, canvas.lift = (1.0, 1.0), LIFT
    if not style.covered:
        style.front(canvas, look.hair, look.accent)
    return canvas.picture()


def draw_neck(canvas: Canvas, look: Look) -> None:
    half = 33 if look.woman else 40
    left, right = 256 - half, 256 + half
    canvas.fill(
        f"M{left} 270 L{left} 336 C {left} 360 {left - 16} 366 {left - 40} 374 L256 470 L{right + 40} 374 "
        f"C {right + 16} 366 {right} 360 {right} 336 L{right} 270",
        look.skin,
    )
    canvas.fill(
        f"M{left} 290 L{left} 322 C {left + 14} 344 {right - 14} 344 {right} 322 L{right} 290", darker(look.skin, 0.16)
    )


def draw_clothes(canvas: Canvas, look: Look) -> None:
    """What is seen of shirt, scrubs or kameez where the coat is open."""
    shade = darker(look.cloth, 0.14)
    if look.clothes in {"tie", "shirt"}:
        canvas.fill("M210 346 L180 380 L150 540 L362 540 L332 380 L302 346 L256 404", look.cloth)
        if look.clothes == "tie":
            canvas.fill("M240 398 L272 398 L268 424 L284 540 L228 540 L244 424", look.accent)
            canvas.fill("M238 392 L274 392 L267 424 L245 424", darker(look.accent, 0.2))
        else:
            canvas.stroke("M256 408 L256 540", shade, 3)
            canvas.dot(256, 440, 3.5, 3.5, shade)
            canvas.dot(256, 480, 3.5, 3.5, shade)
        canvas.fill("M213 340 C 208 350 206 360 206 372 L232 418 L256 392", lighter(look.cloth, 0.3), both=True)
        canvas.stroke("M206 372 L232 418 L256 392", shade, 2.5, both=True)
    elif look.clothes == "scrubs":
        canvas.fill("M206 352 L160 400 L150 540 L362 540 L352 400 L306 352 L256 432", look.cloth)
        canvas.stroke("M207 354 L256 432 L305 354", shade, 7)
    else:
        canvas.fill(
            "M206 356 C 214 396 232 414 256 414 C 280 414 298 396 306 356 L362 400 L370 540 L142 540 L150 400",
            look.cloth,
        )
        canvas.stroke("M206 357 C 214 397 232 415 256 415 C 280 415 298 397 306 357", shade, 6)
        canvas.stroke("M256 417 L256 476", shade, 6)
        if look.clothes == "sari":
            canvas.fill("M206 352 L176 380 L150 540 L330 540 C 288 480 238 420 206 352", look.accent)
            canvas.stroke("M207 356 C 240 424 290 484 330 536", GOLD, 6)
            canvas.stroke("M192 376 C 214 430 250 490 282 540", darker(look.accent, 0.18), 3)


def draw_coat(canvas: Canvas, look: Look) -> None:
    wide = -8 if look.woman else 0
    canvas.fill(
        f"M{40 - wide} 540 C {44 - wide} 470 {56 - wide} 430 {92 - wide} 406 C {124 - wide} 386 170 380 204 352 "
        "C 204 400 220 450 246 540",
        COAT,
        both=True,
    )
    arm = 108 - wide
    canvas.fill(f"M{arm + 4} 540 C {arm + 6} 510 {arm + 6} 486 {arm} 462 L{arm + 2} 540", COAT_EDGE, both=True)
    canvas.fill(
        "M204 350 C 186 368 174 374 164 384 L182 430 L170 444 L244 540 L250 540 C 222 460 206 410 204 350",
        COAT_SHADE,
        both=True,
    )
    canvas.stroke("M164 384 L182 430 L170 444 L243 538", COAT_EDGE, 2.5, both=True)
    canvas.stroke("M204 352 C 206 410 222 464 248 540", COAT_EDGE, 2.5, both=True)
    canvas.stroke("M336 466 L336 486", look.accent, 5)
    canvas.fill("M316 484 L368 484 L366 540 L318 540", COAT_SHADE)
    canvas.stroke("M316 484 L368 484", COAT_EDGE, 3)
    if look.stethoscope:
        canvas.stroke("M196 362 C 176 404 178 450 206 470", TUBE, 7)
        canvas.stroke("M316 362 C 334 396 334 420 328 440", TUBE, 7)
        canvas.dot(328, 448, 15, 15, TUBE)
        canvas.dot(328, 448, 10, 10, STEEL)
        canvas.stroke("M206 470 C 196 478 194 488 196 500", STEEL, 5)
        canvas.stroke("M206 470 C 216 478 220 486 220 498", STEEL, 5)


def draw_head(canvas: Canvas, look: Look) -> None:
    shade = darker(look.skin, 0.14)
    if not STYLES[look.style].covered:
        canvas.dot(175, 222, 14, 23, look.skin, both=True)
        canvas.stroke("M171 212 C 178 214 180 224 175 232", shade, 3.5, both=True)
        if look.woman:
            canvas.dot(172, 249, 5, 5, GOLD, both=True)
    canvas.fill(FACE, look.skin)


def draw_features(canvas: Canvas, look: Look) -> None:
    shade, blush = darker(look.skin, 0.2), mix(look.skin, (214, 92, 84), 0.11)
    lips = mix(look.skin, LIPS, 0.75 if look.woman else 0.45)
    brow = mix(look.hair, INK, 0.5)
    canvas.dot(206, 250, 17, 12, blush, both=True)
    if look.beard == "full":
        canvas.fill(BEARD, look.hair)
    elif look.beard == "stubble":
        canvas.fill(BEARD, mix(look.skin, look.hair, 0.28))
    if look.beard in {"full", "moustache"}:
        canvas.fill("M256 248 C 242 240 222 248 214 266 C 228 262 244 262 256 262 L256 248", look.hair, both=True)
    if look.woman:
        canvas.stroke("M206 184 C 216 176 230 175 240 181", brow, 4.5, both=True)
        canvas.stroke("M208 206 C 214 196 232 195 240 206", INK, 4, both=True)
        canvas.stroke("M208 206 L202 202", INK, 3, both=True)
    else:
        canvas.stroke("M203 184 C 213 175 230 174 241 181", brow, 7, both=True)
        canvas.stroke("M210 204 C 216 197 231 197 238 204", darker(look.skin, 0.45), 3, both=True)
    canvas.dot(224, 209, 7.5, 8.5, INK, both=True)
    canvas.dot(227, 205.5, 2.4, 2.4, (255, 255, 255))
    canvas.dot(291, 205.5, 2.4, 2.4, (255, 255, 255))
    canvas.stroke("M257 212 C 262 224 268 234 264 240 C 260 244 252 244 248 241", shade, 4)
    if look.smile == "open":
        canvas.fill("M230 270 C 246 274 266 274 282 270 C 278 294 234 294 230 270", darker(lips, 0.3))
        canvas.fill("M235 272 C 248 275 264 275 277 272 C 274 282 238 282 235 272", (255, 255, 255))
    elif look.woman:
        canvas.fill("M232 270 C 242 268 250 267 256 270 C 262 267 270 268 280 270 C 272 290 240 290 232 270", lips)
        canvas.stroke("M230 269 C 244 279 268 279 282 269", darker(lips, 0.3), 2.5)
    else:
        canvas.stroke("M232 272 C 242 284 270 284 280 272", darker(lips, 0.25), 5)
    if look.teep:
        canvas.dot(256, 170, 5, 5, colour("#A3243B"))


def draw_glasses(canvas: Canvas, look: Look) -> None:
    if look.glasses == "none":
        return
    if look.glasses == "round":
        lens = "M250 210 C 250 226 240 236 224 236 C 208 236 197 226 197 210 C 197 194 208 184 224 184"
        lens += " C 240 184 250 194 250 210"
    else:
        lens = "M198 192 C 206 188 240 188 249 192 C 251 204 248 222 242 229 C 232 234 214 234 206 229"
        lens += " C 199 222 196 204 198 192"
    canvas.stroke(lens, look.frame, 4, both=True)
    canvas.stroke("M249 204 C 253 200 259 200 263 204", look.frame, 4)
    canvas.stroke("M198 203 L180 198", look.frame, 4, both=True)
