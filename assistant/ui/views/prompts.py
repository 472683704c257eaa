"""The prompt library. Content: templates/prompts.html, static/prompts.js."""

from __future__ import annotations

import gradio as gr

from assistant.ui.views.root import root


def draw() -> None:
    with gr.Column(elem_id="view-prompts", elem_classes="ts-view"):
        root("prompts-root")
