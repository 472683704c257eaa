"""Text that others wrote, as safe HTML: Markdown without links, pictures or raw HTML; citation marks become chips."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from html import escape

import nh3
from markdown_it import MarkdownIt

TAGS = {
    "p", "br", "strong", "em", "s", "code", "pre", "ul", "ol", "li", "blockquote", "hr",
    "h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
MARK = re.compile(r"\[(\d{1,3})\]")
UNBORNE = re.compile(r"\[\?\]")


@cache
def markdown(styled: bool) -> MarkdownIt:
    """`styled`: a model's Markdown. Otherwise only the embedded brain's own marks: bold, lists, tables."""
    off = ["link", "image", "autolink", "reference", "html_block", "html_inline", "lheading", "code", "entity"]
    plain = ["strikethrough", "backticks", "fence", "heading", "blockquote", "hr"]
    rules = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
    return rules.disable(off + ([] if styled else plain), ignoreInvalid=True)


def answer_html(text: str, chips: Mapping[int, str] | None = None, *, styled: bool = False, unborne: str = "") -> str:
    """An answer's text as HTML; `[n]` becomes `chips[n]` where there is one, `[?]` becomes `unborne` where it is given.

    >>> answer_html("See <b>[1]</b> ![x](http://e/x.png)", {1: "<a>1</a>"})
    '<p>See &lt;b&gt;<a>1</a>&lt;/b&gt; ![x](http://e/x.png)</p>'
    """
    html = nh3.clean(markdown(styled).render(text), tags=TAGS, attributes={}, link_rel=None).strip()
    if unborne:
        html = UNBORNE.sub(lambda found: unborne, html)
    if not chips:
        return html
    return MARK.sub(lambda found: chips.get(int(found[1]), found[0]), html)


def plain_html(text: str) -> str:
    """A question as typed: escaped, its lines kept by style."""
    return escape(text)
