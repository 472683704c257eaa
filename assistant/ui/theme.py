"""Gradio's theme points at our own tokens (static/tokens.css), the same in light and dark."""

from __future__ import annotations

import gradio as gr

SANS = [
    "Inter", "ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "PingFang SC",
    "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif",
]  # fmt: skip
MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"]
COLOURS = {
    "body_background_fill": "bg",
    "body_text_color": "text",
    "body_text_color_subdued": "text-2",
    "background_fill_primary": "surface",
    "background_fill_secondary": "sunken",
    "border_color_primary": "border",
    "border_color_accent": "accent",
    "color_accent_soft": "accent-soft",
    "link_text_color": "accent",
    "button_primary_background_fill": "accent",
    "button_primary_text_color": "on-accent",
    "button_secondary_background_fill": "surface",
    "button_secondary_text_color": "text",
}
FLAT = {
    "block_border_width": "0px",
    "block_shadow": "none",
    "block_background_fill": "transparent",
}


def build_theme() -> gr.themes.Base:
    """Plain font names only: they are used where installed, and nothing is fetched."""
    values = {name: f"var(--{token})" for name, token in COLOURS.items()} | FLAT
    theme = gr.themes.Base(font=SANS, font_mono=MONO, radius_size="md", text_size="md")
    return theme.set(
        **values, **{f"{name}_dark": value for name, value in values.items()}, block_padding="0px", layout_gap="0px"
    )
