"""Corpora and their documents. Content: templates/corpora.html, document.html, static/corpora.js."""

from __future__ import annotations

import gradio as gr

from assistant.ui.views.root import root


def draw() -> None:
    with gr.Column(elem_id="view-corpora", elem_classes="ts-view"):
        root("corpora-root")
