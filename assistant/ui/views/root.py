"""An empty root that Gradio draws once and never again; the script lifts it out and fills it."""

from __future__ import annotations

import gradio as gr


def root(name: str, inside: str = "") -> gr.Markdown:
    return gr.Markdown(f'<div class="ts-root" id="{name}">{inside}</div>', sanitize_html=False, container=False)
