"""Takes from a page what is no part of its text: scripts, navigation, hidden parts, furniture of wikis."""

from __future__ import annotations

import re
from collections.abc import Callable

from ingest.parsers.ooxml import Element

_NEVER = {
    "script", "style", "noscript", "template", "svg", "canvas", "iframe", "object", "embed", "audio", "video",
    "head", "link", "meta", "nav", "math-hidden", "dialog", "frameset", "applet", "base",
}  # fmt: skip
_ROLES = {
    "navigation",
    "banner",
    "contentinfo",
    "search",
    "menu",
    "menubar",
    "dialog",
    "alertdialog",
    "toolbar",
    "tablist",
}
_FURNITURE = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navbox\w*|navigation|breadcrumbs?|cookie\w*|skip-link|site-?header|site-?footer|page-?footer|social|share"
    r"|mw-editsection|mw-cite-backlink|mw-jump-link|noprint|catlinks|printfooter|vector-\w*menu\w*|mw-portlet|toc-?toggle|interlanguage\w*|sidebar-toc"
    r"|vector-toc|vector-header\w*|vector-page-toolbar|mw-hidden-catlinks)(?:$|[\s_-])",
    re.I,
)
_HIDDEN = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.I)
_MAIN_SHARE = 0.3  # of the page's text, for <main> to be the page


def clean(root: Element, warn: Callable[[str], None]) -> Element:
    """The part of a tree to read; the tree is changed."""
    hidden = False
    for element in list(root.iter()):
        if not isinstance(element.tag, str) or element.tag in _NEVER:
            _drop(element)
        elif _is_hidden(element):
            hidden = hidden or len("".join(element.itertext()).strip()) > 0
            _drop(element)
        elif _is_furniture(element):
            _drop(element)
    if hidden:
        warn("Hidden text of the page was left out.")
    return _main(root)


def _is_hidden(element: Element) -> bool:
    return element.get("hidden") is not None or bool(_HIDDEN.search(element.get("style") or ""))


def _is_furniture(element: Element) -> bool:
    if element.tag in ("html", "body", "main", "article", "table"):
        # Tables are furniture only where wikis say so.
        return element.tag == "table" and "navbox" in (element.get("class") or "")
    if (element.get("role") or "").lower() in _ROLES:
        return True
    if element.tag == "sup" and "reference" in (element.get("class") or "").split():
        return True  # [1]
    if element.tag in ("header", "footer"):
        parent = element.getparent()
        outer = parent is not None and parent.tag == "body"
        return outer and next(element.iter("h1"), None) is None
    names = f"{element.get('class') or ''} {element.get('id') or ''}"
    return (
        bool(names.strip())
        and element.tag in ("div", "ul", "span", "aside", "section", "p", "a")
        and bool(_FURNITURE.search(names))
    )


def _drop(element: Element) -> None:
    """Removes an element but keeps the text after it."""
    parent = element.getparent()
    if parent is None:
        return
    before = element.getprevious()
    if element.tail:
        if before is not None:
            before.tail = (before.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
    parent.remove(element)


def _main(root: Element) -> Element:
    """<main>, or a single <article>, where it holds a good share of the text; else everything."""
    whole = len("".join(root.itertext()))
    candidates = [e for e in root.iter() if e.tag == "main" or e.get("role") == "main"]
    articles = list(root.iter("article"))
    for element in candidates[:1] + (articles if len(articles) == 1 else []):
        if len("".join(element.itertext())) >= _MAIN_SHARE * whole:
            return element
    return root
