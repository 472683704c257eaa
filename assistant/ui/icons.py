# ruff: noqa: E501  # a path is one line
"""Line icons, drawn for this page: one path each on a 24 x 24 grid."""

from __future__ import annotations

from markupsafe import Markup

PATHS = {
    "chat": "M4 5h16v11H9l-5 4z",
    "corpora": "M4 6c0-1.7 16-1.7 16 0v12c0 1.7-16 1.7-16 0zM4 6c0 1.7 16 1.7 16 0M4 12c0 1.7 16 1.7 16 0",
    "settings": "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5",
    "help": "M12 3a9 9 0 100 18 9 9 0 000-18zM9.5 9.5a2.5 2.5 0 114 2c-1 .7-1.5 1.2-1.5 2.3M12 17v.2",
    "plus": "M12 5v14M5 12h14",
    "search": "M11 4a7 7 0 100 14 7 7 0 000-14zM16 16l4 4",
    "pen": "M4 20l1-4L16 5l3 3L8 19z",
    "bin": "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
    "x": "M6 6l12 12M18 6L6 18",
    "menu": "M4 7h16M4 12h16M4 17h16",
    "panel": "M4 5h16v14H4zM14 5v14",
    "up": "M12 19V6M6 11l6-6 6 6",
    "upload": "M12 16V5M7 9l5-5 5 5M5 20h14",
    "down": "M12 4v11M7 11l5 5 5-5M5 20h14",
    "stop": "M7 7h10v10H7z",
    "clip": "M20 11l-8 8a5 5 0 01-7-7l9-9a3.5 3.5 0 015 5l-9 9a2 2 0 01-3-3l8-8",
    "copy": "M9 9h11v11H9zM5 15H4V4h11v1",
    "again": "M20 11a8 8 0 10-2.3 6M20 5v6h-6",
    "good": "M7 11v9H4v-9zM7 11l4-8c1.7 0 2.5 1.2 2.2 2.6L12.5 9H19c1.2 0 2 1 1.7 2.2l-1.5 7A2.2 2.2 0 0117 20H7",
    "bad": "M17 13V4h3v9zM17 13l-4 8c-1.7 0-2.5-1.2-2.2-2.6L11.5 15H5c-1.2 0-2-1-1.7-2.2l1.5-7A2.2 2.2 0 017 4h10",
    "left": "M14 6l-6 6 6 6",
    "right": "M10 6l6 6-6 6",
    "more": "M6 12h.01M12 12h.01M18 12h.01",
    "doc": "M6 3h8l4 4v14H6zM14 3v4h4",
    "lock": "M6 11h12v9H6zM9 11V8a3 3 0 016 0v3",
    "sun": "M12 8a4 4 0 100 8 4 4 0 000-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5L19 19M19 5l-1.5 1.5M6.5 17.5L5 19",
    "moon": "M20 14.5A8.5 8.5 0 019.5 4 8.5 8.5 0 1020 14.5z",
    "screen": "M3 5h18v12H3zM9 21h6M12 17v4",
    "spark": "M12 4l1.8 5.2L19 11l-5.2 1.8L12 18l-1.8-5.2L5 11l5.2-1.8z",
    "role": "M12 4a4 4 0 100 8 4 4 0 000-8zM4 21c0-8 16-8 16 0",
    "prompts": "M5 4h14v16H5zM8 8h8M8 12h8M8 16h5",
    "compare": "M4 5h7v14H4zM13 5h7v14h-7z",
    "tick": "M5 12.5l4.5 4.5L19 7.5",
}  # fmt: skip


def icon(name: str) -> Markup:
    return Markup('<svg class="i" viewBox="0 0 24 24" aria-hidden="true"><path d="{}"/></svg>').format(PATHS[name])
