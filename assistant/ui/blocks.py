"""The frame of the page: one column per part, each drawn by its own view file."""

from __future__ import annotations

import gradio as gr

from assistant.ui.views import chat, corpora, prompts, rail, settings


def build_blocks() -> gr.Blocks:
    """All views are mounted at once; `body[data-view]` says which one shows."""
    blocks = gr.Blocks(title="thickshell", analytics_enabled=False, fill_width=True, fill_height=True)
    with blocks, gr.Row(elem_id="ts-shell"):
        rail.draw()
        with gr.Column(elem_id="ts-main", min_width=0):
            chat.draw_top()
            chat.draw()
            corpora.draw()
            prompts.draw()
            settings.draw()
    return blocks
