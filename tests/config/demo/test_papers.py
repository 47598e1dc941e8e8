"""What the demo says of the papers that it draws is what the portal finds in them."""

from dataclasses import replace
from random import Random

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from config.demo.applications import draw_certificate
from config.demo.papers import draw_report, draw_xray
from config.demo.records import BLOOD
from config.files import CheckedFile, checked_upload


def report() -> CheckedFile:
    return draw_report("Shapla Diagnostic Centre", "Blood count", "Karim Mia", "3 May 2026", BLOOD, "PDF")


@pytest.mark.parametrize(
    "drawn",
    [
        report,
        lambda: draw_xray(Random(1), "Karim Mia", chest=True),
        lambda: draw_certificate("Rokeya Begum", "A-81000", "PNG"),
    ],
    ids=["PDF", "JPEG", "PNG"],
)
def test_paper_would_be_kept_as_it_is_said_to_be(drawn) -> None:
    paper = drawn()
    content = paper.content.read()
    found = checked_upload(SimpleUploadedFile("paper", content))
    with found.content:
        # A picture is drawn anew, so its bytes are others; a page of a PDF is shown in whole pixels.
        facts = {"content": paper.content, "size": len(content), "sha256": paper.sha256, "width": paper.width}
        assert replace(found, **facts) == paper
        assert abs(found.width - paper.width) <= 1
