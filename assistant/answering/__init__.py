"""Framing, citing and recording answers; no model and no search here."""
