"""The drawings in the docs are those of the tables that the code obeys."""

from pathlib import Path

import pytest
from django.core.management import call_command

from config.management.commands.state_diagrams import MACHINES

DOCS = Path(__file__).resolve().parents[2] / "docs/architecture.md"


@pytest.mark.parametrize("name", MACHINES)
def test_docs_show_the_table(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("state_diagrams", name)
    printed = capsys.readouterr().out
    docs, begin, end = DOCS.read_text(), f"<!-- states:{name} -->\n", "<!-- /states -->"
    assert docs.count(begin) == 1, "`manage.py state_diagrams` prints what belongs there"
    assert docs.partition(begin)[2].partition(end)[0] == printed
