"""Charts and diagrams inside Office files: the values they were drawn from."""

from __future__ import annotations

from ingest.parsers.ooxml import Element, attribute, child, descendants, local

_MOST = 5000  # points of a series


def chart_grid(root: Element | None) -> tuple[str, list[list[str]]]:
    """(title, categories x series with a header row) of a c:chartSpace, from its cached values."""
    chart = child(root, "chart") if root is not None else None
    title = " ".join(_texts(child(chart, "title")))
    series = list(descendants(chart, "ser"))
    if not series:
        return title, []
    names = [_name(each, i) for i, each in enumerate(series)]
    columns = [_points(child(each, "val"), child(each, "yVal")) for each in series]
    categories: dict[int, str] = {}
    for each in series:
        categories = _points(child(each, "cat"), child(each, "xVal")) | categories
    indexes = sorted({i for points in [categories, *columns] for i in points})
    rows = [[categories.get(i, str(i + 1)), *(points.get(i, "") for points in columns)] for i in indexes]
    return title, [[_axis(chart), *names], *rows]


def _axis(chart: Element | None) -> str:
    axis = next(descendants(chart, "catAx", "dateAx"), None)
    return " ".join(_texts(child(axis, "title"))) or "Category"


def _name(series: Element, index: int) -> str:
    texts = [v.text or "" for v in descendants(child(series, "tx"), "v")]
    return " ".join(texts).strip() or f"Series {index + 1}"


def _points(*sources: Element | None) -> dict[int, str]:
    """Index to shown text of a val, cat, xVal or yVal element; several category levels are joined."""
    source = next((s for s in sources if s is not None), None)
    found: dict[int, str] = {}
    for point in descendants(source, "pt"):
        at, text = attribute(point, "idx"), (getattr(child(point, "v"), "text", None) or "").strip()
        if at.isdigit() and int(at) < _MOST and text:
            found[int(at)] = f"{text} / {found[int(at)]}" if int(at) in found else _plain(text)
    return found


def _plain(text: str) -> str:
    """Binary fractions as people would write them: 0.30000000000000004 is 0.3."""
    try:
        number = float(text)
    except ValueError:
        return text
    return f"{number:.12g}" if "." in text and "e" not in text.lower() else text


def _texts(root: Element | None) -> list[str]:
    return [t.text for t in descendants(root, "t") if t.text]


def diagram_texts(root: Element | None) -> list[str]:
    """The points of a SmartArt data part."""
    points = descendants(root, "pt")
    return [text for text in (" ".join(_texts(p)).strip() for p in points if local(p) == "pt") if text]
