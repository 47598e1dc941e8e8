"""PDF files, set by typst from the project's own templates and fonts and from nothing else."""

import json
from typing import Any

import typst
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder

from config.readable import bangla_in, readable

TEMPLATES = settings.BASE_DIR / "templates" / "typst"
FONTS = settings.BASE_DIR / "static" / "fonts"


def pdf(template: str, facts: dict[str, Any]) -> bytes:
    """The template (its name in templates/typst without the ending), filled with `facts`, as PDF/UA for screen readers,
    who hear Bangla as it was written.

    `facts` arrive as data: markup, code and paths in them are set as the text that they are. Raises typst.TypstError
    for a template that is wrong.
    """
    made = typst.compile(
        TEMPLATES / f"{template}.typ",
        root=TEMPLATES,
        font_paths=[FONTS],
        ignore_system_fonts=True,
        sys_inputs={"facts": json.dumps(facts, cls=DjangoJSONEncoder, ensure_ascii=False)},
        pdf_standards=["ua-1"],
    )
    words = bangla_in(facts)
    return readable(made, words) if words else made
