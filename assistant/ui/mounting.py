"""Gradio's Blocks mounted at "/" of the application, closed down to what the page needs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI

    from assistant.settings import Settings


def mount(app: FastAPI, settings: Settings) -> FastAPI:
    """`app` with the page at "/". Before Gradio is imported its telemetry is switched off."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import gradio as gr

    from assistant.ui.blocks import build_blocks
    from assistant.ui.page import Page
    from assistant.ui.theme import build_theme

    blocks = build_blocks()
    blocks.queue(default_concurrency_limit=8, max_size=64, api_open=False)
    app.add_middleware(Page)
    mounted: FastAPI = gr.mount_gradio_app(
        app,
        blocks,
        path="/",
        theme=build_theme(),
        ssr_mode=False,
        footer_links=[],
        pwa=False,
        mcp_server=False,
        enable_monitoring=False,
        run_history=False,
        allowed_paths=[],
        show_error=False,
    )
    return mounted
