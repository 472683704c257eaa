"""The sample corpus: the project's own guide in both languages, and a small workbook about a made-up ferry line."""

from __future__ import annotations

from pathlib import Path

from assistant.seams import Library

CORPUS = "thickshell guide"
HERE = Path(__file__).parent


def files() -> list[tuple[Path, str]]:
    """(file, name shown) of every sample document; a page of the guide is named by its first heading."""
    installed, checkout = HERE / "guide", HERE.parents[1] / "docs" / "guide"
    guide = installed if installed.is_dir() else checkout
    pages = [(page, f"{_heading(page)}.md") for page in sorted(guide.glob("*/*.md"))]
    return pages + [(book, book.name) for book in sorted(HERE.glob("*.xlsx"))]


def add(library: Library) -> None:
    """Creates the sample corpus and queues its documents."""
    library.create(CORPUS)
    for file, name in files():
        library.submit(CORPUS, file, name)


def _heading(page: Path) -> str:
    first = page.read_text("utf-8").splitlines()[0]
    return first.lstrip("# ").strip()
