"""The page: Gradio Blocks as the frame, own fragments inside it, all from this server."""

from assistant.ui.mounting import mount

__all__ = ["mount"]
