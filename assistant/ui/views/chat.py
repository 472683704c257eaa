"""The chat: top bar on small screens, transcript, composer, evidence. Content: static/chat.js, evidence.js."""

from __future__ import annotations

import gradio as gr

from assistant.ui.views.root import root


def draw_top() -> None:
    with gr.Column(elem_id="ts-topw", scale=0, min_width=0):
        root("top-root")


def draw() -> None:
    with gr.Row(elem_id="view-chat", elem_classes="ts-view"):
        with gr.Column(elem_id="ts-chatcol", min_width=0):
            root("chat-root")
            root("composer-root")
        with gr.Column(elem_id="ts-ev", scale=0, min_width=0):
            root("ev-root")
