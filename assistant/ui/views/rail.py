"""The rail: views, corpora, conversations, model state, language, theme. Content: templates/rail.html."""

from __future__ import annotations

import gradio as gr

from assistant.ui.views.root import root


def draw() -> None:
    with gr.Column(elem_id="ts-rail", scale=0, min_width=0):
        root("rail-root")
