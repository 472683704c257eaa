"""Settings as they are, and where the data lies. Content: templates/settings.html."""

from __future__ import annotations

import gradio as gr

from assistant.ui.views.root import root


def draw() -> None:
    with gr.Column(elem_id="view-settings", elem_classes="ts-view"):
        root("settings-root")
