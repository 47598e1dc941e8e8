"""PDF files are made from the project's own templates and fonts, and from nothing else."""

from pathlib import Path

import pytest
import typst

from config import pdf


@pytest.mark.parametrize(
    "code",
    [
        '#read("/etc/passwd")',
        '#read("../../../../../../etc/passwd")',
        '#include "/etc/passwd"',
        '#image("https://example.com/x.png")',
        '#image("file:///etc/passwd")',
    ],
)
def test_not_even_a_template_reads_what_is_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    (tmp_path / "evil.typ").write_text(f'#set document(title: "x")\n{code}')
    monkeypatch.setattr(pdf, "TEMPLATES", tmp_path)
    with pytest.raises(typst.TypstError):
        pdf.pdf("evil", {})
