"""The assistant inside other frameworks. Each file imports its framework; nothing here imports these files."""
